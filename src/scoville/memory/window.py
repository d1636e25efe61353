"""What the next question is given of the turns before it.

Enters: turns, and a budget in tokens. Leaves: messages that fit. Knows no storage.
"""

from collections.abc import Callable, Sequence

from scoville.memory.turns import Turn
from scoville.recipe import Memory
from scoville.sentences import sentences
from scoville.types import Message

EARLIER = "What did we speak about before?"
SUMMARISE = (
    "Summarise the conversation in two or three sentences, with the names, numbers and dates that later questions may "
    "lean on. Add nothing to it, and answer no question. Reply with the summary only."
)
SUMMARY_SHARE = 3
"""A summary takes at most this part of the budget: one third."""

Summarise = Callable[[Sequence[Message]], str]
"""Asks a model that writes."""


class Window:
    """Chooses turns as the recipe says; ``summarise`` is missing where the model writes no words of its own."""

    def __init__(
        self,
        settings: Memory,
        count_tokens: Callable[[Sequence[Message]], int],
        summarise: Summarise | None = None,
    ) -> None:
        self._settings = settings
        self._count = count_tokens
        self._summarise = summarise
        self._summaries: dict[tuple[Turn, ...], str] = {}

    def messages(self, turns: Sequence[Turn]) -> list[Message]:
        """Give the turns that fit, oldest first; those before them in short, where the recipe says so.

        A refusal says nothing that a later question could lean on, and is left out.
        """
        told = [turn for turn in turns if not turn.refused]
        if self._settings.window == "none" or not told:
            return []
        budget = self._settings.tokens
        whole = self._fit([_messages(turn) for turn in told], budget)
        if self._settings.window == "raw" or len(whole) == 2 * len(told):
            return whole
        recent = self._fit([_messages(turn) for turn in told], budget - budget // SUMMARY_SHARE)
        older = told[: len(told) - len(recent) // 2]
        return [*self._summary(older, budget - self._count(recent)), *recent]

    def _fit(self, turns: Sequence[list[Message]], budget: int) -> list[Message]:
        """Take the last turns that fit together."""
        taken: list[Message] = []
        for turn in reversed(turns):
            if self._count([*turn, *taken]) > budget:
                break
            taken = [*turn, *taken]
        return taken

    def _summary(self, turns: Sequence[Turn], budget: int) -> list[Message]:
        if self._summarise is None:
            return self._fit([_messages(_shortened(turn)) for turn in turns], budget)
        key = tuple(turns)
        if key not in self._summaries:
            asked = [message for turn in turns for message in _messages(turn)]
            told = "\n".join(f"{'Question' if one.role == 'user' else 'Answer'}: {one.content}" for one in asked)
            prompt = [Message(role="system", content=SUMMARISE), Message(role="user", content=told)]
            self._summaries = {key: " ".join(self._summarise(prompt).split())}
        text = self._summaries[key]
        summary = [Message(role="user", content=EARLIER), Message(role="assistant", content=text)]
        return summary if text and self._count(summary) <= budget else []


def _messages(turn: Turn) -> list[Message]:
    return [Message(role="user", content=turn.question), Message(role="assistant", content=turn.answer)]


def _shortened(turn: Turn) -> Turn:
    first = next(sentences(turn.answer), None)
    return turn._replace(answer=first.text if first else turn.answer)
