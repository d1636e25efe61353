"""Worked examples for a prompt, chosen for each question among cases.

Enters: cases, of which only those of the ``train`` part are taken: what is kept for tuning and testing is in no prompt.
Leaves: the examples most like a question, the most alike last. A case that asks the same is none.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from scoville.embed import Embedder
from scoville.errors import UsageError
from scoville.recipe.prompt import Example
from scoville.types import Case

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Shots:
    """Examples out of cases, which are read when the first is needed."""

    def __init__(self, cases: Callable[[], Sequence[Case]], embedder: Embedder) -> None:
        self._cases = cases
        self._embedder = embedder

    def nearest(self, question: str, count: int, *, numbered: bool) -> list[Example]:
        """Give the most alike, the most alike last; ``numbered``: passages bear numbers, which answers cite."""
        if not count:
            return []
        cases, vectors = self._known
        order = (vectors @ self._embedder.embed([question], "query")[0]).argsort()[::-1]
        other = [cases[index] for index in order if not _same(cases[index].question, question)]
        return [_example(case, numbered) for case in reversed(other[:count])]

    @cached_property
    def _known(self) -> "tuple[list[Case], NDArray[np.float32]]":
        cases = [case for case in self._cases() if case.split == "train" and case.expected and _quote(case)]
        if not cases:
            raise UsageError(
                "prompt.shots: cases/ holds no case of the train part with an answer and a quote of the evidence; "
                "divide them with `scoville cases split`, or set it to 0"
            )
        return cases, self._embedder.embed([case.question for case in cases], "query")


def _example(case: Case, numbered: bool) -> Example:
    if not numbered:
        return Example(context=_quote(case), question=case.question, answer=case.expected[0])
    return Example(
        context=f"[1] {_quote(case)}", question=case.question, answer=f"{case.expected[0].rstrip('. ')} [1]."
    )


def _quote(case: Case) -> str:
    return next((one.quote for one in case.evidence if one.quote), "") if not case.history else ""


def _same(one: str, other: str) -> bool:
    return " ".join(one.casefold().split()).rstrip("?") == " ".join(other.casefold().split()).rstrip("?")
