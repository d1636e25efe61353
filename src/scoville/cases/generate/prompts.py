"""What a model is asked for each kind of case; the texts stand in ``prompts.toml``.

Enters: a kind, passages, examples. Leaves: messages and the schema of the reply. Knows no model.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scoville.cases.generate.draft import KINDS, Kind
from scoville.types import Message

PROMPTS: Mapping[str, Any] = tomllib.loads(Path(__file__).with_name("prompts.toml").read_text(encoding="utf-8"))
FIELDS: Mapping[Kind, tuple[str, ...]] = {kind: tuple(PROMPTS[kind]["reply"]) for kind in KINDS}
"""Of the reply, in the order in which a model writes them."""
PAIRED: frozenset[Kind] = frozenset({"multi_hop", "comparison"})


def schema(kind: Kind) -> dict[str, Any]:
    """Give the JSON schema of the reply; bounds on lengths would make local grammars slow to build."""
    fields = {name: {"type": "string"} for name in FIELDS[kind]}
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def case_messages(kind: Kind, shown: Sequence[str], questions: Sequence[str]) -> list[Message]:
    """Ask for a case of a kind about sentences; ``questions`` are examples of what people ask."""
    example = PROMPTS[kind]
    wanted = "".join(f"\n- {question}" for question in questions)
    style = f"\n\nPeople ask questions such as:{wanted}" if wanted else ""
    return [
        Message(role="system", content=f"{PROMPTS['system']}{style}"),
        Message(role="user", content=_task(kind, example["sentences"])),
        Message(role="assistant", content=json.dumps(example["reply"])),
        Message(role="user", content=_task(kind, shown)),
    ]


def _task(kind: Kind, shown: Sequence[str]) -> str:
    written = "\n".join(f"Sentence: {' '.join(text.split())}" for text in shown)
    return f"{written}\n\n{PROMPTS[kind]['task']}"
