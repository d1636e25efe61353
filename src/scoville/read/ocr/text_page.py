"""Lines of recognised words in, a PDF page out that holds just them, so that one layout reader serves scans too.

The font is not embedded: its characters have the usual widths, together stretched to the word's box (the text of such
a page can be extracted, as that of any searchable scan). Sizes and base lines are estimated from the words' boxes,
since headings are told by their size. Does not know where the words come from; boxes are points.
"""

from collections.abc import Sequence
from statistics import median

from scoville.read.ocr.seen import SeenLine, SeenWord, is_tower
from scoville.read.pdf.lines import Rectangle

ASCENDER, DESCENDER, X_HEIGHT = 0.22, 0.21, 0.5
"""Of the font's size: what letters with these parts add to the height of an ``x``. Typical of text fonts."""
_TALL = frozenset("bdfhklt/|()[]{}!?&%$#@\"'")
_DEEP = frozenset("gpqyj()[]{}|/;@Q")
_SAME_SIZE = 1.12
"""Lines whose sizes differ by less are printed in one size."""
_LEAST_SIZE = 2.0
_COLUMN_GAP = 1.0
"""Of the font's size: words further apart may stand in different columns."""
_WIDTHS = {
    **dict.fromkeys("'|ijlI!.,:;`", 0.26), **dict.fromkeys("()[]{}-\"tr*1J ", 0.42), **dict.fromkeys("f/\\z?", 0.48),
    **dict.fromkeys("KUXRCHDGNABPV&", 0.64), **dict.fromkeys("OQ@", 0.73), **dict.fromkeys("mw%", 0.86),
    **dict.fromkeys("MW", 0.95),
}  # fmt: skip
"""Of the font's size: how far the letters of PDFium's substitute reach. It takes them for a word's extent, so that with
narrower ones an "f" ended where the next word began."""
_WIDTH = 0.58
_IDEOGRAPHS = "\u2e80"
_UNICODE_MAP = (
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Text def /CMapType 2 def "
    b"1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0000> <FFFF> <0000> endbfrange "
    b"endcmap end end"
)


def text_page(lines: Sequence[SeenLine], width: float, height: float, rules: Sequence[Rectangle] = ()) -> bytes:
    """Write the page, with the straight ``rules`` that are known to be on it."""
    content = "\n".join([*_drawn(rules, height), "BT", *_shown(lines, height), "ET"]).encode()
    return _pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.2f %.2f]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
        % (width, height),
        b"<</Length %d>>stream\n" % len(content) + content + b"\nendstream",
        b"<</Type/Font/Subtype/Type0/BaseFont/Text/Encoding/Identity-H/DescendantFonts[6 0 R]/ToUnicode 7 0 R>>",
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/Text/DW %d/W[%s]/FontDescriptor 8 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>" % (1000 * _WIDTH, _width_table(lines)),
        b"<</Length %d>>stream\n" % len(_UNICODE_MAP) + _UNICODE_MAP + b"\nendstream",
        b"<</Type/FontDescriptor/FontName/Text/Flags 32/FontBBox[0 -210 1000 720]/Ascent 720/Descent -210"
        b"/CapHeight 720/ItalicAngle 0/StemV 80>>",
    )


def _width_table(lines: Sequence[SeenLine]) -> bytes:
    used = {character for line in lines for word in line for character in word.text if ord(character) <= 0xFFFF}
    return b" ".join(b"%d[%d]" % (ord(character), 1000 * _width(character)) for character in sorted(used | {" "}))


def _width(character: str) -> float:
    return 1.0 if character >= _IDEOGRAPHS else _WIDTHS.get(character, _WIDTH)


def _drawn(rules: Sequence[Rectangle], height: float) -> list[str]:
    """Draw each line along its middle, as thin as programs do."""
    operators = ["0.5 w"]
    for x0, y0, x1, y1 in rules:
        if x1 - x0 > y1 - y0:
            y0 = y1 = (y0 + y1) / 2
        else:
            x0 = x1 = (x0 + x1) / 2
        operators.append(f"{x0:.2f} {height - y0:.2f} m {x1:.2f} {height - y1:.2f} l S")
    return operators


def _shown(lines: Sequence[SeenLine], height: float) -> list[str]:
    operators: list[str] = []
    for line, size in zip(lines, _sizes(lines), strict=True):
        base = height - median(word.box.y1 - DESCENDER * size * is_deep(word.text) for word in line)
        for word, after in zip(line, [*line[1:], None], strict=True):
            x0, y0, x1, y1 = word.box
            if is_tower(word):  # print in the margin that runs up the page
                operators.append(_show(word.text, size, y1 - y0, f"0 1 -1 0 {x1:.2f} {height - y1:.2f}"))
                continue
            operators.append(_show(word.text, size, x1 - x0, f"1 0 0 1 {x0:.2f} {base:.2f}"))
            gap = after.box.x0 - x1 if after else 0
            if 0 < gap < _COLUMN_GAP * size:  # else narrow gaps would be taken for spaced letters
                operators.append(_show(" ", size, gap, f"1 0 0 1 {x1:.2f} {base:.2f}"))
    return operators


def _show(text: str, size: float, length: float, place: str) -> str:
    natural = size * sum(map(_width, text))
    return f"/F {size:.2f} Tf {100 * length / natural:.2f} Tz {place} Tm <{text.encode('utf-16-be').hex()}> Tj"


def _sizes(lines: Sequence[SeenLine]) -> list[float]:
    """Estimate each line's font size, alike for lines that are nearly alike."""
    raw = [median(_size(word) for word in line for _ in word.text) for line in lines]
    groups: list[list[float]] = []
    for size in sorted(raw):
        if groups and size < _SAME_SIZE * groups[-1][len(groups[-1]) // 2]:
            groups[-1].append(size)
        else:
            groups.append([size])
    alike = {size: round(2 * median(group)) / 2 for group in groups for size in group}
    return [max(alike[size], _LEAST_SIZE) for size in raw]


def _size(word: SeenWord) -> float:
    x0, y0, x1, y1 = word.box
    parts = X_HEIGHT + ASCENDER * is_tall(word.text) + DESCENDER * is_deep(word.text)
    return (x1 - x0 if is_tower(word) else y1 - y0) / parts


def is_tall(text: str) -> bool:
    """Say whether a letter of a text is higher than an ``x``."""
    return any(c in _TALL or c.isupper() or c.isdigit() for c in text)


def is_deep(text: str) -> bool:
    """Say whether a letter of a text reaches below the line."""
    return not _DEEP.isdisjoint(text)


def _pdf(*objects: bytes) -> bytes:
    body = b"%PDF-1.7\n"
    places: list[int] = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + tail
