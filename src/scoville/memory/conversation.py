"""One conversation: each question is given the turns before it, and becomes a turn itself.

Enters: questions. Leaves: answers. Where it has an id its turns are stored; without one they end with it. Knows no
index and no model: it is given what answers.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from scoville.answer.grounding import MARKER
from scoville.memory.turns import Conversations, Turn, check_name
from scoville.memory.window import Window
from scoville.types import Answer, Message


class Answered(NamedTuple):
    """An answer, and the id of its trace; empty where none is kept."""

    answer: Answer
    trace_id: str


class AsksWithHistory(Protocol):
    """What answers a question after some turns."""

    def __call__(self, question: str, history: Sequence[Message], **how: Any) -> Answered:
        """``how`` is what :meth:`Conversation.ask` was given."""
        ...


class Conversation:
    """A conversation over the documents of one workspace; ``bot.conversation(id)`` makes one."""

    def __init__(self, ask: AsksWithHistory, window: Window, stored: Conversations | None = None, id: str = "") -> None:
        self.id = check_name(id) if stored else id
        self._ask = ask
        self._window = window
        self._stored = stored
        self._turns: list[Turn] = []

    @property
    def turns(self) -> list[Turn]:
        """What was asked and answered, oldest first; as it is stored, where it is."""
        return self._stored.turns(self.id) if self._stored else self._turns

    def history(self) -> list[Message]:
        """Give what the next question is given of the turns before it."""
        return self._window.messages(self.turns)

    def ask(self, question: str, **how: Any) -> Answer:
        """Answer a question that may lean on the ones before; ``how`` is that of ``bot.ask``, but for ``history``.

        ``answer.searched`` is the question that was made of it.
        """
        answer, trace_id = self._ask(question, self.history(), **how)
        turn = turn_of(answer)
        if self._stored:
            self._stored.add(self.id, turn, trace_id)
        else:
            self._turns.append(turn)
        return answer

    def forget(self) -> int:
        """Delete its turns and their traces; give how many turns that were."""
        if self._stored:
            return self._stored.forget(self.id)
        count = len(self._turns)
        self._turns.clear()
        return count


def turn_of(answer: Answer) -> Turn:
    """Give an answer as a turn of a conversation."""
    refused = answer.refused and not answer.asks_back  # what is asked back is leaned on
    text = MARKER.sub("", answer.text)
    return Turn(question=answer.question, answer=text, refused=refused, time=answer.started_at)
