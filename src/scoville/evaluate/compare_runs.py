"""Two runs on the same cases, case by case. Enters: scored runs. Leaves: what changed, and whether by chance.

Runs on different cases, and scores of different versions of a metric, are not compared.
"""

from scoville.errors import UsageError
from scoville.evaluate.paired import Comparison, compare
from scoville.evaluate.run_cases import same_cases
from scoville.evaluate.runs import Run
from scoville.evaluate.score_run import clusters_of


def compare_runs(baseline: Run, run: Run, metric: str) -> Comparison:
    """Compare two runs; UsageError, with the reason, where that would mean nothing."""
    cases = run.cases()
    same_cases(baseline.cases(), cases)
    scores = baseline.scores(), run.scores()
    shared = [case for case in cases if all(metric in found.get(case.id, {}) for found in scores)]
    if not shared:
        raise UsageError(f"no case has {metric} in both runs; score both with --score, or name another --metric")
    if len({found[case.id][metric].version for found in scores for case in shared}) > 1:
        raise UsageError(f"{metric} has changed since: run `scoville evaluate --score {baseline.id}` first")
    first, second = ({case.id: found[case.id][metric].value for case in shared} for found in scores)
    return compare(first, second, clusters_of(shared)[1])
