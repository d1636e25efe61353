"""Bytes in, characters out: byte order marks, UTF-8, UTF-16, a declared charset, else the likeliest one.

Knows nothing of formats but where HTML and XML declare their charset.
"""

import codecs
import re
from typing import NamedTuple

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks, and the encodings that they stand for."""
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,500}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE
)
# Only these: some of Python's codecs (punycode, idna) take quadratic time, and UTF-7 can hide markup.
_CHARSETS = re.compile(r"(utf|iso|windows|cp|koi|mac|big|gb|euc|shift|sjis|latin|tis|hz)[\w.:-]*", re.IGNORECASE)
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\r\f\b\x1b"))
_SAMPLE = 65_536
_BINARY_SHARE = 0.01
_BROKEN_MOST = 0.05
"""Of the characters that are not ASCII: UTF-8 with a few broken ones is UTF-8 nevertheless."""


class Decoded(NamedTuple):
    """Characters, and what had to be assumed to get them."""

    text: str | None
    """None when the bytes are no text. A few NUL bytes among text are left in, for cleaning to drop."""
    remark: str = ""


def decode(data: bytes) -> str | None:
    """Decode text; None when the bytes are no text."""
    return decode_with_remark(data).text


def decode_with_remark(data: bytes) -> Decoded:
    """Decode text, and say how where its encoding had to be guessed; Windows-1252 goes without saying if it is sure."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return Decoded(data[len(mark) :].decode(encoding, "replace"))
    if (wide := _wide(data[:_SAMPLE])) is not None:
        return Decoded(data.decode(wide, "replace"))
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls > max(_BINARY_SHARE * len(data), 1):
        return Decoded(None)
    for encoding in (_declared(data[:4096]), "iso2022_jp" if b"\x1b$B" in data[:_SAMPLE] else None, "utf-8"):
        try:
            if encoding:
                return Decoded(data.decode(encoding))
        except (UnicodeDecodeError, LookupError):
            continue
    return _guessed(data)


def _guessed(data: bytes) -> Decoded:
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if broken <= _BROKEN_MOST * (len(text) - len(text.encode("ascii", "ignore"))):
        return Decoded(text, f"{broken} bytes are no UTF-8, as the rest is: they stand as \ufffd")
    from scoville.read.charset import guess

    encoding, language, is_sure = guess(data)
    text = data.decode(encoding, "replace")
    if encoding == "cp1252" and is_sure:
        return Decoded(text)
    name = encoding.replace("cp125", "windows-125")
    unsure = "" if is_sure else "; that is a guess, save the file as UTF-8 where it is wrong"
    return Decoded(text, f"no UTF-8 and no encoding declared: read as {name} ({language} by its letters){unsure}")


def _wide(sample: bytes) -> str | None:
    """Recognise UTF-16 without a mark: in Western text, every second byte is NUL."""
    if len(sample) < 4:
        return None
    even, odd = sample[::2], sample[1::2]
    even_share, odd_share = even.count(0) / len(even), odd.count(0) / len(odd)
    if odd_share > 0.4 and even_share < 0.05:
        return "utf-16-le"
    if even_share > 0.4 and odd_share < 0.05:
        return "utf-16-be"
    return None


def _declared(head: bytes) -> str | None:
    match = _DECLARED.search(head)
    name = match[1].decode("ascii", "replace") if match else ""
    if not _CHARSETS.fullmatch(name) or name.lower().replace("_", "-") in {"utf-7", "utf7"}:
        return None
    if name.lower() in {"iso-8859-1", "latin1", "latin-1"}:  # browsers take it for the other one, and so do writers
        return "cp1252"
    return None if name.lower().startswith(("utf-16", "utf-32")) else name  # it could not have been read here
