"""Importers of conversations and instructions: Alpaca, ShareGPT, OpenAI messages, MT-bench.

Enters: local files. Leaves: cases, one for each conversation: its last answered question, the turns before it as the
history, the answer as the expected one. What a system prompt says is left out, because the system that is measured
brings its own. Fetches nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scoville.cases.importers.shape import (
    Importer,
    Loaded,
    Sample,
    first_of,
    is_list,
    make_case,
    objects,
    text,
    texts,
)
from scoville.cases.parts import SECTION
from scoville.types import Case, Message

ROLES = {
    "human": "user", "user": "user", "gpt": "assistant", "chatgpt": "assistant", "bing": "assistant",
    "bard": "assistant", "model": "assistant", "assistant": "assistant", "system": "system", "developer": "system",
}  # fmt: skip
REFERENCE_MODEL = "gpt-4"


def _alpaca(path: Path) -> Loaded:
    """Alpaca, Dolly and their like: the input follows the instruction after an empty line."""
    for _, row in objects(path):
        parts = [text(row.get("instruction")), text(first_of(row, "input", "context"))]
        yield make_case(
            "\n\n".join(part for part in parts if part) if parts[0] else None,
            id=row.get("id"),
            expected=[first_of(row, "output", "response")],
            tags=[row.get("category")],
        )


def _sharegpt(path: Path) -> Loaded:
    for _, row in objects(path):
        turns = [(turn.get("from"), turn.get("value")) for turn in _objects(row.get("conversations"))]
        yield _conversation(turns, row.get("id"))


def _messages(path: Path) -> Loaded:
    for _, row in objects(path):
        turns = [(turn.get("role"), content_of(turn.get("content"))) for turn in _objects(row.get("messages"))]
        yield _conversation(turns, row.get("id"))


def content_of(value: Any) -> str:
    """Give the text of a message: as it is, or in parts."""
    if not is_list(value):
        return text(value)
    return "\n".join(part for turn in _objects(value) if (part := text(turn.get("text"))))


def _conversation(turns: Iterable[tuple[Any, Any]], id: Any) -> Case | str:
    said: list[Message] = []
    for name, content in turns:
        role = ROLES.get(str(name))
        if role is None:
            return f"a turn of the role {str(name)[:20]!r}"
        if role != "system" and text(content):
            said.append(Message(role="user" if role == "user" else "assistant", content=text(content)))
    answered = [
        at for at, turn in enumerate(said[1:], start=1) if (said[at - 1].role, turn.role) == ("user", "assistant")
    ]
    if not answered:
        return "no question that is answered"
    *history, question, answer = said[: answered[-1] + 1]
    return make_case(question.content, id=id, history=history, expected=[answer.content])


def _mt_bench(path: Path) -> Loaded:
    """MT-bench: a case for each turn, with the id ``81-2``; its section is the question, so turns stay together.

    The history of a later turn holds the user's turns alone: the benchmark means the system's own earlier answers,
    which only the one who runs it can put between them.
    """
    file = path / "question.jsonl" if path.is_dir() else path
    given = _references(file.parent / "reference_answer")
    for _, row in objects(file):
        name, turns = text(row.get("question_id")), texts(row.get("turns") or [""])
        references = texts(row["reference"]) if row.get("reference") else given.get(name, [])
        for number, question in enumerate(turns, start=1):
            yield make_case(
                question if is_list(row.get("turns")) else None,
                id=f"{name}-{number}",
                history=[Message(role="user", content=turn) for turn in turns[: number - 1] if turn],
                expected=references[number - 1 : number],
                tags=[f"{SECTION}{name}", row.get("category")],
            )


def _references(folder: Path) -> Mapping[str, Sequence[str]]:
    files = sorted(folder.glob("*.jsonl"), key=lambda file: (file.stem != REFERENCE_MODEL, file.name))
    if not files:
        return {}
    rows = (row for _, row in objects(files[0]))
    return {text(row.get("question_id")): _first_turns(row) for row in rows}


def _first_turns(row: Mapping[str, Any]) -> list[str]:
    choices = _objects(row.get("choices"))
    return texts(next(choices, {}).get("turns") or [])


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    return (item for item in (value if is_list(value) else ()) if isinstance(item, Mapping))


def _is_mt_bench(sample: Sample) -> bool:
    if sample.path.is_dir():
        return (sample.path / "question.jsonl").is_file()
    return sample.has("question_id", "turns")


CHAT_IMPORTERS: Mapping[str, Importer] = {
    "messages": Importer("OpenAI messages: JSON lines", lambda sample: sample.has("messages"), _messages),
    "sharegpt": Importer("ShareGPT: conversations of from and value", lambda sample: sample.has("conversations"),
                         _sharegpt),
    "mt_bench": Importer("MT-bench: question.jsonl, or its folder with reference_answer/", _is_mt_bench, _mt_bench),
    "alpaca": Importer("Alpaca or Dolly: instruction, input, output",
                       lambda sample: sample.has("instruction") and (sample.has("output") or sample.has("response")),
                       _alpaca),
}  # fmt: skip
