"""What PDFium says of a PDF: its title, author and dates; its plain text where layout fails or would take too long."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from scoville.read.clean import clean, clean_line
from scoville.read.pdf.lines import Rectangle, whole
from scoville.read.pdf.page import Block, Page
from scoville.read.title import own_title

_CROWDED = 15_000
"""Objects or segments: liteparse takes .2 s for 5,000 lines, and over a minute for 20,000."""
_LONG_PATHS = 20  # objects: a drawing of few paths may have many segments
_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([+-])(\d\d)'?(\d\d)?'?|Z)?")


def read_information(document: Any) -> tuple[str | None, dict[str, str]]:
    """Give a PDF's title, if it is one, and its author and dates."""
    information: Mapping[str, str] = document.get_metadata_dict(skip_empty=True)
    metadata = {
        "author": clean_line(information.get("Author", "")),
        "created": iso_date(information.get("CreationDate", "")),
        "modified": iso_date(information.get("ModDate", "")),
    }
    return own_title(information.get("Title", "")), {key: value for key, value in metadata.items() if value}


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


def crowded_pages(path: str, password: str | None, numbers: Iterable[int]) -> list[int]:
    """Give the pages with so many drawn lines that layout would take minutes: it compares each with each."""
    import pypdfium2
    from pypdfium2 import raw

    crowded: list[int] = []
    with pypdfium2.PdfDocument(path, password=password) as document:
        for number in numbers:
            page = document[number - 1]
            count = raw.FPDFPage_CountObjects(page)
            first = (raw.FPDFPage_GetObject(page, index) for index in range(min(count, _LONG_PATHS)))
            if count > _CROWDED or sum(raw.FPDFPath_CountSegments(item) for item in first) > _CROWDED:
                crowded.append(number)
            page.close()
    return crowded


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
