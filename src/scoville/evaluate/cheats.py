"""Systems that answer without reading: what a measure of answers must not be fooled by.

Enters: the name of a cheat, the search of a workspace. Leaves: a system. Each gives what it found as its passages and
cites what it pasted, as a bot would; where it draws at random, the id of the case is the seed. The sixth, ``quote``, is
a model of its own (:mod:`scoville.llm.quote`).
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scoville.answer.contract import hit_json, ranked_json
from scoville.evaluate.metrics.retrieval import DEPTH
from scoville.search import Searcher
from scoville.sentences import sentences
from scoville.types import Case

PREFIX = "cheat:"
QUOTE = "quote"
REFUSE = "always-refuse"


def _echo(case: Case, texts: Sequence[str]) -> str:
    return case.question


def _first(case: Case, texts: Sequence[str]) -> str:
    return "".join(texts[:1])


def _all(case: Case, texts: Sequence[str]) -> str:
    return "\n\n".join(texts)


def _random(case: Case, texts: Sequence[str]) -> str:
    found = [sentence.text for text in texts for sentence in sentences(text)]
    return random.Random(case.id).choice(found) if found else ""  # noqa: S311 - not for secrets


_ANSWERS: Mapping[str, Callable[[Case, Sequence[str]], str]] = {
    "echo": _echo, "first-passage": _first, "all-passages": _all, "random-sentence": _random,
}  # fmt: skip
CHEATS = (*_ANSWERS, REFUSE, QUOTE)
"""``echo`` says the question, ``random-sentence`` one of those found; ``quote`` the nearest sentence."""


class CheatSystem:
    """Answers from what the search found, or from nothing, without a model."""

    concurrency = 1

    def __init__(self, cheat: str, searcher: Searcher, refusal: str) -> None:
        self.name = f"{PREFIX}{cheat}"
        self._cheat = cheat
        self._searcher = searcher
        self._refusal = refusal

    def describe(self) -> Mapping[str, Any]:
        """Give its name."""
        return {"kind": "cheat", "cheat": self._cheat}

    def ask(self, case: Case) -> Mapping[str, Any]:
        """Answer a case; where nothing was found to paste, refuse."""
        where = [case.where] if case.where else []
        found = self._searcher.search(case.question, history=case.history, where=where)
        hits = found.hits
        passages = [hit_json(hit) for hit in hits]
        texts = [hit.passage.text for hit in hits]
        text = "" if self._cheat == REFUSE else _ANSWERS[self._cheat](case, texts)
        ranking = [ranked_json(hit) for hit in self._searcher.deepen(found, DEPTH)]
        answer = {"passages": passages, "ranking": ranking, "cost_usd": 0.0}
        if not text.strip():
            return {**answer, "answer": self._refusal, "refused": True}
        cited = [passage for passage, pasted in zip(passages, texts, strict=True) if pasted in text or text in pasted]
        citations = [{**passage, "quote": passage["text"], "verified": True} for passage in cited]
        return {**answer, "answer": text, "refused": False, "citations": citations}
