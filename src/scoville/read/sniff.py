"""What a file is: its bytes in, a format and (for text formats) its characters out.

The content decides. The file name is asked only between text formats, where the content leaves it open.
"""

import re
from typing import Literal, NamedTuple

from scoville.errors import ReadFailure
from scoville.read.archive import member_names
from scoville.read.decode import decode

Format = Literal[
    "pdf", "docx", "pptx", "xlsx", "odt", "ods", "odp", "epub", "legacy", "html", "markdown", "text", "csv", "xml", "mail",
    "mbox", "msg", "image", "audio",
]  # fmt: skip
READABLE = (
    "PDF, DOCX, PPTX, XLSX, ODT, ODS, ODP, EPUB, Office 97-2003 and RTF (with LibreOffice), HTML, Markdown, text, CSV, "
    "EML, MSG, MBOX, PNG, JPEG, TIFF, WAV, MP3"
)

_PDF_WITHIN = 1024  # Adobe's readers accept the header there, so files with junk before it exist
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BINARY = (
    (b"{\\rtf", "RTF"), (b"\x89PNG", "a PNG picture"), (b"\xff\xd8\xff", "a JPEG picture"), (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"), (b"MM\0*", "a TIFF picture"), (b"BM", "a BMP picture"),
    (b"\x1f\x8b", "a gzip archive"), (b"7z\xbc\xaf\x27\x1c", "a 7z archive"), (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"), (b"\x7fELF", "a program"), (b"MZ", "a program"), (b"SQLite format 3\0", "SQLite"),
    (b"PAR1", "Parquet"), (b"OggS", "sound"), (b"ID3", "sound"), (b"%!PS", "PostScript"), (b"RIFF", "a RIFF file"),
)  # fmt: skip
_OLE2_STREAMS = (
    ("EncryptedPackage", ""), ("WordDocument", "DOC (Word 97-2003)"), ("Workbook", "XLS (Excel 97-2003)"),
    ("PowerPoint Document", "PPT (PowerPoint 97-2003)"), ("__substg1.0_", "MSG (Outlook)"),
)  # fmt: skip
_ZIP_FOLDERS = (("ppt/", "PPTX"), ("xl/", "XLSX"), ("visio/", "VSDX"))
_MIMETYPES = (
    (b"application/epub+zip", "EPUB"),
    (b"opendocument.text", "ODT"),
    (b"opendocument.spreadsheet", "ODS"),
    (b"opendocument.presentation", "ODP"),
)

_LEAD = r"\s*(?:<\?xml[^>]*>\s*|<!--.{0,2000}?-->\s*)*"
_HTML = re.compile(_LEAD + r"<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE | re.DOTALL)
_XML = re.compile(r"\s*<\?xml[\s?]|\s*<!doctype\s+(?!html)", re.IGNORECASE)
_TAG = re.compile(
    _LEAD + r"<(?:p|div|h[1-6]|table|ul|ol|dl|article|section|main|title|meta|span|pre|blockquote|a|b|br|hr)[\s/>]",
    re.IGNORECASE | re.DOTALL,
)
_MAIL = re.compile(r"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){3}")
_MAIL_FIELDS = re.compile(r"^(?:message-id|mime-version|return-path|received):", re.IGNORECASE | re.MULTILINE)
_MARKDOWN_SIGNS = (
    re.compile(r"^#{1,6} \S", re.MULTILINE),
    re.compile(r"\[[^\]\n]{1,200}\]\([^)\s]{1,500}\)"),
    re.compile(r"^(?:```|~~~)", re.MULTILINE),
    re.compile(r"^\|?[ \t]*:?-{3,}:?[ \t]*\|", re.MULTILINE),
    re.compile(r"\*\*\S[^*\n]{0,200}\*\*"),
)
_MARKDOWN_SUFFIXES = {".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd"}
_HTML_SUFFIXES = {".html", ".htm", ".xhtml"}


class Content(NamedTuple):
    """A recognised file; ``text`` is None for binary formats."""

    format: Format
    text: str | None = None


def sniff(data: bytes, suffix: str) -> Content:
    """Recognise a file by its bytes. Raises ReadFailure, naming the format, for what cannot be read."""
    if b"%PDF-" in data[:_PDF_WITHIN]:
        return Content("pdf")
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _sniff_archive(data)
    if data.startswith(_OLE2):
        raise _legacy_office(data)
    text = decode(data)
    name = next((name for magic, name in _BINARY if data.startswith(magic)), None)
    if name and (text is None or _is_sure(data)):
        raise _not_readable(name)
    if text is None:
        raise ReadFailure(f"is binary data of no known kind; readable are {READABLE}")
    return Content(_sniff_text(text, suffix.lower()), text)


def _is_sure(data: bytes) -> bool:
    """Tell whether the first bytes settle it: two capital letters can also begin a text."""
    return not data.startswith((b"BM", b"MZ", b"BZh", b"ID3", b"RIFF", b"OggS", b"PAR1", b"Rar!", b"GIF8"))


def _sniff_archive(data: bytes) -> Content:
    names = member_names(data)
    if "word/document.xml" in names or ("[Content_Types].xml" in names and any(n.startswith("word/") for n in names)):
        return Content("docx")
    for folder, name in _ZIP_FOLDERS:
        if "[Content_Types].xml" in names and any(member.startswith(folder) for member in names):
            raise _not_readable(name)
    for mimetype, name in _MIMETYPES:  # stored first and uncompressed, by both standards
        if mimetype in data[:200]:
            raise _not_readable(name)
    raise ReadFailure(f"is a ZIP archive; unpack it first. Readable are {READABLE}")


def _legacy_office(data: bytes) -> ReadFailure:
    for stream, name in _OLE2_STREAMS:
        if stream.encode("utf-16-le") in data:
            if name:
                return ReadFailure(f"not readable yet: {name}; save it as DOCX or PDF")
            return ReadFailure("is encrypted; save it without a password")
    return ReadFailure(f"not readable yet: an OLE2 file (Office 97-2003 or older); readable are {READABLE}")


def _not_readable(name: str) -> ReadFailure:
    return ReadFailure(f"not readable yet: {name}; readable are {READABLE}")


def _sniff_text(text: str, suffix: str) -> Format:
    if _HTML.match(text):
        return "html"
    if _XML.match(text):
        raise _not_readable("XML")
    head = text[:20_000]
    if _MAIL.match(head) and _MAIL_FIELDS.search(head.split("\n\n", 1)[0]):
        raise _not_readable("e-mail")
    if suffix in _MARKDOWN_SUFFIXES:
        return "markdown"
    if suffix in _HTML_SUFFIXES or (_TAG.match(text) and "</" in text):
        return "html"
    if suffix:
        return "text"
    return "markdown" if sum(1 for sign in _MARKDOWN_SIGNS if sign.search(head)) > 1 else "text"
