"""RTF bytes in, headings, paragraphs, lists, tables and footnotes out; and the HTML that Outlook wraps in RTF.

Unpacks Outlook's compressed RTF, too. How the text is read, ``rtf_walk`` knows.
"""

import struct
from collections.abc import Iterator
from dataclasses import replace

from scoville.errors import ReadFailure
from scoville.read.assemble import FURNITURE, ParsedFile, Piece
from scoville.read.legacy.rtf_walk import SKIPPED, SYMBOLS, RtfWalk, known_codepage, tokens, unicode_character

_LZFU_HEAD = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans "
    rb"SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_MOST_UNPACKED = 50_000_000
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
    if len(data) < 16:
        raise ReadFailure("is a damaged MSG file: its text is cut off")
    _, size, kind = struct.unpack_from("<III", data)
    if kind == 0x414C454D:  # MELA: not compressed
        return data[16 : 16 + size]
    window = bytearray(_LZFU_HEAD.ljust(4096, b" "))
    place, result, at = len(_LZFU_HEAD), bytearray(), 16
    while at < len(data) and len(result) < min(size, _MOST_UNPACKED):
        flags, at = data[at], at + 1
        for bit in range(8):
            if at >= len(data):
                break
            if not flags >> bit & 1:
                chunk, at = data[at : at + 1], at + 1
            else:
                reference = int.from_bytes(data[at : at + 2], "big")
                at += 2
                start, length = reference >> 4, (reference & 0xF) + 2
                if start == place % 4096:
                    return bytes(result)
                chunk = b""
                for offset in range(length):
                    byte = window[(start + offset) % 4096]
                    window[place % 4096] = byte
                    place += 1
                    result.append(byte)
                continue
            window[place % 4096 : place % 4096 + 1] = chunk
            place += 1
            result += chunk
    return bytes(result)


def _escaped(text: str) -> str:
    from html import escape

    return escape(text, quote=False).replace("\n", "<br>")
