"""Bytes in, characters out: byte order marks, UTF-8, UTF-16, a declared charset, else Windows-1252.

Knows nothing of formats but where HTML and XML declare their charset.
"""

import codecs
import re

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


def decode(data: bytes) -> str | None:
    """Decode text; None when the bytes are no text. A few NUL bytes among text are left in, for cleaning to drop."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if (wide := _wide(data[:_SAMPLE])) is not None:
        return data.decode(wide, "replace")
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls > max(_BINARY_SHARE * len(data), 1):
        return None
    declared = _declared(data[:4096])
    for encoding in (declared, "utf-8", "cp1252"):
        try:
            if encoding:
                return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("latin-1")


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
    return None if name.lower().startswith(("utf-16", "utf-32")) else name  # it could not have been read here
