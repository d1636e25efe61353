"""Markdown in, headings, paragraphs, lists, tables and code out; front matter becomes metadata.

CommonMark with GitHub's tables. HTML blocks are read as HTML.
"""

import datetime
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from scoville.read.assemble import ParsedFile, Piece
from scoville.read.clean import clean, clean_line
from scoville.types import Scalar

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.{0,65536}?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_COMMENT = re.compile(r"\s*<!--.*?-->\s*", re.DOTALL)


def read_markdown(text: str) -> ParsedFile:
    """Read Markdown; an element's anchor is the line it begins at. Front matter that is no YAML is read as text."""
    from markdown_it import MarkdownIt

    text = clean(text)
    metadata, body, line = _front_matter(text)
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(body)
    title = metadata.pop("title", None)
    return ParsedFile(
        media_type="text/markdown",
        pieces=_pieces(tokens, line),
        title=str(title) if title else None,
        metadata=metadata,
    )


def _front_matter(text: str) -> tuple[dict[str, Scalar], str, int]:
    """Split off front matter: its values, lists with commas, the text after it, and how many lines it took."""
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text, 0
    import yaml

    try:
        loaded: Any = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date such as 2024-13-45
        return {}, text, 0
    if not isinstance(loaded, dict):
        return {}, text, 0
    scalars = {str(key): _scalar(value) for key, value in loaded.items()}
    found = {key: value for key, value in scalars.items() if value is not None}
    return found, text[match.end() :], match[0].count("\n")


def _scalar(value: object) -> Scalar | None:
    if isinstance(value, datetime.date):  # a datetime too
        return value.isoformat()
    if isinstance(value, str):
        return clean_line(value) or None
    if isinstance(value, list):
        return ", ".join(str(one) for item in cast("list[object]", value) if (one := _scalar(item)) is not None) or None
    return value if isinstance(value, bool | int | float) else None


def _pieces(tokens: "Sequence[Token]", first_line: int) -> list[Piece]:
    pieces: list[Piece] = []
    lists: list[int | None] = []
    marker = ""
    position = 0
    while position < len(tokens):
        token = tokens[position]
        anchor = f"line {token.map[0] + first_line + 1}" if token.map else None
        match token.type:
            case "heading_open":
                text = _inline(tokens[position + 1])
                pieces.append(Piece(kind="heading", text=text, level=int(token.tag[1:]), anchor=anchor))
                position += 1
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                marker = _next_marker(lists)
            case "list_item_close":
                marker = ""
            case "inline":
                text, marker = marker + _inline(token), ""
                kind, level = ("list_item", len(lists)) if lists else ("paragraph", None)
                pieces.append(Piece(kind=kind, text=text, level=level, anchor=anchor))
            case "fence" | "code_block":
                pieces.append(Piece(kind="code", text=token.content, anchor=anchor))
            case "html_block":
                pieces += _html(token.content, anchor)
            case "table_open":
                position, table = _table(tokens, position, anchor)
                pieces.append(table)
            case _:
                pass
        position += 1
    return pieces


def _next_marker(lists: list[int | None]) -> str:
    number = lists[-1]
    if number is None:
        return "- "
    lists[-1] = number + 1
    return f"{number}. "


def _table(tokens: "Sequence[Token]", position: int, anchor: str | None) -> tuple[int, Piece]:
    """Read the table that opens at a position: where it closes, and the table."""
    rows: list[list[str]] = []
    header_rows = 0
    while tokens[position].type != "table_close":
        match tokens[position].type:
            case "tr_open":
                rows.append([])
            case "inline":
                rows[-1].append(_inline(tokens[position]).replace("\n", " "))
            case "thead_close":
                header_rows = len(rows) if any(map(any, rows)) else 0
            case _:
                pass
        position += 1
    return position, Piece(kind="table", rows=tuple(map(tuple, rows)), header_rows=header_rows, anchor=anchor)


def _inline(token: "Token") -> str:
    """Give the text of inline Markdown: of links their text, of pictures their description."""
    parts: list[str] = []
    for child in token.children or ():
        match child.type:
            case "softbreak" | "hardbreak":
                parts.append("\n")
            case "image":
                parts.append(_inline(child))
            case "html_inline":
                parts.append("\n" if _BREAK.fullmatch(child.content) else "")
            case _:
                parts.append(child.content)
    return "".join(parts)


def _html(source: str, anchor: str | None) -> list[Piece]:
    from scoville.read.text.html import read_html

    if _COMMENT.fullmatch(source):
        return []
    pieces = read_html(source).pieces
    return [
        Piece(kind=p.kind, text=p.text, level=p.level, rows=p.rows, header_rows=p.header_rows, anchor=anchor)
        for p in pieces
    ]
