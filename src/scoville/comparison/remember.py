"""A system that searches for nothing twice, and whose answers say what they would have taken alone.

Enters: a searcher and a model that remember. Leaves: answers with the seconds and tokens of the first time. Knows no
builds and no trials.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scoville.evaluate.system import RecipeSystem
from scoville.search import Found, Searcher
from scoville.search.trace import AskReply
from scoville.types import Answer, Case, Message


class RememberingSearcher(Searcher):
    """Searches for nothing twice; what it finds has the seconds and the replies of the first time."""

    def __init__(self, searcher: Searcher) -> None:
        super().__init__(
            searcher.index, searcher.embedder, searcher.settings,
            reranker=searcher.reranker, rewriter=searcher.rewriter, guards=searcher.guards,
        )  # fmt: skip
        self._found: dict[str, Found] = {}

    def search(
        self, question: str, *, history: Sequence[Message] = (), ask: AskReply | None = None, **options: Any
    ) -> Found:
        """Search, or give what was found for the same question, without the steps."""
        key = repr((question, tuple(history), sorted(options.items())))
        if found := self._found.get(key):
            return replace(found, steps=())
        found = super().search(question, history=history, ask=ask, **options)
        known = sum(max(0.0, asked.reply.total_seconds - asked.seconds) for asked in found.asked)
        self._found[key] = replace(found, seconds=found.seconds + known)
        return self._found[key]


class SharedSystem(RecipeSystem):
    """A recipe's system, whose answers have the seconds, tokens and dollars that they would have alone."""

    def ask(self, case: Case) -> Answer:
        """Answer a case."""
        answer = super().ask(case)
        total = answer.total_seconds + _remembered_seconds(answer)
        reply = answer.reply
        first = total - reply.total_seconds + reply.first_token_seconds if reply else None
        return replace(answer, total_seconds=total, first_token_seconds=first)


def _remembered_seconds(answer: Answer) -> float:
    """Give how much longer an answer would have taken if nothing had been known."""
    took = {stage.name: stage.seconds for stage in answer.stages}
    known = max(0.0, answer.reply.total_seconds - took.get("generate", 0.0)) if answer.reply else 0.0
    return known + max(0.0, answer.search_seconds - took.get("search", 0.0) - took.get("prompt", 0.0))
