"""What PDFium itself says of a PDF: its title, author and dates, and, where the layout reader fails, its plain text."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

from scoville.read.clean import clean, clean_line
from scoville.read.pdf.lines import Rectangle, whole
from scoville.read.pdf.page import Block, Page

_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([+-])(\d\d)'?(\d\d)?'?|Z)?")
_NO_TITLE = re.compile(
    r"untitled|document\d*|slide \d+|microsoft (?:word|powerpoint|excel)\b.*|[\W\d_]*", re.IGNORECASE
)
_FILE_SUFFIXES = frozenset(
    ".doc .docx .dot .dvi .eps .fm .htm .html .indd .odp .ods .odt .p65 .pdf .ppt .pptx .ps .qxd .rtf .tex .txt .wpd "
    ".xls .xlsx".split()
)
_TITLE_LEAST = 3


def read_information(document: Any) -> tuple[str | None, dict[str, str]]:
    """Give a PDF's title, if it is one, and its author and dates."""
    information: Mapping[str, str] = document.get_metadata_dict(skip_empty=True)
    metadata = {
        "author": clean_line(information.get("Author", "")),
        "created": iso_date(information.get("CreationDate", "")),
        "modified": iso_date(information.get("ModDate", "")),
    }
    return _title(information.get("Title", "")), {key: value for key, value in metadata.items() if value}


def read_plain_pages(path: str, password: str | None, numbers: Iterable[int]) -> list[Page]:
    """Read the text of some pages without layout: paragraphs between blank lines, boxed by the whole page."""
    import pypdfium2

    pages: list[Page] = []
    with pypdfium2.PdfDocument(path, password=password) as document:
        for number in numbers:
            page = document[number - 1]
            text_page = page.get_textpage()
            box = Rectangle(0, 0, *page.get_size())
            text = clean(text_page.get_text_bounded())
            paragraphs = filter(None, map(clean_line, re.split(r"\n\s*\n", text)))
            blocks = [Block("paragraph", number, box, whole(paragraph, box)) for paragraph in paragraphs]
            pages.append(Page(number, box.y1, blocks))
            text_page.close()
            page.close()
    return pages


def iso_date(date: str) -> str:
    """Turn a PDF date (``D:20230306135720-08'00'``) into an ISO date; empty when it is none."""
    match = _DATE.match(date.strip())
    if not match:
        return ""
    year, month, day, hour, minute, second, sign, zone_hour, zone_minute = match.groups()
    iso = f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}"
    iso += f"{sign}{zone_hour}:{zone_minute or '00'}" if sign else "+00:00" if "Z" in match[0] else ""
    try:
        return datetime.fromisoformat(iso).isoformat()
    except ValueError:
        return ""


def _title(title: str) -> str | None:
    """Refuse what programs put there without being asked: a file's name, a placeholder."""
    title = clean_line(title)
    if len(title) < _TITLE_LEAST or _NO_TITLE.fullmatch(title) or PurePath(title).suffix.lower() in _FILE_SUFFIXES:
        return None
    return title
