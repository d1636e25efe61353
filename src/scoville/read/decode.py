"""Bytes in, characters out: byte order marks, UTF-8, UTF-16, a declared charset, else what the bytes look like.

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
_FOREIGN = (
    "cp1251", "koi8_r", "koi8_u", "cp866", "iso8859_5", "cp1253", "iso8859_7", "cp1255", "cp1256", "iso8859_6",
    "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp874",
)  # fmt: skip
"""Encodings of languages that are not written in Latin letters."""
_HIGH = bytes(range(0x80, 0x100))
_HIGH_SHARE, _HIGH_LEAST = 0.3, 20
"""Of the bytes that are no white space, and how many: Czech has .15, a word of Danish or a price .3."""


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
    for encoding in (declared, "utf-8", _foreign(data), "cp1252"):
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


def _foreign(data: bytes) -> str | None:
    """Recognise a text in other than Latin letters; None where Windows-1252 is the better guess.

    charset-normalizer tells these apart. Between Western encodings it takes "£20 fee" for Japanese and half of short
    texts for something else, so it is not asked.
    """
    sample = data[:_SAMPLE].rpartition(b"\n")[0] if len(data) > _SAMPLE else data  # not within a character
    packed = b"".join(sample.split())
    high = len(packed) - len(packed.translate(None, _HIGH))
    if high < max(_HIGH_LEAST, _HIGH_SHARE * len(packed)):
        return None
    from charset_normalizer import from_bytes

    found = from_bytes(sample, cp_isolation=list(_FOREIGN)).best()
    return found.encoding if found else None


def _declared(head: bytes) -> str | None:
    match = _DECLARED.search(head)
    name = match[1].decode("ascii", "replace") if match else ""
    if not _CHARSETS.fullmatch(name) or name.lower().replace("_", "-") in {"utf-7", "utf7"}:
        return None
    return None if name.lower().startswith(("utf-16", "utf-32")) else name  # it could not have been read here
