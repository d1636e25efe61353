"""A file's bytes in, a ParsedFile out, for all formats but those whose pages or speech are read apart.

``read_format`` runs in a child: whatever a parser makes of strange bytes, it has the child's time and memory. Knows
which reader takes which format; each is imported when first needed.
"""

from dataclasses import replace
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile, check_length
from scoville.read.locked.unlock import unlocked
from scoville.read.sandbox.children import read_in_child
from scoville.read.sniff import Format, SniffedFile, sniff

if TYPE_CHECKING:
    from scoville.recipe import Read


_READERS: dict[Format, tuple[str, ...]] = {
    "html": ("text.html:read_html", "text"),
    "markdown": ("text.markdown:read_markdown", "text"),
    "csv": ("text.delimited:read_csv", "text"),
    "text": ("text.plain:read_text", "text"),
    "xml": ("text.xml_text:read_xml", "data", "max_characters"),
    "epub": ("text.epub:read_epub", "data", "max_characters", "pictures"),
    "mail": ("mail.message:read_mail", "data"),
    "mbox": ("mail.message:read_mailbox", "data"),
    "msg": ("mail.msg:read_msg", "data"),
    "doc": ("legacy.doc:read_doc", "data"),
    "ppt": ("legacy.ppt:read_ppt", "data"),
    "rtf": ("legacy.rtf:read_rtf", "data", "max_characters"),
    "docx": ("office.docx:read_docx", "data", "pictures"),
    "pptx": ("office.pptx:read_pptx", "data", "pictures"),
    "xlsx": ("office.xlsx:read_xlsx", "data", "max_characters"),
    "xls": ("office.xlsx:read_binary_workbook", "data", "max_characters"),
    "odf": ("office.odf:read_odf", "data", "max_characters", "pictures"),
}
"""For each format where its reader is, imported when first needed, and what it is given."""


class Found(NamedTuple):
    """What a file holds."""

    format: Format
    draft: ParsedFile
    plain: bytes | None = None
    """Its bytes where they were encrypted."""


def find_draft(data: bytes, name: str, settings: "Read", password: str | None = None) -> Found:
    """Have a child recognise and read a file. Raises ReadFailure."""
    arguments = (data, name, settings.max_characters, settings.ocr != "never", password)
    return read_in_child("formats", "read_format", *arguments, settings=settings)


def read_format(data: bytes, name: str, max_characters: int, pictures: bool, password: str | None) -> Found:
    """Recognise and read a file; ``pictures`` asks for those that OCR may read. Raises ReadFailure."""
    plain = unlocked(data, password)
    content = sniff(plain, PurePath(name).suffix)
    try:
        draft = _read(content, plain, max_characters, pictures)
    except (ReadFailure, MemoryError, ImportError):
        raise
    except Exception as error:  # libraries raise anything for damaged content: KeyError, XMLSyntaxError, RecursionError
        reason = " ".join(str(error).partition(" (<string>")[0].split())[:200] or type(error).__name__
        raise ReadFailure(f"is damaged, or of a kind of {content.format} that is not known: {reason}") from error
    return Found(content.format, draft, None if plain is data else plain)


def _read(content: SniffedFile, data: bytes, max_characters: int, pictures: bool) -> ParsedFile:
    text = content.text or ""
    if content.format == "html" and len(text) > max_characters:
        from scoville.read.text.html_tree import visible_length

        check_length(visible_length(text), max_characters)
    elif content.format in {"markdown", "csv", "text"}:
        check_length(len(text), max_characters)
    place, *takes = _READERS[content.format]
    module, _, name = place.partition(":")
    given = {"text": text, "data": data, "max_characters": max_characters, "pictures": pictures}
    draft = getattr(import_module(f"scoville.read.{module}"), name)(**{option: given[option] for option in takes})
    return replace(draft, warnings=(content.remark, *draft.warnings)) if content.remark and "text" in takes else draft
