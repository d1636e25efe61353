"""What a model is trained on: conversations whose last turn is learned, and texts that are read through.

Enters and leaves: values, and files of JSON lines in the form of OpenAI's fine-tuning, which TRL and others read too.
Knows no prompt, no tokens and no model.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from scoville.cases.rows import json_rows
from scoville.errors import UsageError
from scoville.storage import write_whole
from scoville.types import Message, Role

FORM = 'expected {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}'


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A conversation; the last turn is the assistant's, and the loss is on that turn alone."""

    id: str
    messages: tuple[Message, ...]
    source: str = ""
    """The document, or the file, that it comes from."""
    group: str = ""
    """What must not be divided between training and dev: a document, an article, a conversation."""
    kind: str = ""
    """What it teaches: ``grounded``, ``refusal``, ``table``, ``closed_book``, ``chat``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A stretch of a text for continued pretraining: the loss is on all of it."""

    id: str
    text: str
    source: str = ""
    group: str = ""


def example_id(messages: Sequence[Message]) -> str:
    """Make the id of an example: the same conversation always has the same."""
    return _hash([[message.role, message.content] for message in messages])[:12]


def digest(rows: Iterable[Example | Text]) -> str:
    """Hash what rows say, in whatever order: with the recipe it says what a model was made of."""
    return _hash(sorted(_hash(said(row)) for row in rows))[:16]


def said(row: Example | Text) -> list[str]:
    """Give the texts that a row shows to a model."""
    return [row.text] if isinstance(row, Text) else [message.content for message in row.messages]


def write_rows(path: Path, rows: Iterable[Example | Text]) -> None:
    """Write rows as JSON lines, all or nothing."""
    write_whole(path, "".join(f"{json.dumps(row_json(row), ensure_ascii=False)}\n" for row in rows))


def row_json(row: Example | Text) -> dict[str, Any]:
    """Write a row as JSON; what is empty is left out."""
    if isinstance(row, Text):
        values: dict[str, Any] = {"id": row.id, "text": row.text, "source": row.source, "group": row.group}
    else:
        turns = [{"role": message.role, "content": message.content} for message in row.messages]
        values = {"id": row.id, "messages": turns, "source": row.source, "group": row.group, "kind": row.kind}
    return {key: value for key, value in values.items() if value}


def read_rows(path: Path) -> list[Example | Text]:
    """Read what ``write_rows`` wrote; UsageError names the line that is wrong."""
    return [_row(path, line, value) for line, value in json_rows(path)]


def _row(path: Path, line: int, value: Any) -> Example | Text:
    kept = {key: str(value.get(key, "")) for key in ("id", "source", "group")} if isinstance(value, dict) else {}
    if kept and isinstance(value.get("text"), str):
        return Text(text=value["text"], **kept)
    turns = value.get("messages") if kept else None
    if not isinstance(turns, list) or not turns or not all(map(_is_turn, turns)) or turns[-1]["role"] != "assistant":
        raise UsageError(f"{path}: line {line} is no row of training; {FORM}, the assistant's turn last")
    messages = tuple(Message(role=turn["role"], content=turn["content"]) for turn in turns)
    return Example(messages=messages, kind=str(value.get("kind", "")), **kept)


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, dict) and turn.get("role") in get_args(Role) and isinstance(turn.get("content"), str)


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()
