"""Filled AcroForm fields in, ``label: value`` blocks among a page's blocks out.

Empty fields say nothing and are left out.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from scoville.read.clean import clean_line
from scoville.read.pdf_lines import Line, PlacedText, Rectangle
from scoville.read.pdf_page import Block, Page, rectangle

if TYPE_CHECKING:
    from liteparse.types import FormField

_GENERATED = re.compile(r"\[\d+\]")


def add_form_fields(page: Page, fields: "Sequence[FormField]") -> None:
    """Add the filled fields, each before the first block below it, for the printed value that stands in the field."""
    for field in fields:
        value = _value(field)
        if not value:
            continue
        box = rectangle(field.rect) or Rectangle(0, 0, 0, 0)
        page.blocks[:] = [block for block in page.blocks if not _prints(block, value, box)]
        text = f"{_label(field)}: {value}"
        new = Block("form_field", page.number, box, PlacedText(text, [Line(0, len(text), box)], []))
        below = (i for i, block in enumerate(page.blocks) if block.box.y0 > box.y0)
        page.blocks.insert(next(below, len(page.blocks)), new)


def _value(field: "FormField") -> str:
    match field.type:
        case "checkbox":
            return "yes" if field.checked else ""
        case "radio" | "radiobutton":
            return clean_line(field.export_value or field.value or "yes") if field.checked else ""
        case "pushbutton" | "signature":
            return ""
        case _:
            return clean_line(", ".join(field.selected_options) or field.value or "")


def _label(field: "FormField") -> str:
    name = _GENERATED.sub("", field.name or field.id)
    return clean_line(field.alternate_name or "").rstrip(": ") or clean_line(name.rsplit(".", 1)[-1]) or "field"


def _prints(block: Block, value: str, box: Rectangle) -> bool:
    x, y = (block.box.x0 + block.box.x1) / 2, (block.box.y0 + block.box.y1) / 2
    return block.kind != "form_field" and block.text == value and box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1
