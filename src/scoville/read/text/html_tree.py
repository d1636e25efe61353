"""A parsed HTML tree: walking it without recursion, what is visible in it, and the text of a part.

Does not know what becomes of the text.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from scoville.errors import ReadFailure
from scoville.read.clean import clean_line
from scoville.read.figure import description

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
_UNSEEN = re.compile(
    r"(?<![\w-])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0*\.?0+\s*(?:;|!|$)"
    r"|font-size\s*:\s*0*\.?0+(?:px|pt|em|rem|%)?\s*(?:;|!|$)|(?:left|top|text-indent)\s*:\s*-\d{4,}px)",
    re.IGNORECASE,
)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_AT_BLOCK = re.compile(r"@[^{};]*(?:;|\{(?:[^{}]|\{[^{}]*\})*\})")
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SIMPLE_SELECTOR = re.compile(r"[\w.#-]+")
_MOST_RULES = 2_000
_SELF_CLOSED = re.compile(r"<([a-z][\w:-]*)((?:\s[^<>]*?)?)/>", re.IGNORECASE)
_MARKUP = re.compile(r"<(script|style)\b.*?</\1|<[^>]*>|\s+", re.IGNORECASE | re.DOTALL)
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())


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


def visible_length(text: str) -> int:
    """Estimate the characters that a page shows, without the time and memory that parsing takes."""
    return len(_MARKUP.sub("", text))


def close_tags(text: str) -> str:
    """Write XHTML's ``<a id="1"/>`` as HTML, where it would stay open."""
    return _SELF_CLOSED.sub(lambda m: m[0] if m[1].lower() in _VOID else f"<{m[1]}{m[2]}></{m[1]}>", text)


def mark_unseen(tree: "LexborHTMLParser") -> None:
    """Mark as hidden what the page's own style sheets hide by a class, an id or a tag."""
    sheets = _CSS_COMMENT.sub("", "\n".join(node.text() for node in tree.css("style")))
    rules = _RULE.findall(_AT_BLOCK.sub("", sheets))[:_MOST_RULES]
    for selectors, declarations in rules:
        if not _UNSEEN.search(declarations):
            continue
        for selector in map(str.strip, selectors.split(",")):
            if _SIMPLE_SELECTOR.fullmatch(selector) and selector not in {"html", "body", "main"}:
                for node in tree.css(selector):
                    node.attrs["hidden"] = ""


def is_hidden(node: "LexborNode") -> bool:
    """Tell whether a node is marked as not to be seen, or drawn so that nobody sees it."""
    attributes = node.attributes
    if not attributes:
        return False
    return (
        ("hidden" in attributes and attributes["hidden"] != "until-found")
        or attributes.get("aria-hidden") == "true"
        or bool(_UNSEEN.search(attributes.get("style") or ""))
    )


def inline_text(root: "LexborNode") -> str:
    """Give the visible text below a node in one line."""
    parts: list[str] = []

    def enter(node: "LexborNode") -> bool:
        if node.is_text_node:
            parts.append(node.text_content or "")
        elif node.tag == "li" and parts and "".join(parts[-2:]).strip():
            parts.append("; ")
        elif node.tag in BLOCKS or node.tag == "br":
            parts.append(" ")
        elif node.tag == "img":
            parts.append(f" {description(node.attributes.get('alt'))} ")
        return node.tag not in UNREAD and node.is_element_node and not is_hidden(node)

    def leave(node: "LexborNode") -> None:
        if node.tag in BLOCKS:
            parts.append(" ")

    walk(root, enter, leave)
    return clean_line("".join(parts)).replace(" ; ", "; ")


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
