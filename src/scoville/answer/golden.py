"""Answers that people have checked come first, where the same is asked and the documents still say so.

Enters: a question, golden cases (``cases/golden.jsonl``), passages. Leaves: the case that the question asks, with its
citations; None where its evidence is not there, was changed, or may not be read by who asks. The same is asked where
both questions have the same words in the same order, but for articles and forms of a word. Of 8,455 questions of SQuAD
2, many of which were written to look alike, no two are taken for one; by content words in any order 26 pairs were, most
of them wrongly ("came before", "came after").
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scoville.answer.grounding import cite
from scoville.sentences import stem
from scoville.types import Case, Citation, Hit, Passage

FILE = "golden.jsonl"
WORD = re.compile(r"\d+(?:[.,]\d+)*|\w+")
EMPTY = frozenset(["a", "an", "the", "please"])
SAME = {"whom": "who", "which": "what", "does": "do", "are": "is", "were": "was"}


@dataclass(frozen=True, kw_only=True)
class Told:
    """A golden answer to what was asked."""

    case: Case
    text: str
    passages: tuple[Passage, ...]
    citations: tuple[Citation, ...]


def golden_answer(
    question: str, cases: Sequence[Case], find: Callable[[Case], Sequence[Passage]], first: Sequence[Passage] = ()
) -> Told | None:
    """Find the golden answer to a question; its evidence is looked for among ``first``, then in what ``find`` gives."""
    asked = _asked(question)
    for case in cases:
        if answers(case) and _asked(case.question) == asked:
            return _told(case, first) or _told(case, find(case))
    return None


def answers(case: Case) -> bool:
    """Say whether a golden case answers by itself: it has an answer, its evidence, and follows no other question."""
    return bool(case.expected and case.evidence and not case.history)


def looked_for(case: Case, search: Callable[[str], Sequence[Hit]]) -> list[Passage]:
    """Search for the quotes of a case."""
    return [hit.passage for one in case.evidence if one.quote for hit in search(one.quote)]


def stands(case: Case, search: Callable[[str], Sequence[Hit]]) -> bool:
    """Say whether the documents still say what a golden case rests on."""
    return _told(case, looked_for(case, search)) is not None


def _asked(question: str) -> list[str]:
    """Give what tells a question from others."""
    words: list[str] = WORD.findall(question.casefold())
    return [stem(SAME.get(word, word)) for word in words if word not in EMPTY]


def _told(case: Case, passages: Sequence[Passage]) -> Told | None:
    """Cite all evidence of a case; None where some of it is not among the passages, word for word."""
    used: list[Passage] = []
    citations: list[Citation] = []
    for evidence in case.evidence:
        words = evidence.quote.split()
        pattern = re.compile(r"\s+".join(map(re.escape, words))) if words else None
        found = pattern and next(
            ((passage, match) for passage in passages if evidence.is_in(passage.source)
             if (match := pattern.search(passage.text))), None,
        )  # fmt: skip
        if not found:
            return None
        passage, match = found
        if passage not in used:
            used.append(passage)
        citations.append(cite(used.index(passage) + 1, passage, match.start(), match.end()))
    marks = "".join(f" [{number}]" for number in sorted({citation.marker for citation in citations}))
    return Told(case=case, text=f"{case.expected[0]}{marks}", passages=tuple(used), citations=tuple(citations))
