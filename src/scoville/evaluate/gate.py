"""Whether a run may take the place of an earlier one, on the same cases.

Enters: two scored runs, a metric, the drop that is allowed. Leaves: whether the run passes, with the reasons. It fails
where the drop is larger than allowed and real, and where fewer cases have a score than before: what is not scored
cannot have fallen. Of ``quality`` either part may
fail, too. Where the cases are too few for either answer, it says so, and how many would do.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from scoville.errors import UsageError
from scoville.evaluate.clusters import clusters_of
from scoville.evaluate.compare_runs import compare_runs
from scoville.evaluate.paired import ALPHA, Comparison, cases_needed, paired_difference
from scoville.evaluate.rightness import ANSWERED, QUALITY, REFUSED
from scoville.evaluate.runs import Run
from scoville.evaluate.score_run import known_metrics

Verdict = Literal["passes", "fails", "cannot tell"]

EXACT = 1e-9
"""0.7 - 0.68 is a little over 0.02."""
MOST_TOLD = 200
"""Characters of why cases have no score."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """Whether a run may take the place of its baseline."""

    verdict: Verdict
    """``cannot tell``: these cases neither show a drop larger than allowed nor rule one out."""
    reasons: tuple[str, ...]
    """Why, a sentence each."""
    needed: int | None = None
    """About how many cases would tell; None where these do, or no number can."""


class Decision(NamedTuple):
    """What the paired differences of a metric say of the drop that is allowed."""

    verdict: Verdict
    drop: float
    """By how much it got worse; below 0 it got better."""
    needed: int | None


def decide(
    compared: Comparison, max_drop: float, *, better: bool = True, all_fell: bool = False, alpha: float = ALPHA
) -> Decision:
    """Decide by the paired test of a metric, of which more is ``better`` or less; up to a p of ``alpha`` it is real.

    ``all_fell``: every case got worse, which counts as real however few they are.
    """
    sign, worst = (-1.0, compared.low) if better else (1.0, compared.high)
    drop = sign * (compared.difference or 0.0)
    if drop > max_drop + EXACT and (compared.p <= alpha or all_fell):
        return Decision("fails", drop, None)
    unchanged = not drop and not compared.deviation
    if unchanged or (worst is not None and sign * worst <= max_drop + EXACT):
        return Decision("passes", drop, None)
    return Decision("cannot tell", drop, needed(compared, drop, max_drop))


def needed(compared: Comparison, drop: float, max_drop: float) -> int | None:
    """Give about how many cases would tell, with a power of 80 %; None where no number does.

    For a drop that is larger than allowed and may be chance: how many show a difference of that size (Cohen, 1988). For
    one that may be larger than it looks: how many rule out more than is allowed, ``((z(.975) + z(.8)) s / (allowed -
    drop))^2`` with the deviation ``s`` of the differences (non-inferiority of pairs: Chow, Shao and Wang, "Sample Size
    Calculations in Clinical Research", 2008, 3.1). What looks like a gain is taken as none.
    """
    distance = drop if drop > max_drop + EXACT else max_drop - max(drop, 0.0)
    if distance <= EXACT or not compared.deviation:
        return None
    return cases_needed(distance, compared.deviation)


def check_gate(baseline: Run, run: Run, metric: str, max_drop: float) -> Gate:
    """Say whether a run passes; UsageError where the runs cannot be compared."""
    better = _more_is_better(metric)
    compared = compare_runs(baseline, run, metric)
    before, now = (_values(one, metric) for one in (baseline, run))
    wrong = [*_failed(run), *_coverage(baseline, run, before, now, metric), *_not_indexed(run)]
    wrong += _parts(baseline, run, max_drop) if metric == QUALITY.name else []
    if compared.difference is None:
        wrong.append(f"{metric} is scored in both runs for no case: whether it fell cannot be told")
        return Gate(verdict="fails", reasons=tuple(wrong))
    pairs = [(value, now.get(name)) for name, value in before.items()]
    gaps = [other - one for one, other in pairs if one is not None and other is not None]
    decision = decide(compared, max_drop, better=better, all_fell=all(gap < 0 if better else gap > 0 for gap in gaps))
    said = _told(metric, decision, max_drop, compared, better)
    if wrong or decision.verdict == "fails":
        return Gate(verdict="fails", reasons=(*wrong, *([said] if decision.verdict == "fails" else [])))
    return Gate(verdict=decision.verdict, reasons=(said,), needed=decision.needed)


def _parts(baseline: Run, run: Run, max_drop: float) -> list[str]:
    """Say which part of ``quality`` fell, where it has two: a gain of one must not hide that the other is lost.

    A system that refuses everything loses all answers and may keep its quality.
    """
    if len({case.answerable for case in run.cases()}) < 2:
        return []
    found: list[str] = []
    for part in (ANSWERED.name, REFUSED.name):
        compared = compare_runs(baseline, run, part)
        decision = decide(compared, max_drop, alpha=ALPHA / 2)
        if decision.verdict == "fails":
            found.append(_told(part, decision, max_drop, compared, better=True))
    return found


def _more_is_better(metric: str) -> bool:
    known = known_metrics().get(metric)
    if known and known.higher_is_better is None:
        raise UsageError(f"metric {metric!r}: neither more nor less of it is better, so that it cannot fall")
    return not known or bool(known.higher_is_better)


def _values(run: Run, metric: str) -> dict[str, float | None]:
    return {case: found[metric].value for case, found in run.scores().items() if metric in found}


def _failed(run: Run) -> list[str]:
    results = run.results()
    if any(not result.error for result in results.values()):
        return []
    told = next((f": {result.error[:MOST_TOLD]}" for result in results.values()), "")
    return [f"no case was answered{told}"]


def _not_indexed(run: Run) -> list[str]:
    missing: Sequence[str] = run.header.get("not_indexed", ())
    shown = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
    return [f"the evidence of some cases is not in the index ({shown}): they cannot be answered"] if missing else []


def _coverage(
    baseline: Run, run: Run, before: Mapping[str, float | None], now: Mapping[str, float | None], metric: str
) -> list[str]:
    """Say where fewer cases count than before: those that failed or were not scored, and those without the metric."""
    open_before, open_now = (_without(one, values, metric) for one, values in ((baseline, before), (run, now)))
    if len(open_now) > len(open_before):
        common = Counter(open_now.values()).most_common(1)[0][0]
        return [
            f"{len(open_now)} cases have no {metric}, in the baseline {len(open_before)}, and what has none cannot "
            f"be compared: {common[:MOST_TOLD]}"
        ]
    cases = run.cases()
    had, has = ([float(case.id in values) for case in cases] for values in (before, now))
    clusters = clusters_of(cases)[1]
    found = paired_difference(had, has, [clusters[case.id] for case in cases])
    if found.difference is not None and found.difference < 0 and found.p <= ALPHA:
        return [f"{metric} applies to {len(now)} cases, in the baseline to {len(before)}: what it no longer measures cannot be compared"]  # fmt: skip  # noqa: E501
    return []


def _without(run: Run, values: Mapping[str, float | None], metric: str) -> dict[str, str]:
    """Give the cases that failed, were not asked or are unscored, each with the reason."""
    results, scores = run.results(), run.scores()
    found: dict[str, str] = {}
    for case in run.cases():
        result = results.get(case.id)
        if result is None or result.error:
            found[case.id] = result.error if result else "not asked"
        elif case.id in values and values[case.id] is None:
            found[case.id] = scores[case.id][metric].reason
    return found


def _told(metric: str, decision: Decision, max_drop: float, compared: Comparison, better: bool) -> str:
    verb, within = "fell" if better else "rose", _within(compared)
    if decision.verdict == "fails":
        return f"{metric} {verb} by {decision.drop:.3f}, more than {max_drop:g} ({within})"
    if decision.verdict == "passes" and not decision.drop and not compared.deviation:
        return f"{metric} is the same in each of {compared.n} cases"
    if decision.verdict == "passes":
        return f"{metric} {verb} by no more than {max_drop:g} ({within})"
    more = f"; about {decision.needed:,} would do" if decision.needed else ""
    return f"cannot tell with {compared.n} cases whether {metric} {verb} by more than {max_drop:g} ({within}){more}"


def _within(compared: Comparison) -> str:
    limits = "" if compared.low is None else f"; 95 % interval {compared.low:+.3f} to {compared.high:+.3f}"
    return f"difference {compared.difference:+.3f}{limits}; n {compared.n}"
