"""Filled AcroForm fields and printed forms in, ``label: value`` blocks among a page's blocks out.

Empty fields say nothing and are left out. A field without a name for people takes the print beside it for its label.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from scoville.read.clean import clean_line
from scoville.read.pdf.ink import Ink, Row
from scoville.read.pdf.lines import Rectangle, around, union, whole
from scoville.read.pdf.page import Block, Page, joined_where, rectangle, without

if TYPE_CHECKING:
    from liteparse.types import FormField

_LABELS = 0.8
_LABEL_CHARACTERS = 100
_NEAR, _NEAR_TICK, _ABOVE = 150.0, 30.0, 12.0  # points
_GENERATED = re.compile(r"\[\d+\]")


def pair_labels(blocks: Sequence[Block], _: Ink) -> list[Block]:
    """Turn columns of labels with a colon and the columns beside them into form fields, label with value."""
    paired: list[Block] = []
    for block in _without_columns(blocks):
        paired += _pairs(block) if block.kind == "table" and _is_form(block) else [block]
    return paired


def _without_columns(blocks: Sequence[Block]) -> list[Block]:
    """Pair labels and values that were read as two columns of text."""
    blocks = joined_where(blocks, lambda above, below: _are_labels(above) and _are_labels(below))
    kept = list(blocks)
    for labels in blocks:
        if not _are_labels(labels) or len(labels.ink) < 2:
            continue
        values = [block for block in kept if block.kind == "paragraph" and block.box.x0 >= labels.box.x1]
        beside = [(label, _beside(label, values)) for label in labels.ink]
        taken = {id(row) for _, row in beside if row}
        used = [block for block in values if any(id(row) in taken for row in block.ink)]
        if len(taken) <= _LABELS * len(beside) or any(id(row) not in taken for block in used for row in block.ink):
            continue
        fields = [
            _field(labels.page, f"{label.text} {row.text}", union([label.box, row.box])) for label, row in beside if row
        ]
        place = kept.index(labels)
        rest = without(kept[place + 1 :], used)
        kept = [*without(kept[:place], used), *fields, *rest]
    return kept


def _are_labels(block: Block) -> bool:
    return block.kind == "paragraph" and bool(block.ink) and all(row.text.endswith(":") for row in block.ink)


def _beside(label: Row, blocks: Sequence[Block]) -> Row | None:
    """Find the nearest row to the right of a label, on its line."""
    middle = label.box.y
    rows = [row for block in blocks for row in block.ink if row.box.y0 <= middle <= row.box.y1]
    return min(rows, key=lambda row: row.box.x0, default=None)


def _is_form(block: Block) -> bool:
    if len(block.rows[0]) % 2 or block.merged:
        return False
    labels = [text for row in block.rows for text in row[::2] if text]
    values = [text for row in block.rows for text in row[1::2] if text]
    with_colon = sum(text.endswith(":") for text in labels)
    return with_colon > _LABELS * len(labels) and not any(text.endswith(":") for text in values)


def _pairs(block: Block) -> list[Block]:
    pairs: list[Block] = []
    for row, boxes in zip(block.rows, block.cell_boxes, strict=True):
        for column in range(0, len(row), 2):
            text = clean_line(f"{row[column]} {row[column + 1]}")
            if text:
                pairs.append(_field(block.page, text, around(boxes[column : column + 2]) or block.box))
    return pairs


def _field(page: int, text: str, box: Rectangle) -> Block:
    return Block("form_field", page, box, whole(text, box))


def filled_places(fields: "Sequence[FormField]") -> list[Rectangle]:
    """Give where the values of filled fields are printed."""
    return [box for field in fields if _value(field) and (box := rectangle(field.rect))]


def add_form_fields(page: Page, fields: "Sequence[FormField]") -> None:
    """Add the filled fields, each before the first block below it, for the print that is their label."""
    used: list[Row] = []
    for field in fields:
        value = _value(field)
        if not value:
            continue
        box = rectangle(field.rect) or Rectangle(0, 0, 0, 0)
        label = _printed_label(field, box, page)
        used += [label] if label else []
        new = _field(page.number, f"{_label(field, label)}: {value}", box)
        below = (i for i, block in enumerate(page.blocks) if block.box.y0 > box.y0)
        page.blocks.insert(next(below, len(page.blocks)), new)
    page.blocks[:] = [block for block in page.blocks if not block.ink or any(row not in used for row in block.ink)]


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


def _label(field: "FormField", printed: Row | None) -> str:
    """Give what people call a field: its tooltip, the print beside it, or the name that the program uses."""
    if given := clean_line(field.alternate_name or "").rstrip(": "):
        return given
    name = clean_line(_GENERATED.sub("", field.name or field.id).rsplit(".", 1)[-1]) or "field"
    return (printed.text.rstrip(": _.")[:_LABEL_CHARACTERS] if printed else "") or name


def _printed_label(field: "FormField", box: Rectangle, page: Page) -> Row | None:
    """Find the print to the left of a field, for boxes to be ticked to the right, else close above."""
    rows = page.ink.rows if page.ink else []
    middle = box.y
    beside = [row for row in rows if row.box.y0 - 2 <= middle <= row.box.y1 + 2]
    right = [row for row in beside if 0 <= row.box.x0 - box.x1 < _NEAR_TICK]
    left = [row for row in beside if 0 <= box.x0 - row.box.x1 < _NEAR]
    above = [row for row in rows if 0 <= box.y0 - row.box.y1 < _ABOVE and row.box.shared_x(box) > 0]
    ticked = field.type in {"checkbox", "radio", "radiobutton"}
    return (
        (min(right, key=lambda row: row.box.x0) if ticked and right else None)
        or (max(left, key=lambda row: row.box.x1) if left else None)
        or (max(above, key=lambda row: row.box.y1) if above else None)
    )
