"""A file's bytes in, a ParsedFile out, for all formats but those whose pages or speech are read apart.

``read_format`` runs in a child: whatever a parser makes of strange bytes, it has the child's time and memory. Knows
which reader takes which format; each is imported when first needed.
"""

from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile, check_length
from scoville.read.locked.unlock import unlocked
from scoville.read.sandbox.children import read_in_child
from scoville.read.sniff import Format, SniffedFile, sniff

if TYPE_CHECKING:
    from scoville.recipe import Read


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
    match content.format:
        case "html" | "markdown" | "csv" | "xml" | "text":
            return _read_text(content, data, max_characters)
        case "mail" | "mbox":
            from scoville.read.mail.message import read_mail, read_mailbox

            return read_mail(data) if content.format == "mail" else read_mailbox(data)
        case "msg":
            from scoville.read.mail.msg import read_msg

            return read_msg(data)
        case "doc":
            from scoville.read.legacy.doc import read_doc

            return read_doc(data)
        case "ppt":
            from scoville.read.legacy.ppt import read_ppt

            return read_ppt(data)
        case "rtf":
            from scoville.read.legacy.rtf import read_rtf

            return read_rtf(data, max_characters)
        case _:
            return _read_package(content.format, data, max_characters, pictures)


def _read_package(format: Format, data: bytes, max_characters: int, pictures: bool) -> ParsedFile:
    match format:
        case "docx":
            from scoville.read.office.docx import read_docx

            return read_docx(data, pictures=pictures)
        case "pptx":
            from scoville.read.office.pptx import read_pptx

            return read_pptx(data, pictures=pictures)
        case "xlsx":
            from scoville.read.office.xlsx import read_xlsx

            return read_xlsx(data, max_characters)
        case "xls":
            from scoville.read.office.xlsx import read_binary_workbook

            return read_binary_workbook(data, max_characters, "application/vnd.ms-excel")
        case "epub":
            from scoville.read.text.epub import read_epub

            return read_epub(data, max_characters, pictures=pictures)
        case _:
            from scoville.read.office.odf import read_odf

            return read_odf(data, max_characters, pictures=pictures)


def _read_text(content: SniffedFile, data: bytes, max_characters: int) -> ParsedFile:
    text = content.text or ""
    if content.format == "html":
        from scoville.read.text.html import read_html
        from scoville.read.text.html_tree import visible_length

        if len(text) > max_characters:
            check_length(visible_length(text), max_characters)
        return read_html(text)
    if content.format == "xml":
        from scoville.read.text.xml_text import read_xml

        return read_xml(data, max_characters)
    check_length(len(text), max_characters)
    if content.format == "markdown":
        from scoville.read.text.markdown import read_markdown

        return read_markdown(text)
    if content.format == "csv":
        from scoville.read.text.delimited import read_csv

        return read_csv(text)
    from scoville.read.text.plain import read_text

    return read_text(text)
