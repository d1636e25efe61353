"""DrawingML paragraphs in, their text and their bullets or numbers out.

Whether a paragraph is a list item is said by itself, its shape, the layout's placeholder or the master, in this order.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scoville.read.office.math_text import math_text
from scoville.read.text.xml_tree import child, name_of

_UNBULLETED = frozenset({"", "title", "ctrTitle", "subTitle", "ftr", "dt", "sldNum"})
_LEVELS = 9


def paragraph_text(paragraph: Any) -> str:
    """Give the text of a paragraph, its line breaks and formulas included."""
    parts: list[str] = []
    for node in paragraph:
        match name_of(node):
            case "r" | "fld":
                text = child(node, "t")
                parts.append((text.text or "") if text is not None else "")
            case "br":
                parts.append("\n")
            case "m":
                parts.append(math_text(node))
            case _:
                pass
    return "".join(parts).replace("\v", "\n")


@dataclass(init=False, slots=True)
class Bullets:
    """The list levels of one text frame, and how far each has counted."""

    styles: list[Any]
    counts: list[int] = field(default_factory=lambda: [0] * _LEVELS)

    def __init__(self, shape: Any, body: Any) -> None:
        self.counts = [0] * _LEVELS
        self.styles = [style for style in _styles(shape, body) if style is not None]

    def advance(self, paragraph: Any) -> tuple[int, str]:
        """Count a paragraph: its list level from 1, and what stands before it; empty where it is no list item."""
        own = child(paragraph, "pPr")
        given = own.get("lvl", "0") if own is not None else "0"
        level = min(int(given), _LEVELS - 1) if given.isdigit() else 0
        bullet = self._bullet(own, level)
        kind = name_of(bullet) if bullet is not None else "buNone"
        self.counts[level + 1 :] = [0] * (_LEVELS - level - 1)
        if bullet is None or kind != "buAutoNum":
            self.counts[level] = 0
            return level + 1, "" if kind == "buNone" else "-"
        start = bullet.get("startAt", "1")
        self.counts[level] = self.counts[level] + 1 if self.counts[level] else int(start) if start.isdigit() else 1
        return level + 1, f"{self.counts[level]}."

    def _bullet(self, own: Any, level: int) -> Any:
        named = [own, *(child(style, f"lvl{level + 1}pPr") for style in self.styles)]
        for properties in named:
            for node in properties if properties is not None else ():
                if name_of(node) in {"buNone", "buChar", "buAutoNum", "buBlip"}:
                    return node
        return None


def _styles(shape: Any, body: Any) -> Iterator[Any]:
    yield child(body, "lstStyle")
    if not getattr(shape, "is_placeholder", False):
        return
    role = shape._element.ph.get("type", "obj") if getattr(shape._element, "ph", None) is not None else ""
    base = getattr(shape, "_base_placeholder", None)
    while base is not None:
        yield child(base._element, "txBody", "lstStyle")
        base = getattr(base, "_base_placeholder", None)
    if role not in _UNBULLETED:
        layout = getattr(shape.part, "slide_layout", None)
        yield child(layout.slide_master.element, "txStyles", "bodyStyle") if layout is not None else None
