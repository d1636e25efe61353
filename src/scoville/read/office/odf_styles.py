"""OpenDocument styles in, what each makes of a paragraph, a list, a sheet or a page out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scoville.read.office.docx_numbering import BULLET, Level, Numbering, whole
from scoville.read.text.xml_tree import attribute, child, descendants, name_of
from scoville.types import ElementKind

_KINDS: dict[str, ElementKind] = {
    "title": "title", "caption": "caption", "illustration": "caption", "table": "caption", "figure": "caption",
    "drawing": "caption", "preformatted text": "code", "source code": "code", "footnote": "footnote",
    "endnote": "footnote",
}  # fmt: skip
_FORMATS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman", "": "none"}


@dataclass(slots=True)
class Styles:
    """The styles of one document, by name."""

    elements: dict[str, Any] = field(default_factory=dict[str, Any])
    numbering: Numbering = field(default_factory=Numbering)
    deletions: set[str] = field(default_factory=set[str])
    """The changes that delete text; with changes hidden, programs leave that text where it stood."""

    def kind_of(self, paragraph: Any) -> ElementKind:
        """Tell what a paragraph is by its style or one of those that it is based on."""
        for style in self._chain(attribute(paragraph, "style-name")):
            name = attribute(style, "name").replace("_20_", " ").lower()
            if name in _KINDS:
                return _KINDS[name]
        return "paragraph"

    def is_named(self, element: Any, name: str) -> bool:
        """Tell whether an element's style, or one that it is based on, has this name."""
        return any(attribute(style, "name") == name for style in self._chain(attribute(element, "style-name")))

    def setting(self, element: Any, properties: str, name: str) -> str:
        """Give a setting of an element's style, else of those that it is based on; empty where none says."""
        for style in self._chain(attribute(element, "style-name")):
            found = child(style, properties)
            if found is not None and (value := attribute(found, name)):
                return value
        return ""

    def _chain(self, name: str) -> Iterator[Any]:
        seen: set[str] = set()
        while name in self.elements and name not in seen:
            seen.add(name)
            yield self.elements[name]
            name = attribute(self.elements[name], "parent-style-name")


def read_styles(*roots: Any) -> Styles:
    """Read the styles of a document's parts, those of later parts first."""
    styles = Styles()
    for root in filter(lambda root: root is not None, roots):
        for element in descendants(root, "style"):
            styles.elements[attribute(element, "name")] = element
        for element in descendants(root, "list-style"):
            _read_list(styles.numbering, element)
        for element in descendants(root, "changed-region"):
            if child(element, "deletion") is not None:
                styles.deletions.add(attribute(element, "id"))
    return styles


def _read_list(numbering: Numbering, element: Any) -> None:
    name = attribute(element, "name")
    numbering.lists[name] = name
    for node in element:
        level = whole(attribute(node, "level"), 1) - 1
        if name_of(node) == "list-level-style-number":
            shown = whole(attribute(node, "display-levels"), 1)
            places = ".".join(f"%{number + 1}" for number in range(max(level - shown + 1, 0), level + 1))
            text = f"{attribute(node, 'num-prefix')}{places}{attribute(node, 'num-suffix')}"
            format = _FORMATS.get(attribute(node, "num-format"), "decimal")
            numbering.levels[name, level] = Level(format, text, whole(attribute(node, "start-value"), 1))
        elif name_of(node) in {"list-level-style-bullet", "list-level-style-image"}:
            has_bullet = name_of(node).endswith("image") or attribute(node, "bullet-char").strip()
            numbering.levels[name, level] = Level("bullet" if has_bullet else "none", BULLET)
