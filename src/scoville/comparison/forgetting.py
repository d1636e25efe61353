"""What a tuned model knows and does beside its base, probe by probe.

Enters: probes, each answered by both. Leaves: text, JSON. Knows no models.

    general     questions that everybody can answer: what training made it forget
    evidence    the passages that answer, alone: seen questions were learned, unseen ones were not
    others      passages that do not answer, alone: declining is right
    nothing     no passage at all: what is known by heart
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scoville.evaluate.shown import written


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """The same questions, put to the base and to what was made of it."""

    name: str
    questions: int
    before: float | None
    """Share of the base; None where nothing was asked."""
    after: float | None


@dataclass(frozen=True, kw_only=True)
class Forgetting:
    """One tuned model beside its base."""

    model: str
    base: str
    probes: tuple[Probe, ...]

    def json(self) -> dict[str, Any]:
        """Give it for a program."""
        return {"model": self.model, "base": self.base, "probes": [asdict(one) for one in self.probes]}

    def __str__(self) -> str:
        """Write a line for each probe."""
        width = max(len(one.name) for one in self.probes)
        lines = [
            f"  {one.name:<{width}}  {one.questions:>3}  {written(one.before, 'share'):>5} → "
            f"{written(one.after, 'share'):>5}"
            for one in self.probes
        ]
        return "\n".join([f"{self.model} beside its base {self.base}: probe, questions, before → after", *lines])


def probe(name: str, before: Sequence[bool], after: Sequence[bool]) -> Probe:
    """Put what the base did beside what the tuned model did."""
    shares = [sum(did) / len(did) if did else None for did in (before, after)]
    return Probe(name=name, questions=len(before), before=shares[0], after=shares[1])
