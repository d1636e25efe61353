"""A Word document's paragraph styles in, what each makes of a paragraph out.

Built-in styles keep their English names in every language's Word; for other programs' styles the outline level tells.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from scoville.read.office.docx_numbering import whole
from scoville.read.office.docx_xml import W, value_of
from scoville.types import ElementKind

BODY_LEVEL = 9
"""The outline level that means body text."""
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_CODE = re.compile(r".*\b(?:code|preformatted|macro)\b.*|code.*", re.IGNORECASE)


class Style(NamedTuple):
    """What a paragraph style makes of a paragraph."""

    kind: ElementKind = "paragraph"
    level: int | None = None
    list: tuple[str, int] | None = None
    """The number and level of the list that the style makes it an item of."""


def kind_of_style(name: str) -> ElementKind | None:
    """Tell what a style other than a heading's makes of a paragraph by its name."""
    name = name.lower()
    if name == "title" or name == "caption":
        return name
    return "code" if _CODE.fullmatch(name) else None


def read_styles(root: Any) -> dict[str, Style]:
    """Resolve the paragraph styles by id, of which there may be none; the default also stands under the empty id."""
    found = root.iterfind(f"{W}style") if root is not None else ()
    elements = {style.get(f"{W}styleId", ""): style for style in found}
    styles: dict[str, Style] = {}
    for id, element in elements.items():
        styles[id] = _resolve(element, elements)
        if element.get(f"{W}type") == "paragraph" and element.get(f"{W}default") in {"1", "true"}:
            styles[""] = styles[id]
    return styles


def _resolve(element: Any, elements: dict[str, Any]) -> Style:
    """Follow a style to those it is based on, until each question is answered."""
    kind: ElementKind | None = None
    level = in_list = None
    for style in _chain(element, elements):
        name = (value_of(style, "name") or "").strip().lower()
        properties = style.find(f"{W}pPr")
        outline = value_of(properties, "outlineLvl")
        if kind is None:
            heading = _HEADING.fullmatch(name)
            if heading or (name != "title" and outline is not None and whole(outline, BODY_LEVEL) < BODY_LEVEL):
                kind, level = "heading", int(heading[1]) if heading else whole(outline) + 1
            else:
                kind = kind_of_style(name)
        numbered = properties.find(f"{W}numPr") if properties is not None else None
        if in_list is None and numbered is not None:
            in_list = (value_of(numbered, "numId") or "0", whole(value_of(numbered, "ilvl")))
    return Style(kind or "paragraph", level, in_list)


def _chain(element: Any, elements: dict[str, Any]) -> Iterator[Any]:
    seen: set[str] = set()
    while element is not None and (id := element.get(f"{W}styleId", "")) not in seen:
        seen.add(id)
        yield element
        element = elements.get(value_of(element, "basedOn") or "")
