"""What figures of runs come to, in a few sentences: made of the figures alone, by no model.

Enters: runs as the page shows them. Leaves: sentences.
"""

from collections.abc import Iterator, Sequence

from scoville.comparison.shown import COST, SECONDS, Shown, System
from scoville.evaluate.blame import count_stages
from scoville.evaluate.shown import Measure, measure

NEXT = 3
"""So many systems behind the first are named."""


def in_words(systems: Sequence[System], metric: str, baseline: str) -> list[str]:
    """Say what came of runs: how they stand to each other, then of the first what is right, wrong, and what it takes.

    ``baseline`` is empty where they were not compared.
    """
    first = systems[0].shown
    return [*_standing(systems, metric, baseline), *_right(first), *_wrong(first), *_taken(first)]


def _standing(systems: Sequence[System], metric: str, baseline: str) -> Iterator[str]:
    if len(systems) == 1:
        return
    found = ((one, measure(one.shown.summary, metric)) for one in systems)
    ranked = [(one, value) for one, value in found if value and value.mean is not None]
    if not ranked:
        return
    (best, most), *others = sorted(ranked, key=lambda one: -(one[1].mean or 0.0))
    told = "; ".join(f"{one.name} {value.value}" for one, value in others[:NEXT])
    told += f"; {len(others) - NEXT} more below" if len(others) > NEXT else ""
    yield f"By {most.label}, {best.name} stands first with {_within(most)}; {told}."
    by_verdict: dict[str, list[str]] = {}
    for one in systems:
        if baseline and one.name != baseline and one.shown.verdict:
            by_verdict.setdefault(one.shown.verdict, []).append(one.name)
    for verdict, names in by_verdict.items():
        named = ", ".join(names[:NEXT]) + (f" and {len(names) - NEXT} more" if len(names) > NEXT else "")
        yield f"Against {baseline}: {named}: {verdict}."


def _right(run: Shown) -> Iterator[str]:
    answered, refused = (measure(run.summary, name) for name in ("answered_right", "refused_right"))
    if answered and answered.mean is not None:
        yield f"Of the {answered.n} questions that have an answer, {run.name} answered rightly {_within(answered)}."
    if refused and refused.mean is not None:
        yield f"Of the {refused.n} that have none in the documents, it refused {_within(refused)}."


def _wrong(run: Shown) -> Iterator[str]:
    counted = list(count_stages(run.blame))
    whole = sum(count for _, count, _ in counted)
    if counted:
        stage, count, advice = counted[0]
        lost = f"{count} of {whole}" if count < whole else f"all {whole}"
        yield f"What went wrong ({lost}): {stage.replace('_', ' ')}; {advice}."


def _taken(run: Shown) -> Iterator[str]:
    seconds, cost = measure(run.summary, SECONDS), measure(run.summary, COST)
    if seconds and seconds.mean is not None:
        price = f", and 1,000 questions cost {cost.value}" if cost and cost.mean is not None else ""
        yield f"Half of the answers took {seconds.value} or less{price}."


def _within(found: Measure) -> str:
    return f"{found.value} ({found.interval})" if found.interval else found.value
