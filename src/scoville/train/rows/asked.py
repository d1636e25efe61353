"""Cases of the workspace become questions with passages: their evidence, and what the index finds beside it.

Enters: cases, a searcher. Leaves: questions, or the reason why a case makes none. The evidence of cases that are kept
for testing is never given. The way of RAFT (Zhang et al., 2024): distractors are what the search itself finds and what
does not hold the answer; in some rows the evidence is missing, and here the right reply is then to decline.
"""

from collections.abc import Collection

from scoville.search import Searcher
from scoville.train.rows.grounded import Question, may_answer
from scoville.train.rows.places import EVERYONE, Places
from scoville.types import Case, Passage

SEARCHED = 4
"""So many times the passages that are given are looked at for distractors."""


class CaseQuestions:
    """Makes questions of cases, over one index."""

    def __init__(self, searcher: Searcher, places: Places, withheld: Collection[str]) -> None:
        self._searcher = searcher
        self._places = places
        self._withheld = withheld
        """The ids of passages with the evidence of tests."""
        self._count = searcher.settings.passages

    def of(self, case: Case, group: str) -> Question | str:
        """Give the question of a case: to be answered from its evidence, or to be declined."""
        if case.choices:
            return "a question of choices"
        if not case.answerable:
            return self._declined(case, group)
        evidence = [passage for passage in self._places.of(case)[: self._count] if passage.id not in self._withheld]
        if not case.expected:
            return "no answer"
        if not evidence:
            return "its evidence is not in the index, or is kept for testing"
        found, searched = self._search(case)
        known = {passage.id for passage in evidence}
        beside = [one for one in found if one.id not in known]
        others = [one for one in beside if not may_answer(one.content, case.expected, case.question)]
        is_table = all(line.startswith("|") for one in case.evidence for line in (one.quote or "-").splitlines())
        return Question(
            id=case.id, question=case.question, answer=case.expected[0], evidence=evidence,
            distractors=others[: self._count], history=case.history, searched=searched,
            kind="table" if is_table else "grounded", source=evidence[0].source, group=group,
        )  # fmt: skip

    def _declined(self, case: Case, group: str) -> Question | str:
        found, searched = self._search(case)
        if not found:
            return "nothing is found that it could be asked on"
        return Question(id=case.id, question=case.question, distractors=found[: self._count], history=case.history,
                        searched=searched, kind="refusal", source=found[0].source, group=group)  # fmt: skip

    def _search(self, case: Case) -> tuple[list[Passage], str]:
        where = [case.where] if case.where else []
        found = self._searcher.search(
            case.question, where=where, groups=EVERYONE, limit=SEARCHED * self._count, history=case.history
        )  # fmt: skip
        return [hit.passage for hit in found.hits if hit.passage.id not in self._withheld], found.question
