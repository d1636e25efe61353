"""WordprocessingML elements in, their text, blocks and settings out.

python-docx's texts leave out tracked insertions, content controls and text boxes. Here, deleted and hidden text is left
out.
"""

import re
from collections.abc import Iterator
from typing import Any

from scoville.read.office.math_text import math_text

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
"""Holds a copy of what stands next to it, for old programs."""
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMath"
_MONOSPACED = re.compile(r"courier|consolas|menlo|monaco|mono\b|monospace", re.IGNORECASE)
_UNREAD = frozenset(
    {FALLBACK, *(f"{W}{tag}" for tag in ("del", "moveFrom", "pPr", "rPr", "txbxContent", "instrText", "delText"))}
)
_WRITTEN = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
_WRAPPERS = frozenset(f"{W}{tag}" for tag in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"))


def children_of(parent: Any, *tags: str) -> Iterator[Any]:
    """Give the children with one of these tags, also those in content controls and tracked insertions."""
    for child in parent:
        if child.tag in _WRAPPERS:
            yield from children_of(child, *tags)
        elif any(child.tag == f"{W}{tag}" for tag in tags):
            yield child


def text_of(element: Any) -> str:
    """Give the text below an element without what is deleted, hidden or in a text box."""
    parts: list[str] = []
    pending = list(reversed(element))
    while pending:
        child = pending.pop()
        if child.tag == f"{W}t":
            parts.append(child.text or "")
        elif child.tag == _MATH:
            before = child.getprevious()
            parts.append("; " if before is not None and before.tag == _MATH else "")
            parts.append(math_text(child))
        elif child.tag == f"{W}sym":
            parts.append(_symbol(child))
        elif child.tag in _WRITTEN:
            parts.append(_WRITTEN[child.tag])
        elif child.tag not in _UNREAD and not (child.tag == f"{W}r" and flag_of(child.find(f"{W}rPr"), "vanish")):
            pending.extend(reversed(child))
    return "".join(parts)


def is_monospaced(paragraph: Any) -> bool:
    """Tell whether all text of a paragraph is set in a typewriter's face."""
    runs = [run for run in paragraph.iter(f"{W}r") if text_of(run).strip()]
    fonts = (run.find(f"{W}rPr/{W}rFonts") for run in runs)
    return bool(runs) and all(font is not None and _MONOSPACED.search(font.get(f"{W}ascii", "")) for font in fonts)


def _symbol(element: Any) -> str:
    code = element.get(f"{W}char", "")
    return chr(int(code, 16)) if re.fullmatch("[0-9A-Fa-f]{4}", code) else ""


def value_of(parent: Any, name: str) -> str | None:
    """Give the value of a setting below an element; None where it is missing."""
    child = parent.find(f"{W}{name}") if parent is not None else None
    return child.get(f"{W}val") if child is not None else None


def flag_of(parent: Any, name: str) -> bool:
    """Tell whether a setting below an element is on."""
    child = parent.find(f"{W}{name}") if parent is not None else None
    return child is not None and child.get(f"{W}val") not in {"0", "false", "off"}
