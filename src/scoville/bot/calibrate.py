"""How likely an answer is right is fitted on a workspace's own cases. Enters: a bot, cases. Leaves: a fit, in the
workspace.

The weights are a logistic's; the points that thresholds are chosen by are said of each case by weights of the others.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace

from scoville.answer import Answerer
from scoville.answer.calibration import Fitted, system_hash, write_fitted
from scoville.answer.selective import CONFIDENCE, Point, bounds, risks
from scoville.answer.support import Calibration, Signals, Weights
from scoville.bot.evaluate import Cases, Choice
from scoville.bot.opened import Opened
from scoville.cases.parts import groups
from scoville.comparison import plots
from scoville.errors import UsageError
from scoville.evaluate.judge.agreement import auroc
from scoville.evaluate.logistic import fit_logistic
from scoville.recipe import Recipe
from scoville.storage import write_whole
from scoville.types import Case

logger = logging.getLogger("scoville")
DEV = "dev"
LEAST = 5
"""Cases of each kind: a logistic of two signals from fewer says nothing."""
FOLDS = 5
PLOT = "calibration.html"


def calibrate(bot: Opened, cases: Cases) -> Fitted:
    """Fit on the dev part of some cases, on all where they are not divided, and keep the fit in the workspace.

    UsageError where there are too few with an answer or too few without.
    """
    if isinstance(cases, Sequence) and not cases:
        raise UsageError("no cases to calibrate on: name a file, or make some with `scoville cases generate`")
    chosen = Choice().of(cases)
    if any(case.split for case in chosen):
        chosen = [case for case in chosen if case.split == DEV]
    else:
        logger.info("The cases are not divided: all %d are fitted on. Keep others to measure by.", len(chosen))
    answerer = bot.with_recipe(_ungated(bot.recipe)).answerer()
    signals, read = _signals(bot, answerer, chosen)
    found = [case.answerable for case in read]
    if min(sum(found), len(found) - sum(found)) < LEAST:
        raise UsageError(
            f"{len(chosen)} cases to calibrate on, of which {sum(found)} with an answer and {len(found) - sum(found)} "
            f"without one come near enough to the documents to be read; it takes {LEAST} of each: `scoville cases "
            "generate` makes both"
        )
    embedder = answerer.searcher.embedder.name
    start = Calibration.shipped(embedder, 0.0).weights
    fitted = fit_cases(read, signals, start)
    about = {
        "system": system_hash(bot.recipe), "cases": len(chosen), "answerable": sum(found),
        "unanswerable": len(found) - sum(found), "refused_before": len(chosen) - len(read),
        "auroc": auroc([float(one) for one in found], [point.probability for point in fitted.points]),
        "models": {"embedder": embedder, "llm": bot.recipe.llm.model}, "day": time.strftime("%Y-%m-%d"),
    }  # fmt: skip
    fitted = replace(fitted, about=about)
    write_fitted(bot.workspace, fitted)
    write_whole(bot.workspace.folder / PLOT, plots.page("Errors among the answers given", [draw(fitted.points)]))
    bot.forget_index()
    return fitted


def draw(points: Sequence[Point]) -> str:
    """Draw the error rate against the share of the questions that is answered, the surest first."""
    every = risks(points)
    series = [
        plots.Series(
            name=name,
            colour=colour,
            points=[plots.Point(*one) for one in zip([risk.coverage for risk in every], values, strict=True)],
        )
        for name, colour, values in (
            ("on these cases", "first", [risk.error for risk in every]),
            (f"below this with {CONFIDENCE:.0%} confidence", "second", bounds(points)),
        )
    ]
    across = plots.axis("share of the questions that is answered", [], "{:.0%}".format, across=True, share=True)
    up = plots.axis("share to questions without an answer", [], "{:.0%}".format, across=False, share=True)
    return plots.lines(series, across, up, title="Each threshold is a point; the surest answers are on the left.")


def _ungated(recipe: Recipe) -> Recipe:
    """Leave out the error rate, which cannot be kept before this is done."""
    return recipe.model_copy(update={"answer": recipe.answer.model_copy(update={"max_error": None})})


def _signals(bot: Opened, answerer: Answerer, cases: Sequence[Case]) -> tuple[list[Signals], list[Case]]:
    """Read for each case what was found, and give the cases that were read."""
    signals: list[Signals] = []
    read: list[Case] = []
    with bot.bars("cases") as progress:
        for number, case in enumerate(cases, start=1):
            progress(case.question, number, len(cases))
            support = answerer.support(case.question, history=case.history, where=[case.where] if case.where else ())
            if support:
                signals.append(support.signals)
                read.append(case)
    return signals, read


def fit_cases(cases: Sequence[Case], signals: Sequence[Signals], start: Weights) -> Fitted:
    """Fit weights on cases, and say of each how likely it is answered, by weights of those that share no evidence."""
    found = [case.answerable for case in cases]
    fold = {place: number % FOLDS for number, group in enumerate(groups(cases)) for place in group}
    points = [Point(0.0, error=not one) for one in found]
    for held in range(FOLDS):
        rest = [place for place in range(len(cases)) if fold[place] != held]
        kinds = {found[place] for place in rest}
        fitted = fit_logistic([signals[one] for one in rest], [found[one] for one in rest], start)
        weights = Weights(*fitted) if len(kinds) == 2 else start  # the others are all alike
        for place in set(range(len(cases))) - set(rest):
            points[place] = points[place]._replace(probability=weights.probability(signals[place]))
    return Fitted(weights=Weights(*fit_logistic(signals, found, start)), points=tuple(points))
