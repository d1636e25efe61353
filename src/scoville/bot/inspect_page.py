"""What a file was read as and split into, as one HTML page that needs nothing else.

Enters: documents with their elements and passages. Leaves: HTML. Documents are untrusted: all of their text is escaped,
the page may load nothing, and its policy lets only the script below run.
"""

import base64
import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scoville.errors import ReadFailure

if TYPE_CHECKING:
    from scoville.read.picture import PagePicture
    from scoville.types import Box, Document, Element, Passage, Region

MOST_PAGES = 40
"""A page takes 0.1 to 0.3 MB of HTML."""
COLOURS = {
    "title": "#7b1fa2", "heading": "#c2185b", "paragraph": "#1976d2", "list_item": "#00838f", "table": "#2e7d32",
    "code": "#5d4037", "figure": "#f57c00", "caption": "#ef6c00", "footnote": "#616161", "form_field": "#ad1457",
    "callout": "#0097a7", "chart": "#9e9e9e", "header": "#9e9e9e", "footer": "#9e9e9e",
}  # fmt: skip
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; color: #222; }
nav { position: sticky; top: 0; background: #fff; padding: .5rem 0; border-bottom: 1px solid #ccc; z-index: 2; }
.page { position: relative; margin: 1rem 0; border: 1px solid #ccc; }
.page img { display: block; width: 100%; }
.box { position: absolute; box-sizing: border-box; border: 1px solid currentColor; }
.box::before { content: ""; position: absolute; inset: 0; background: currentColor; opacity: .12; }
.cut { position: absolute; box-sizing: border-box; border: 2px dashed #111; pointer-events: none; }
.cut b { position: absolute; top: 0; right: 100%; background: #111; color: #fff; font: 11px sans-serif; }
.passage { border-left: 3px solid #111; padding-left: .8rem; margin: 1rem 0; }
.prefix { color: #777; white-space: pre-wrap; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
.kind { border-bottom: 2px solid currentColor; }
.kind i { color: #222; font-style: normal; }
.warning { color: #b00; }
body.no-elements .box, body.no-passages .cut { display: none; }
"""
SCRIPT = """
for (const box of document.querySelectorAll("nav input")) {
  box.addEventListener("change", () => document.body.classList.toggle("no-" + box.name, !box.checked));
}
"""


class Inspected(NamedTuple):
    """A document and its passages."""

    document: "Document"
    elements: "Sequence[Element]"
    passages: "Sequence[Passage]"


def html_page(file: Path, shown: Sequence[Inspected], page: int | None) -> str:
    """Draw documents; the pages of ``file`` are the background where they can be drawn."""
    allowed = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'"
    legend = " ".join(f'<span class="kind" style="color:{colour}">{kind}</span>' for kind, colour in COLOURS.items())
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        f"<title>{_safe(file.name)}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
        '<nav><label><input type="checkbox" name="elements" checked> elements</label>',
        f'<label><input type="checkbox" name="passages" checked> passages</label> {legend}</nav>',
    ]
    for number, one in enumerate(shown):
        parts += _document(one, file if number == 0 else None, page)
    return "\n".join([*parts, f"<script>{SCRIPT}</script>\n</body>\n</html>\n"])


def _document(one: Inspected, file: Path | None, page: int | None) -> Iterator[str]:
    """Write a document; ``file`` is None for one that lies inside another file, whose pages are not drawn."""
    from scoville.read.picture import DRAWN

    document = one.document
    yield f"<h1>{_safe(document.source)}</h1>\n<p>{_safe(document.title)} ({_safe(document.media_type)})</p>"
    facts = "".join(f"<li>{_safe(key)}: {_safe(str(value))}</li>" for key, value in document.metadata.items())
    yield f"<ul>{facts}</ul>"
    yield from (f'<p class="warning">{_safe(warning)}</p>' for warning in document.warnings)
    if file and document.media_type.startswith(DRAWN):
        numbers = [page] if page else range(1, document.pages + 1)
        for number in numbers[:MOST_PAGES]:
            yield from _page(one, file, number)
        if len(numbers) > MOST_PAGES:
            yield f'<p class="warning">Only the first {MOST_PAGES} pages are drawn; choose one with --page.</p>'
    ends = [element.end for element in document.elements]
    for passage in one.passages:
        yield _passage(document, passage, ends)


def _page(one: Inspected, file: Path, number: int) -> Iterator[str]:
    from scoville.read.picture import render_page

    try:
        picture = render_page(file, one.document.media_type, number)
    except ReadFailure as failure:
        yield f'<p class="warning">page {number} {_safe(str(failure))}</p>'
        return
    data = base64.b64encode(picture.png).decode()
    yield f'<h2>Page {number}</h2>\n<div class="page"><img alt="page {number}" src="data:image/png;base64,{data}">'
    for element in one.elements:
        head = " ".join(one.document.text[element.start : element.end].split())[:200]
        colour = COLOURS.get(element.kind, "#000")
        for region in element.regions:
            if region.box.page == number:
                title = _safe(f"{element.kind}: {head}")
                yield f'<div class="box" style="color:{colour};{_place(region.box, picture)}" title="{title}"></div>'
    for passage in one.passages:
        box = around(passage.regions, number)
        if box:
            yield f'<div class="cut" style="{_place(box, picture)}"><b>{passage.number}</b></div>'
    yield "</div>"


def around(regions: "Sequence[Region]", page: int) -> "Box | None":
    """Give the box around what stands on a page."""
    boxes = [region.box for region in regions if region.box.page == page]
    if not boxes:
        return None
    return boxes[0]._replace(
        x0=min(box.x0 for box in boxes), y0=min(box.y0 for box in boxes),
        x1=max(box.x1 for box in boxes), y1=max(box.y1 for box in boxes),
    )  # fmt: skip


def _place(box: "Box", picture: "PagePicture") -> str:
    left, top = 100 * box.x0 / picture.width, 100 * box.y0 / picture.height
    width, height = 100 * (box.x1 - box.x0) / picture.width, 100 * (box.y1 - box.y0) / picture.height
    return f"left:{left:.2f}%;top:{top:.2f}%;width:{width:.2f}%;height:{height:.2f}%"


def _passage(document: "Document", passage: "Passage", ends: Sequence[int]) -> str:
    """Write a passage's text in the colours of its elements, whose ends are ``ends``."""
    place = f", page {passage.page}" if passage.page else ""
    section = f", section {_safe(passage.section[:8])}" if passage.section else ""
    text: list[str] = []
    end = passage.start
    for element in document.elements[bisect_right(ends, passage.start) : bisect_left(ends, passage.end) + 1]:
        start, stop = max(element.start, passage.start), min(element.end, passage.end)
        if start < stop:
            colour = COLOURS.get(element.kind, "#000")
            inner = _safe(document.text[start:stop])
            text.append(_safe(document.text[end:start]))
            text.append(f'<span class="kind" style="color:{colour}" title="{element.kind}"><i>{inner}</i></span>')
            end = stop
    summary = f'<div class="prefix">summary: {_safe(passage.summary)}</div>\n' if passage.summary else ""
    return (
        f'<div class="passage"><b>[{passage.number}]</b> {passage.tokens} tokens{place}{section}\n'
        f'<div class="prefix">{_safe(passage.prefix)}</div>\n<div class="text">{"".join(text)}</div>\n{summary}</div>'
    )


def _safe(text: str) -> str:
    """Escape a text of a document; control characters, which HTML forbids, become spaces."""
    return escape("".join(sign if sign.isprintable() or sign in "\n\t" else " " for sign in text))
