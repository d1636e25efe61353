"""`scoville calibrate`: how likely an answer is right, fitted on the workspace's own cases."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import common_options, open_bot, say, write, write_json

if TYPE_CHECKING:
    from scoville.answer.calibration import Fitted
    from scoville.answer.selective import Threshold

RATES = (0.01, 0.02, 0.05, 0.1, 0.2)
BAR = 40


@click.command("calibrate")
@click.argument("cases", type=click.Path(path_type=Path), required=False)
@common_options
def command(cases: Path | None, folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Fit how likely answers are right on CASES, else those in cases/.

    Their part dev is taken, all where they are not divided; some must have no answer in the documents. From then on
    answer.max_error says what share of the answers may be to questions that the documents do not answer.

    \b
    scoville calibrate cases/generated.jsonl
    scoville ask "..." --set answer.max_error=0.05
    """  # noqa: D301
    bot = open_bot(folder, flags)
    fitted = bot.calibrate(cases)
    if as_json:
        write_json(fitted_json(fitted))
        return
    write("\n".join(_text(fitted)))
    kept = bot.workspace.folder / "calibration.json"
    say(f"Kept in {kept}, drawn in calibration.html beside it; use it: answer.max_error in recipe.yaml")


def fitted_json(fitted: "Fitted") -> dict[str, Any]:
    """Write a fit."""
    from scoville.answer.selective import choose, risks

    return {
        **fitted.about,
        "weights": {name: round(value, 4) for name, value in fitted.weights._asdict().items()},
        "curve": [
            {"threshold": round(one.threshold, 4), "answered": one.answered, "errors": one.errors,
             "coverage": round(one.coverage, 4), "error": round(one.error, 4)}
            for one in risks(fitted.points)
        ],
        "thresholds": [
            {"max_error": rate, "threshold": round(found.risk.threshold, 4), "coverage": round(found.risk.coverage, 4),
             "errors": found.risk.errors, "answered": found.risk.answered, "bound": round(found.bound, 4),
             "holds": found.holds}
            for rate in RATES if (found := choose(fitted.points, rate))
        ],
    }  # fmt: skip


def _text(fitted: "Fitted") -> Iterator[str]:
    from scoville.answer.selective import choose

    about = fitted.about
    told = "-" if about["auroc"] is None else f"{about['auroc']:.3f}"
    yield f"{about['answerable']} questions with an answer, {about['unanswerable']} without, told apart: {told} (AUROC)"
    yield f"{about['refused_before']} more are refused before they are read"
    yield from ("", "answered   to questions without an answer")
    yield from _curve(fitted)
    yield from ("", "max_error  answered  errors       threshold  90 % sure that the error is below")
    for rate in RATES:
        found = choose(fitted.points, rate)
        yield f"{rate:<9g}  {_row(found) if found else 'cannot be kept: too few cases, or errors among the surest'}"


def _row(found: "Threshold") -> str:
    risk = found.risk
    sure = f"{found.bound:.3f}" + ("" if found.holds else " (so few cases: only the expected error is within)")
    return f"{risk.coverage:<8.0%}  {risk.errors:>3} of {risk.answered:<5} {risk.threshold:>9.3f}  {sure}"


def _curve(fitted: "Fitted") -> Iterator[str]:
    """Draw the risk at each tenth of the coverage."""
    from scoville.answer.selective import risks

    every = risks(fitted.points)
    for tenth in range(1, 11):
        risk = min(every, key=lambda one: abs(one.coverage - tenth / 10))
        yield f"{risk.coverage:>7.0%}    {'█' * round(BAR * risk.error):<{BAR // 2}} {risk.error:.1%}"
