"""Conversations and instructions as people bring them: OpenAI's fine-tuning files, ShareGPT, Alpaca and their like.

Enters: a local file. Leaves: an example for each answer in it, with all turns before it, or the reason why a row makes
none. A system prompt stays: what a model is trained with is what it must be asked with.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scoville.cases.importers.chats import ROLES, content_of
from scoville.cases.importers.shape import first_of, is_list, objects, text
from scoville.train.examples import Example
from scoville.types import Message

Loaded = Iterator[Example | str]
"""Examples, and for each row that makes none the reason."""
NO_ANSWER = "no answer"


def messages(path: Path) -> Loaded:
    """OpenAI's form, of the hosted services and of TRL; an assistant's turn with ``weight: 0`` is not learned."""
    for line, row in objects(path):
        turns = row.get("messages")
        yield from _examples(path, line, _turns(turns, "role", "content") if is_list(turns) else "no messages")


def sharegpt(path: Path) -> Loaded:
    """ShareGPT: turns of ``from`` and ``value``."""
    for line, row in objects(path):
        turns = row.get("conversations")
        yield from _examples(path, line, _turns(turns, "from", "value") if is_list(turns) else "no conversations")


def alpaca(path: Path) -> Loaded:
    """Alpaca, Dolly and their like: the input follows the instruction after an empty line."""
    for line, row in objects(path):
        asked = [text(row.get("instruction")), text(first_of(row, "input", "context"))]
        told = text(first_of(row, "output", "response"))
        turns = [(text(row.get("system")), "system", True), ("\n\n".join(filter(None, asked)), "user", True)]
        yield from _examples(path, line, [*turns, (told, "assistant", True)] if told else NO_ANSWER)


_Turn = tuple[str, str, bool]
"""What is said, by whom, and whether it is learned."""


def _turns(rows: Sequence[Any], role: str, content: str) -> list[_Turn] | str:
    found: list[_Turn] = []
    for row in rows:
        if not isinstance(row, Mapping):
            return "a turn that is no object"
        name = ROLES.get(str(row.get(role)))
        if name is None:
            return f"a turn of the role {str(row.get(role))[:20]!r}"
        found.append((content_of(row.get(content)), name, row.get("weight") != 0))
    return found


def _examples(path: Path, line: int, turns: list[_Turn] | str) -> Iterator[Example | str]:
    """Make an example of each answer; neighbouring turns of one speaker are one, what answers nothing is left out."""
    if isinstance(turns, str):
        yield turns
        return
    said: list[Message] = []
    learned: list[bool] = []
    for content, role, counts in turns:
        if not content or (role == "assistant" and not any(turn.role == "user" for turn in said)):
            continue
        if said and said[-1].role == role:
            content, counts = f"{said.pop().content}\n\n{content}", counts and learned.pop()
        said.append(Message(role="system" if role == "system" else "user" if role == "user" else "assistant",
                            content=content))  # fmt: skip
        learned.append(counts)
    ends = [at for at, turn in enumerate(said) if turn.role == "assistant" and learned[at]]
    if not ends:
        yield NO_ANSWER
    name = f"{path.name}:{line}"
    for number, end in enumerate(ends, start=1):
        row = f"{name}-{number}" if len(ends) > 1 else name
        yield Example(id=row, messages=tuple(said[: end + 1]), source=path.name, group=name, kind="chat")


CHATS: Mapping[str, Callable[[Path], Loaded]] = {"messages": messages, "sharegpt": sharegpt, "alpaca": alpaca}
