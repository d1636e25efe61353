"""A parsed HTML tree: walking it without recursion, what is visible in it, and the text of a part.

Does not know what becomes of the text.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from scoville.errors import ReadFailure
from scoville.read.clean import clean_line

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

UNREAD = frozenset(
    "script style noscript template svg canvas iframe object embed video audio head button select textarea datalist "
    "input annotation annotation-xml".split()
)
BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html li main menu nav ol p pre section summary table tbody td tfoot th "
    "thead tr ul".split()
)
_MOST_NESTED = 20_000  # Lexbor's time grows with the square of the depth: 10,000 levels .2 s, 100,000 levels 17 s
_MOST_UNCLOSED = 500  # HTML reopens unclosed formatting in each paragraph: 2,000 <font> make two million nodes
_FORMATTING = re.compile(r"</?(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]*)([^>]*)", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_MOST_ATTRIBUTES = 5_000  # Lexbor compares each with all before it: 20,000 take .7 s
_NEVER_OPEN = frozenset(
    "area base br col dd dt embed hr img input li link meta option p source tbody td tfoot th thead tr track "
    "wbr".split()
)
_NOT_MARKUP = frozenset({"script", "style", "title", "textarea"})
_DISPLAY_NONE = re.compile(r"display\s*:\s*none", re.IGNORECASE)


def parse(text: str) -> "LexborHTMLParser":
    """Parse HTML. Raises ReadFailure for nesting that would take minutes and gigabytes."""
    from selectolax.lexbor import LexborHTMLParser

    if _deepest(text) > _MOST_UNCLOSED:
        text = _FORMATTING.sub("", text)
        if _deepest(text) > _MOST_NESTED:
            raise ReadFailure(f"nests HTML elements more than {_MOST_NESTED:,} deep: not read")
    return LexborHTMLParser(text)


def walk(root: "LexborNode", enter: "Callable[[LexborNode], bool]", leave: "Callable[[LexborNode], None]") -> None:
    """Visit a tree in document order; ``enter`` says whether to go below a node, and only then is it left again.

    A loop, because pages nest deeper than Python's stack.
    """
    node, depth = root, 0
    while True:
        if enter(node):
            if node.first_child is not None:
                node, depth = node.first_child, depth + 1
                continue
            leave(node)
        while depth and node.next is None and node.parent is not None:
            node, depth = node.parent, depth - 1
            leave(node)
        if not depth or node.next is None:
            return
        node = node.next


def is_hidden(node: "LexborNode") -> bool:
    """Tell whether a node is marked as not to be seen."""
    attributes = node.attributes
    if not attributes:
        return False
    return (
        ("hidden" in attributes and attributes["hidden"] != "until-found")
        or attributes.get("aria-hidden") == "true"
        or bool(_DISPLAY_NONE.search(attributes.get("style") or ""))
    )


def inline_text(root: "LexborNode") -> str:
    """Give the visible text below a node in one line."""
    parts: list[str] = []

    def enter(node: "LexborNode") -> bool:
        if node.is_text_node:
            parts.append(node.text_content or "")
        elif node.tag in BLOCKS or node.tag == "br":
            parts.append(" ")
        return node.tag not in UNREAD and node.is_element_node and not is_hidden(node)

    def leave(node: "LexborNode") -> None:
        if node.tag in BLOCKS:
            parts.append(" ")

    walk(root, enter, leave)
    return clean_line("".join(parts))


def _deepest(text: str) -> int:
    """Estimate how deep the tags nest; tags that others close by themselves do not count."""
    depth = deepest = position = 0
    while match := _TAG.search(text, position):
        position = match.end()
        closes, tag = match[1], match[2].lower()
        if tag in _NOT_MARKUP and not closes:  # a < in it is no tag; how it ends, the next search sees
            end = re.compile(f"</{tag}", re.IGNORECASE).search(text, position)
            position = end.start() if end else len(text)
        if tag not in _NEVER_OPEN:
            depth = max(depth - 1, 0) if closes else depth + 1
            deepest = max(deepest, depth)
        if len(match[3]) > _MOST_ATTRIBUTES and len(_QUOTED.sub("", match[3]).split()) > _MOST_ATTRIBUTES:
            raise ReadFailure(f"has an HTML element with more than {_MOST_ATTRIBUTES:,} attributes: not read")
    return deepest
