"""What a sweep came to, for a terminal, a program and the next recipe. Enters: a sweep. Leaves: text, JSON, YAML."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from scoville.comparison.propose import LEAST_TRIALS, importances
from scoville.comparison.race import directions
from scoville.comparison.standing import Standing, final_of, standings
from scoville.comparison.sweep import best_trials
from scoville.comparison.trials import SweepFolder, Trial
from scoville.errors import MissingExtra, UsageError
from scoville.evaluate.paired import ALPHA
from scoville.evaluate.shown import LABELS, between, unit_of, written
from scoville.recipe.file import rewritten, with_values
from scoville.recipe.observers import Sweep

OPENING = "# Trial "
"""What the best recipe of a sweep begins with."""
MARKS = {"pruned": "ended early", "invalid": "contradiction", "failed": "failed"}


def sweep_text(sweep: SweepFolder) -> str:
    """Write a sweep for a terminal: every trial, the keys that mattered, what it took."""
    rows = sweep_rows(sweep)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", *sweep_notes(sweep)])


def sweep_rows(sweep: SweepFolder) -> list[tuple[str, ...]]:
    """Give the rows of its table: the head, the best trials, the others; without those that contradict themselves."""
    settings, trials = sweep.recipe.sweep, sweep.trials()
    front = best_trials(settings, trials)
    marks = {trial.number: "*" for trial in front}
    if front:
        marks[front[0].number] = "**"
    known = standings(sweep, trials)
    first = settings.objectives[0]
    heads = [LABELS.get(name, name) for name in settings.objectives]
    rows = [("trial", heads[0], "95 % interval", *heads[1:], "n", *settings.space, "")]
    shown = [*front, *(trial for trial in trials if trial not in front and trial.state != "invalid")]
    rows += [
        (
            f"{trial.number}{marks.get(trial.number, '')}",
            _number(first, trial.values.get(first)),
            _interval(first, known.get(trial.number)),
            *(_number(name, trial.values.get(name)) for name in settings.objectives[1:]),
            str(known[trial.number].found.n if trial.number in known else trial.cases),
            *(_short(trial.choices[key]) for key in settings.space),
            MARKS.get(trial.state) or (known[trial.number].place if trial.number in known else ""),
        )
        for trial in shown
    ]
    return rows


def sweep_notes(sweep: SweepFolder) -> list[str]:
    """Say how to read the table, what the best is worth elsewhere, how the trials ended and which keys mattered."""
    trials = sweep.trials()
    several = "no other is better in every objective" if len(sweep.recipe.sweep.objectives) > 1 else "as good"
    took = f"The trials took {sum(trial.seconds for trial in trials):.1f} s."
    read = (
        f"** best, * {several}. Not distinguishable: from the best on the same cases, p over {ALPHA:g}, adjusted "
        f"for the number of trials. {_counts(trials)} {took}"
    )
    return [read, *_final_notes(sweep, trials), *_importance(sweep)]


def _final_notes(sweep: SweepFolder, trials: Sequence[Trial]) -> list[str]:
    """Say what the best is worth on cases that did not choose it, or why that is not known."""
    front = best_trials(sweep.recipe.sweep, trials)
    if not front:
        return []
    final = final_of(sweep)
    if final is None:
        why = (
            "is not measured on them yet: go on with `scoville sweep`" if sweep.untouched()
            else "was measured on no other: divide them (`scoville cases split`), and take `--split dev`"
        )  # fmt: skip
        return [f"The best of several is better on the cases that chose it than it will be on others, and {why}."]
    said = "; ".join(
        f"{LABELS.get(name, name)} {_number(name, found.mean)}"
        + (f" ({between(found.low, found.high, unit_of(name))})" if found.low is not None and found.high is not None else "")  # noqa: E501
        + f", n {found.n}"
        for name, found in final.found.items()
    )  # fmt: skip
    lines = [f"On the untouched part, cases that chose nothing, trial {final.trial}: {said} (run {final.run})."]
    if front[0].number != final.trial:
        lines.append(
            f"Trial {front[0].number} is the best now, and not measured there: that part is no longer untouched."
        )
    return lines


def trial_line(settings: Sweep, trial: Trial) -> str:
    """Write a trial in one line."""
    values = ", ".join(
        f"{LABELS.get(name, name)} {_number(name, trial.values.get(name))}" for name in settings.objectives
    )
    choices = ", ".join(f"{key}={_short(value)}" for key, value in trial.choices.items())
    what = f"{values} on {trial.cases} cases in {trial.seconds:.1f} s" if trial.is_scored else trial.state
    return f"trial {trial.number}: {choices}: {what}{f' ({trial.reason})' if trial.reason else ''}"


def sweep_json(sweep: SweepFolder) -> dict[str, Any]:
    """Give a sweep for a program."""
    trials = sweep.trials()
    front = best_trials(sweep.recipe.sweep, trials)
    importance, note = _importances(sweep)
    known, final = standings(sweep, trials), final_of(sweep)
    return {
        "sweep": sweep.name,
        "trials": [{**asdict(trial), **_standing_json(known.get(trial.number))} for trial in trials],
        "final": asdict(final) if final else None,
        "best": front[0].number if front else None,
        "pareto": [trial.number for trial in front],
        "importance": importance,
        "importance_note": note,
        "seconds": round(sum(trial.seconds for trial in trials), 2),
    }


def recipe_text(sweep: SweepFolder) -> str:
    """Write the best recipe of a sweep, with the scores as its reasons."""
    recipe, trials = sweep.recipe, sweep.trials()
    front = best_trials(recipe.sweep, trials)
    if not front:
        raise UsageError(f"sweep {sweep.name} has no trial that was run to its end: go on with `scoville sweep`")
    best = front[0]
    equals = [number for number, one in standings(sweep, trials).items() if one.place == "not distinguishable"]
    told = ", ".join(f"{name} {_number(name, best.values[name])}" for name in recipe.sweep.objectives)
    notes = [
        f"{OPENING[2:]}{best.number} of {sum(trial.state != 'invalid' for trial in trials)} of sweep {sweep.name}, "
        f"the best by {recipe.sweep.objectives[0]}.",
        f"On {best.cases} cases: {told} (run {best.run}).",
        *(f"{key}: {_short(value)}" for key, value in best.choices.items()),
    ]
    if equals:
        names = ", ".join(map(str, equals[:8]))
        notes.append(f"No sure difference from it in {recipe.sweep.objectives[0]}: {len(equals)} trials ({names}).")
    notes += _final_notes(sweep, trials)
    body = rewritten(sweep.recipe_file, with_values(recipe, best.choices))
    if body.startswith(OPENING):  # of an earlier sweep
        body = body.partition("\n\n")[2]
    return "\n".join([*(f"# {note}" for note in notes), "", body.rstrip()])


def _counts(trials: Sequence[Trial]) -> str:
    counts = {state: sum(trial.state == state for trial in trials) for state in ("complete", *MARKS)}
    told = [f"{counts['complete']} run to the end"]
    told += [f"{counts[state]} {text}" for state, text in MARKS.items() if counts[state]]
    return f"{', '.join(told)}."


def _importance(sweep: SweepFolder) -> list[str]:
    found, note = _importances(sweep)
    lines = [
        f"What decides whether {objective} is among the best: "
        + ", ".join(f"{key} {share:.0%}" for key, share in shares.items())
        for objective, shares in found.items()
    ]
    return lines or [note]


def _importances(sweep: SweepFolder) -> tuple[dict[str, dict[str, float]], str]:
    """Give the importances, or why there are none."""
    settings, trials = sweep.recipe.sweep, sweep.trials()
    try:
        found = importances(settings, trials, directions(settings))
    except MissingExtra as error:
        return {}, f"Which keys mattered is not known: {error}."
    if found:
        return {objective: dict(shares) for objective, shares in found.items()}, ""
    scored = sum(trial.is_scored for trial in trials)
    if scored < LEAST_TRIALS:
        return {}, f"Which keys mattered cannot be told from {scored} trials: {LEAST_TRIALS} or more can."
    return {}, "No key mattered: all trials have the same values."


def _standing_json(known: Standing | None) -> dict[str, Any]:
    found = known.found if known else None
    return {
        "low": found.low if found else None, "high": found.high if found else None, "n": found.n if found else 0,
        "standing": known.place if known else None, "p": known.p if known else None,
    }  # fmt: skip


def _interval(name: str, known: Standing | None) -> str:
    if known is None or known.found.low is None or known.found.high is None:
        return ""
    return between(known.found.low, known.found.high, unit_of(name))


def _number(name: str, value: float | None) -> str:
    return written(value, unit_of(name))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
