"""Messages of OpenAI's APIs → a question and the turns before it. Enters: JSON. Leaves: a question, or ``Refused``.

The last message is the question. What system messages ask for is the recipe's to decide, so they are left out.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from scoville.serve.cited import without_markers
from scoville.serve.refused import Refused
from scoville.types import Message


class Part(BaseModel):
    """A part of a message."""

    type: str
    text: str = ""


class Turn(BaseModel):
    """A message."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """Give its text; Refused where it has anything else."""
        if not isinstance(self.content, list):
            return self.content or ""
        for part in self.content:
            if part.type not in ("text", "input_text", "output_text", "refusal"):
                raise Refused(400, f"a part of type {part.type!r:.40}: expected text only", code="unsupported_value")
        return "\n".join(part.text for part in self.content)


def asking(turns: Sequence[Turn]) -> tuple[str, list[Message]]:
    """Give the question, and the turns before it."""
    if not turns or turns[-1].role != "user":
        raise Refused(400, "the last message is not the user's: expected the question there", code="invalid_value")
    history: list[Message] = []
    for turn in turns[:-1]:
        if turn.role in ("tool", "function"):
            raise Refused(400, "a message of a tool: this service calls no tools", code="unsupported_value")
        if turn.role == "user":
            history.append(Message(role="user", content=turn.text))
        elif turn.role == "assistant":
            history.append(Message(role="assistant", content=without_markers(turn.text)))
    return turns[-1].text, history
