"""RTF bytes in, headings, paragraphs, lists, tables and footnotes out; and the HTML that Outlook wraps in RTF.

Unpacks Outlook's compressed RTF, too. How the text is read, ``rtf_walk`` knows.
"""

from collections.abc import Iterator
from dataclasses import replace

from scoville.errors import ReadFailure
from scoville.read.assemble import FURNITURE, ParsedFile, Piece
from scoville.read.legacy.rtf_walk import SKIPPED, SYMBOLS, RtfWalk, known_codepage, tokens, unicode_character

_UNREAD = SKIPPED | {"stylesheet", "info", "fldinst", "annotation"}


def read_rtf(data: bytes, max_characters: int) -> ParsedFile:
    """Read an RTF file; an element's anchor is its number. Raises ReadFailure for one that is too long or too deep."""
    walk = RtfWalk(max_characters)
    seen: set[tuple[str, str]] = set()  # each section has headers and footers of its own, mostly the same
    pieces: list[Piece] = []
    for piece in walk.read(data):
        if piece.kind not in FURNITURE or (piece.kind, piece.text) not in seen:
            pieces.append(replace(piece, anchor=f"paragraph {len(pieces) + 1}"))
        seen.add((piece.kind, piece.text))
    title = walk.info.pop("title", "")
    metadata = {key: value for key, value in walk.info.items() if value}
    return ParsedFile(media_type="application/rtf", pieces=pieces, title=title or None, metadata=metadata)


def html_in_rtf(data: bytes) -> str:
    """Give the HTML that an RTF text wraps; the text itself where it wraps none."""
    if b"\\fromhtml" not in data[:1000]:
        return "".join(f"<p>{_escaped(piece.text)}</p>" for piece in RtfWalk().read(data))
    return "".join(_html_parts(data))


def _html_parts(data: bytes) -> Iterator[str]:
    groups: list[tuple[bool, bool]] = []
    skipped = hidden = False
    codepage = "cp1252"
    skip = 0
    for word, number, hexadecimal, symbol, brace, plain in tokens(data):
        if brace == b"{":
            groups.append((skipped, hidden))
        elif brace == b"}":
            skipped, hidden = groups.pop() if groups else (False, False)
        elif word == b"htmlrtf":
            hidden = number != b"0"
        elif word == b"htmltag":
            skipped = False
        elif symbol == b"*" or (word and word.decode() in _UNREAD):
            skipped = True
        elif word == b"ansicpg" and number:
            codepage = known_codepage(f"cp{int(number)}")
        elif not skipped and not hidden:
            if word == b"u" and number:
                yield unicode_character(int(number))
                skip = 1
            elif word:
                yield SYMBOLS.get(word.decode(), "")
            elif raw := bytes.fromhex(hexadecimal.decode()) if hexadecimal else plain or symbol:
                text, skip = raw[skip:], max(skip - len(raw), 0)
                yield text.decode(codepage, "replace") if raw != b"~" else " "


def unpacked_rtf(data: bytes) -> bytes:
    """Unpack Outlook's compressed RTF ([MS-OXRTFCP]). Raises ReadFailure for what is none."""
    from compressed_rtf import decompress

    try:
        return decompress(data)
    except Exception as error:  # of no kind of its own
        raise ReadFailure(f"is a damaged MSG file: its text does not unpack: {error}") from None


def _escaped(text: str) -> str:
    from html import escape

    return escape(text, quote=False).replace("\n", "<br>")
