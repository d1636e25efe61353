"""What a changed fact does to each phase: how many answers stay old until what was done, and how many after it.

Enters: answers before and after. Leaves: counts, text, JSON. Knows no models.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scoville.evaluate.shown import written


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A text of the documents that another takes the place of."""

    old: str
    new: str

    def changed(self, text: str) -> str:
        """Put the new in the place of the old."""
        return self._of(self.old).sub(lambda _: self.new, text)

    def is_in(self, text: str) -> bool:
        """Say whether a text holds the old one, as whole words."""
        return bool(self._of(self.old).search(text))

    def is_new_in(self, text: str) -> bool:
        """Say whether a text holds the new one and not the old one."""
        return bool(self._of(self.new).search(text)) and not self.is_in(text)

    @staticmethod
    def _of(words: str) -> re.Pattern[str]:
        written = r"\s+".join(map(re.escape, words.split()))
        return re.compile(rf"(?<!\w){written}(?!\w)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseChange:
    """What a changed fact did to one phase."""

    stale: int
    """Answers with the old text until the phase is up to date."""
    seconds: float
    """To bring it up to date: the index, or with it rows and training."""
    usd: float
    new: int
    """Answers with the new text after that."""
    still_stale: int
    """Answers with the old text after that."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A changed fact, phase by phase."""

    fact: Fact
    documents: tuple[str, ...]
    questions: int
    """That expect the fact."""
    phases: Mapping[str, PhaseChange]

    def json(self) -> dict[str, Any]:
        """Give it for a program."""
        phases = [{"phase": name, **asdict(one)} for name, one in self.phases.items()]
        return {**asdict(self.fact), "documents": list(self.documents), "questions": self.questions, "phases": phases}

    def __str__(self) -> str:
        """Write a line for each phase."""
        head = ("phase", "old until then", "seconds", "$", "new after it", "old after it")
        cells = [head, *((name, *_cells(one)) for name, one in self.phases.items())]
        widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
        lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in cells]
        asked = f"{self.questions} question{'s' if self.questions != 1 else ''}"
        return "\n".join([
            f"{self.fact.old!r} became {self.fact.new!r} in {', '.join(self.documents)}; answers to {asked}:", *lines
        ])  # fmt: skip


def count(fact: Fact, answers: Sequence[str]) -> tuple[int, int]:
    """Count the answers that give the new text, and those that give the old one."""
    return sum(map(fact.is_new_in, answers)), sum(map(fact.is_in, answers))


def _cells(one: PhaseChange) -> tuple[str, ...]:
    return (
        str(one.stale), written(one.seconds, "seconds"), written(one.usd, "usd"), str(one.new), str(one.still_stale)
    )  # fmt: skip
