"""Two runs on the same cases, case by case. Enters: scored runs. Leaves: what changed, and whether by chance.

Runs on different cases, and scores of different versions of a metric or of different judges, are not compared.
"""

from collections.abc import Mapping

from scoville.errors import UsageError
from scoville.evaluate.clusters import clusters_of
from scoville.evaluate.noise import round_variance
from scoville.evaluate.paired import Comparison, compare
from scoville.evaluate.rightness import HEADLINE
from scoville.evaluate.run_cases import same_cases
from scoville.evaluate.runs import Run
from scoville.types import Score


def compare_runs(baseline: Run, run: Run, metric: str) -> Comparison:
    """Compare two runs; UsageError, with the reason, where that would mean nothing."""
    cases = run.cases()
    same_cases(baseline.cases(), cases)
    scores = baseline.scores(), run.scores()
    shared = [case for case in cases if all(metric in found.get(case.id, {}) for found in scores)]
    if not shared:
        raise UsageError(f"no case has {metric} in both runs; score both with --score, or name another --metric")
    first, second = ({case.id: found[case.id][metric] for case in shared} for found in scores)
    _same_measure(first, second, f"{metric} of {baseline.id} and of {run.id}")
    one, other = ({name: score.value for name, score in found.items()} for found in (first, second))
    noise = round_variance(*([found[case.id] for case in shared] for found in (first, second)))
    return compare(one, other, clusters_of(shared)[1], round_variance=noise)


def _same_measure(first: Mapping[str, Score], second: Mapping[str, Score], what: str) -> None:
    """Raise UsageError unless both were scored by the same version, the same judge and, of the headline, one metric."""
    again = "score both anew with `scoville evaluate --score RUN`, with the same judge or none"
    scored = [name for name in first if None not in (first[name].value, second[name].value)]
    if any(first[name].version != second[name].version for name in scored):
        raise UsageError(f"{what} are of different versions of the metric: {again}")
    judges = [", ".join(sorted({score.judge for score in found.values()} - {""})) for found in (first, second)]
    if all(judges) and judges[0] != judges[1]:
        raise UsageError(f"{what} are of different judges, {' and '.join(judges)}: {again}")
    made = {(first[name].reason, second[name].reason) for name in scored if first[name].metric in HEADLINE}
    for one, other in sorted(made):
        if one != other:  # the reason of a headline is the metric that it was taken from
            raise UsageError(f"{what} are made of {one} and of {other}: {again}")
