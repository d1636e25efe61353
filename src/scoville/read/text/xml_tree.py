"""XML bytes in, a parsed tree out, without anything that the file asks to be fetched or multiplied.

Knows XML, no vocabulary of it. libxml2's own limits stay on: 256 levels of nesting, 10 MB in one text.
"""

from collections.abc import Iterator
from typing import Any

from scoville.errors import ReadFailure


def parse_xml(data: bytes) -> Any:
    """Parse XML to its root element. Raises ReadFailure for damaged XML and for XML that declares its own entities."""
    from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

    # No DTD is loaded; entities stay as nodes, so that none of them is resolved by accident.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ReadFailure(f"is damaged XML: {' '.join(str(error.msg).split())}") from None
    doctype = root.getroottree().docinfo.internalDTD
    if doctype is not None and any(True for _ in doctype.iterentities()):
        raise ReadFailure("declares XML entities of its own, which can exhaust a machine or fetch files: not read")
    return root


def name_of(element: Any) -> str:
    """Give an element's name without its namespace; empty for comments and entities."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Any, name: str) -> str:
    """Give an attribute by its name without namespace; empty where it is missing."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def descendants(element: Any, *names: str) -> Iterator[Any]:
    """Give all elements below one, of these names in any namespace, in document order."""
    return element.iterdescendants(*(f"{{*}}{name}" for name in names))


def child(element: Any, *path: str) -> Any:
    """Follow names of children in any namespace; None where one is missing."""
    for name in path:
        element = next(element.iterchildren(f"{{*}}{name}"), None) if element is not None else None
    return element


def all_text(element: Any) -> str:
    """Give all text below an element."""
    from html import unescape

    parts: list[str] = [element.text or ""] if isinstance(element.tag, str) else []
    for inner in element.iterdescendants():
        if isinstance(inner.tag, str):
            parts.append(inner.text or "")
        elif (inner.text or "").startswith("&"):  # an entity of a DTD that was not loaded: often one of HTML's
            parts.append(unescape(inner.text))
        parts.append(inner.tail or "")
    return "".join(parts)
