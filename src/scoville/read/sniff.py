"""What a file is: its bytes in, a format and (for text formats) its characters out.

The content decides. The file name is asked only between text formats, where the content leaves it open.
"""

import re
from typing import Literal, NamedTuple

from scoville.errors import ReadFailure
from scoville.read.archive import member_names
from scoville.read.decode import decode_with_remark
from scoville.read.legacy.ole2 import OLE2, office_97

Format = Literal[
    "pdf", "docx", "pptx", "xlsx", "odf", "epub", "doc", "ppt", "xls", "rtf", "html", "markdown", "text", "csv", "xml",
    "mail", "mbox", "msg", "image", "audio",
]  # fmt: skip
READABLE = (
    "PDF, DOCX, PPTX, XLSX, ODT, ODS, ODP, EPUB, DOC, PPT, XLS, RTF, HTML, Markdown, text, CSV, XML, EML, MSG, MBOX, "
    "PNG, JPEG, TIFF, WAV, MP3"
)

_PDF_WITHIN = 1024  # Adobe's readers accept the header there, so files with junk before it exist
_BINARY = (
    (b"\x1f\x8b", "a gzip archive"), (b"7z\xbc\xaf\x27\x1c", "a 7z archive"), (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"), (b"\x7fELF", "a program"), (b"MZ", "a program"), (b"SQLite format 3\0", "SQLite"),
    (b"PAR1", "Parquet"), (b"OggS", "OGG sound"), (b"fLaC", "FLAC sound"), (b"%!PS", "PostScript"),
    (b"RIFF", "a RIFF file"),
)  # fmt: skip
_ZIP_FOLDERS: tuple[tuple[str, Format], ...] = (("word/", "docx"), ("ppt/", "pptx"), ("xl/", "xlsx"))
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."
_EPUB = b"application/epub+zip"

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
_MBOX = re.compile(r"From [^\n]+\n(?=[\w-]+:)")
_NEVER_TEXT = re.compile(r"\.(?:pdf|docx?|pptx?|xlsx?|epub|od[tsp]|png|jpe?g|gif|tiff?|wav|mp3)", re.IGNORECASE)
_CSV_SUFFIXES = {".csv", ".tsv", ".tab", ".psv"}
_XML_SUFFIXES = {".xml", ".nxml", ".fodt", ".fods", ".fodp", ".rss", ".atom"}
_MARKDOWN_SUFFIXES = {".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd"}
_HTML_SUFFIXES = {".html", ".htm", ".xhtml"}


class SniffedFile(NamedTuple):
    """A recognised file; ``text`` is None for binary formats."""

    format: Format
    text: str | None = None
    remark: str = ""
    """What was assumed of a text: its encoding, or that its name is wrong."""


def paged_or_sound(data: bytes) -> Literal["pdf", "image", "audio"] | None:
    """Recognise by the first bytes what is read page by page, or heard; None for everything else."""
    return "pdf" if b"%PDF-" in data[:_PDF_WITHIN] else _picture_or_sound(data)


def sniff(data: bytes, suffix: str) -> SniffedFile:
    """Recognise any other file by its bytes. Raises ReadFailure, naming the format, for what cannot be read."""
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _sniff_archive(data)
    if data.startswith(OLE2):
        return SniffedFile(office_97(data))
    if data.startswith(b"{\\rtf"):
        return SniffedFile("rtf")
    text, remark = decode_with_remark(data)
    name = next((name for magic, name in _BINARY if data.startswith(magic)), None)
    if name and (text is None or _is_sure(data)):
        raise _not_readable(name)
    if text is None:
        raise ReadFailure(f"is binary data of no known kind; readable are {READABLE}")
    format = _sniff_text(text, suffix.lower())
    called = f"is called {suffix} and is {format}: it was read as that" if _NEVER_TEXT.fullmatch(suffix) else ""
    return SniffedFile(format, text, "; ".join(filter(None, (called, remark))))


def _picture_or_sound(data: bytes) -> Literal["image", "audio"] | None:
    if data.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "image"
    if data.startswith(b"RIFF"):
        return {b"WEBP": "image", b"WAVE": "audio"}.get(data[8:12])  # pyright: ignore[reportReturnType]
    if data.startswith(b"BM") and data[6:10] == bytes(4) and len(data) >= 26:  # reserved: no text has it
        return "image"
    # An MPEG frame: eleven ones, version, layer 3 and a bit rate that exists.
    is_frame = data[:1] == b"\xff" and len(data) > 2 and data[1] & 0xE6 == 0xE2 and data[2] >> 4 not in {0, 15}
    return "audio" if data.startswith(b"ID3") and data[3:4] < b"\x05" or is_frame else None


def _is_sure(data: bytes) -> bool:
    """Tell whether the first bytes settle it: capital letters can also begin a text, if no NUL follows soon."""
    letters = (b"BM", b"MZ", b"BZh", b"RIFF", b"OggS", b"PAR1", b"Rar!", b"fLaC")
    return not data.startswith(letters) or b"\0" in data[:64]


def _sniff_archive(data: bytes) -> SniffedFile:
    names = member_names(data)
    if _EPUB in data[:200] or "META-INF/container.xml" in names and "mimetype" in names:
        return SniffedFile("epub")
    if _OPEN_DOCUMENT in data[:200] or ("content.xml" in names and "META-INF/manifest.xml" in names):
        return SniffedFile("odf")
    for folder, format in _ZIP_FOLDERS:
        if "[Content_Types].xml" in names and any(member.startswith(folder) for member in names):
            return SniffedFile(format)
    if "word/document.xml" in names:
        return SniffedFile("docx")
    raise ReadFailure(f"is a ZIP archive; unpack it first. Readable are {READABLE}")


def _not_readable(name: str) -> ReadFailure:
    return ReadFailure(f"not readable yet: {name}; readable are {READABLE}")


def _sniff_text(text: str, suffix: str) -> Format:
    if _HTML.match(text):
        return "html"
    if _XML.match(text) or (suffix in _XML_SUFFIXES and text.lstrip().startswith("<")):
        return "xml"
    head = text[:20_000]
    if (envelope := _MBOX.match(head)) and _MAIL.match(head[envelope.end() :]):
        return "mbox"
    if _MAIL.match(head) and _MAIL_FIELDS.search(head.split("\n\n", 1)[0]):
        return "mail"
    if suffix in _CSV_SUFFIXES:
        return "csv"
    if suffix in _MARKDOWN_SUFFIXES:
        return "markdown"
    if suffix in _HTML_SUFFIXES or (_TAG.match(text) and "</" in text):
        return "html"
    if suffix:
        return "text"
    return "markdown" if sum(1 for sign in _MARKDOWN_SIGNS if sign.search(head)) > 1 else "text"
