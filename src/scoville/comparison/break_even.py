"""Which phase is the cheapest, by how many questions a day are asked and how often the documents change.

Enters: for each phase what it is worth, what a question costs, what a change of a document costs, what it cost to
build. Leaves: the cheapest above a floor of quality, and where one gives way to another. All of it is arithmetic:

    dollars a day = questions · usd per question + changes · usd per change + usd of the build / days that it is used

For a number of changes each phase is a straight line over the questions; the cheapest at each number of questions are
the lower envelope of these lines, and where it bends one phase gives way to another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DAYS = 365.0
"""How long what was built is used, if nobody says otherwise."""
CHANGES: Mapping[str, float] = {
    "never": 0.0, "once a month": 12 / 365, "once a week": 1 / 7, "once a day": 1.0, "20 times a day": 20.0
}  # fmt: skip
"""How often documents change, as a day's number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Economy:
    """What a phase costs."""

    phase: str
    usd_per_question: float
    usd_per_change: float
    """To be right again after a document changed."""
    usd_of_build: float = 0.0

    def fixed(self, changes: float, days: float = DAYS) -> float:
        """Give the dollars of a day on which nobody asks."""
        return changes * self.usd_per_change + self.usd_of_build / days

    def per_day(self, questions: float, changes: float, days: float = DAYS) -> float:
        """Give the dollars of a day."""
        return questions * self.usd_per_question + self.fixed(changes, days)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """The numbers of questions a day for which one phase is the cheapest."""

    phase: str
    low: float
    """From so many questions a day."""
    high: float | None
    """Up to so many; None: however many."""


def stretches(economies: Sequence[Economy], changes: float, days: float = DAYS) -> list[Stretch]:
    """Say which phase is the cheapest from none to any number of questions a day; of equals the first."""
    if not economies:
        return []
    questions, now = 0.0, min(economies, key=lambda one: (one.fixed(changes, days), one.usd_per_question))
    found: list[Stretch] = []
    while True:
        cheaper = [one for one in economies if one.usd_per_question < now.usd_per_question]
        if not cheaper:
            return [*found, Stretch(phase=now.phase, low=questions, high=None)]
        meets = {one.phase: _meeting(now, one, changes, days) for one in cheaper}
        following = min(cheaper, key=lambda one: (meets[one.phase], one.usd_per_question))
        bend = max(questions, meets[following.phase])
        if bend > questions:
            found.append(Stretch(phase=now.phase, low=questions, high=bend))
        questions, now = bend, following


def _meeting(one: Economy, other: Economy, changes: float, days: float) -> float:
    """Give the questions a day at which two phases cost the same."""
    saved = one.usd_per_question - other.usd_per_question
    return (other.fixed(changes, days) - one.fixed(changes, days)) / saved


def break_even_text(economies: Sequence[Economy], days: float = DAYS) -> str:
    """Write for each number of changes which phase is the cheapest, and from how many questions a day on."""
    width = max(map(len, CHANGES))
    lines = [
        f"  {name:<{width}}  {', then '.join(map(_stretch, stretches(economies, changes, days)))}"
        for name, changes in CHANGES.items()
    ]
    return "\n".join(["cheapest by questions a day, where documents change", *lines])


def break_even_json(economies: Sequence[Economy], days: float = DAYS) -> list[dict[str, object]]:
    """Give the same for a program."""
    return [
        {
            "changes": name, "changes_per_day": changes,
            "cheapest": [
                {"phase": one.phase, "from_questions_per_day": one.low}
                for one in stretches(economies, changes, days)
            ],
        }
        for name, changes in CHANGES.items()
    ]  # fmt: skip


def _stretch(one: Stretch) -> str:
    return one.phase if one.high is None else f"{one.phase} up to {one.high:,.0f}"
