"""Whether another model was measured better than the one in use. Enters: a workspace with runs. Leaves: a sentence."""

from scoville.bot.opened import Opened
from scoville.errors import UsageError
from scoville.evaluate.compare_runs import compare_runs
from scoville.evaluate.paired import Comparison
from scoville.evaluate.runs import Run, list_runs

METRIC = "quality"


def better_measured(bot: Opened) -> str:
    """Name the model that did best on the cases of the last run of the recipe's own; empty unless beyond chance."""
    by_model: dict[str, Run] = {}
    for run in list_runs(bot.workspace.folder / "runs"):  # the newest of each model stays
        if run.header.get("kind") == "recipe" and run.summary():
            by_model[run.header.get("models", {}).get("llm", "")] = run
    own = by_model.pop(bot.recipe.llm.model, None)
    found: list[tuple[Comparison, str, Run]] = []
    for model, run in by_model.items() if own else ():
        try:
            compared = compare_runs(own, run, METRIC) if own else None
        except UsageError:  # other cases, or another judge
            continue
        if compared and compared.difference and compared.low and compared.low > 0:
            found.append((compared, model, run))
    if not found:
        return ""
    best, model, run = max(found, key=lambda one: one[0].low or 0.0)
    interval = f"{best.difference:+.2f} [{best.low:+.2f}, {best.high:+.2f}]"
    return f"{model} was measured better: {METRIC} {interval} on {best.n} cases of yours (run {run.id})"
