"""A system whose answers cost what is new in them, and tell what they would cost alone.

Enters: a searcher's parts and a model that remember. Leaves: answers with the seconds, tokens and dollars of the first
time, and a count of the seconds that were really spent. Knows no builds and no trials.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from scoville.answer import Answerer
from scoville.embed.remember import RememberingEmbedder
from scoville.evaluate.system import RecipeSystem
from scoville.index import Index
from scoville.llm.remember import RememberingLlm
from scoville.recipe import Search as SearchSettings
from scoville.search import Found, Rewriter, Searcher
from scoville.search.rerank import Reranker
from scoville.search.trace import AskReply
from scoville.types import Answer, Case, Message


class Work:
    """Seconds by stage: what was done, and what would have been done if nothing were remembered."""

    def __init__(self, done: Mapping[str, float] | None = None, spared: Mapping[str, float] | None = None) -> None:
        self.done = defaultdict[str, float](float, done or {})
        self.spared = defaultdict[str, float](float, spared or {})

    def copy(self) -> "Work":
        """Give these seconds as they are now."""
        return Work(self.done, self.spared)

    def since(self, before: "Work") -> "Work":
        """Give what came since."""
        return Work(*(
            {stage: seconds - old[stage] for stage, seconds in now.items() if seconds > old[stage]}
            for now, old in ((self.done, before.done), (self.spared, before.spared))
        ))  # fmt: skip


class RememberingSearcher(Searcher):
    """Searches for nothing twice; what it finds has the seconds and the replies of the first time."""

    def __init__(
        self,
        index: Index,
        embedder: RememberingEmbedder,
        settings: SearchSettings,
        *,
        reranker: Reranker | None,
        rewriter: Rewriter | None,
        llm: RememberingLlm | None,
        work: Work,
    ) -> None:
        super().__init__(index, embedder, settings, reranker=reranker, rewriter=rewriter)
        self._remembering = embedder
        self._llm = llm
        self._work = work
        self._found: dict[str, Found] = {}

    def search(
        self, question: str, *, history: Sequence[Message] = (), ask: AskReply | None = None, **options: Any
    ) -> Found:
        """Search, or give what was found for the same question, without the steps."""
        key = repr((question, tuple(history), sorted(options.items())))
        if key in self._found:
            found = self._found[key]
            self._work.spared["search"] += found.seconds
            return replace(found, steps=())
        self._take_spared()
        found = super().search(question, history=history, ask=ask, **options)
        spared = self._take_spared()
        self._work.done["search"] += found.seconds
        self._work.spared["search"] += spared
        self._found[key] = replace(found, seconds=found.seconds + spared)
        return self._found[key]

    def _take_spared(self) -> float:
        return self._remembering.take_spared() + (self._llm.take_spared() if self._llm else 0.0)


class SharedSystem(RecipeSystem):
    """A recipe's system, whose answers have the seconds, tokens and dollars that they would have alone."""

    def __init__(self, answerer: Answerer, embedder: RememberingEmbedder, llm: RememberingLlm, work: Work) -> None:
        super().__init__(answerer)
        self._shared = embedder, llm, work

    def ask(self, case: Case) -> Answer:
        """Answer a case."""
        embedder, llm, work = self._shared
        before, written = work.copy(), len(llm.written)
        llm.take_spared()
        started = time.perf_counter()
        answer = super().ask(case)
        seconds = time.perf_counter() - started
        focus, generation = embedder.take_spared(), llm.take_spared()
        work.spared["prompt"] += focus
        work.spared["generate"] += generation
        reply = answer.reply
        if reply and len(llm.written) > written and not generation:
            work.done["generate"] += reply.total_seconds
        since = work.since(before)
        work.done["prompt"] += max(0.0, seconds - sum(since.done.values()))
        total = answer.total_seconds + sum(since.spared.values())
        return replace(
            answer,
            search_seconds=answer.search_seconds + focus,
            total_seconds=total,
            first_token_seconds=total - reply.total_seconds + reply.first_token_seconds if reply else None,
        )
