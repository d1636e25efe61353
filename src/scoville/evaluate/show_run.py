"""What a run came to, for a terminal, a CI job's summary and a program. Enters: a scored run. Leaves: text."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scoville.errors import UsageError
from scoville.evaluate.gate import Gate
from scoville.evaluate.paired import Comparison
from scoville.evaluate.runs import Run
from scoville.evaluate.shown import LABELS, difference, groups, measure, unit_of, written

Judges = Mapping[str, Mapping[str, Mapping[str, Any]]]  # what `judge check` kept, by judge and metric

MORE = "Every measure: --all, or `scoville report`."
UNSURE = "no sure difference"
SLIGHT = 0.2
"""Agreement beyond chance up to here is slight (Landis, Koch 1977)."""
SHOWN_ERRORS = 3
MOST_TOLD = 200
"""Characters of an error."""


def summary_text(run: Run, *, every: bool = False) -> str:
    """Write the summary of a run for a terminal; ``every`` measure, under its own name, or those that say most."""
    summary = run.summary()
    lines = [_title(run), "", *_aligned(summary_rows(summary, every=every)), "", summary_facts(summary)]
    return "\n".join(lines if every else [*lines, MORE])


def summary_markdown(run: Run, notes: str = "") -> str:
    """Write the summary of a run, and what else is to be said, as Markdown."""
    rows = summary_rows(run.summary())
    table = [f"| {' | '.join(row)} |" for row in rows]
    lines = [f"## {_title(run)}", "", table[0], "|---" * len(rows[0]) + "|", *table[1:]]
    return "\n".join([*lines, "", summary_facts(run.summary()), *(["", notes] if notes else []), ""])


def failed_text(run: Run) -> str:
    """Say in one line how many cases of a run failed, by what, and how to ask them again."""
    errors = Counter(result.error for result in run.results().values() if result.error)
    told = "; ".join(f"{error[:MOST_TOLD]} ({count})" for error, count in errors.most_common(SHOWN_ERRORS))
    more = f"; {len(errors) - SHOWN_ERRORS} other errors" if len(errors) > SHOWN_ERRORS else ""
    return (
        f"{errors.total()} of {run.header['cases']} cases failed: {told}{more}; "
        f"ask them again: scoville evaluate --resume {run.id}"
    )


def judges_text(judges: Judges) -> str:
    """Say how far each judge of a run agreed with people."""
    lines: list[str] = []
    for judge, checks in judges.items():
        if not checks:
            lines.append(f"{judge} was not compared with people: scoville judge check LABELS")
        for metric, found in checks.items():
            kappa = "not defined" if found["kappa"] is None else f"{found['kappa']:.2f}"
            chance = ", little better than chance" if found["kappa"] is not None and found["kappa"] < SLIGHT else ""
            other = "" if found["shared"] else "; of other questions than these cases"
            agreement = "nothing" if found["agreement"] is None else f"{found['agreement']:.0%}"
            lines.append(
                f"{metric}: {judge} agreed with people on {agreement} of {found['n']} labels, kappa {kappa}"
                f"{chance} ({found['labels']}{other})"
            )
    return "\n".join(lines)


def comparison_text(metric: str, compared: Comparison) -> str:
    """Say how a run compares with another on the same cases."""
    called, unit = LABELS.get(metric, metric), unit_of(metric)
    if compared.difference is None or compared.low is None or compared.high is None:
        return f"{called}: too few cases are scored in both runs to compare them"
    surely = "worse" if compared.high < 0 else "better" if compared.low > 0 else UNSURE
    needed = compared.needed if surely == UNSURE else None
    return (
        f"{called}: {written(compared.first, unit)}, now {written(compared.second, unit)} "
        f"({difference(compared.difference, unit)}; 95 % interval "
        f"{difference(compared.low, unit)} to {difference(compared.high, unit)}): {surely} on {compared.n} cases"
        + (f"; about {needed:,} cases would tell" if needed else "")
    )


def gate_text(gate: Gate) -> str:
    """Say whether a run may take the place of its baseline, and why."""
    return f"gate: {gate.verdict}: {'; '.join(gate.reasons)}".replace("cannot tell: cannot tell", "cannot tell")


def check_scored(runs: Iterable[Run], metric: str) -> None:
    """Raise UsageError, with the metrics that there are, unless a run has scores of this one."""
    from difflib import get_close_matches

    known = {name for run in runs for name in run.summary().get("metrics", {})}
    if metric not in known:
        near = get_close_matches(metric, known) or [name for name in LABELS if name in known]
        raise UsageError(
            f"metric {metric!r}: expected one that was scored, such as {', '.join(near)}; --all lists them"
        )


def _title(run: Run) -> str:
    header = run.header
    status = "" if header["status"] == "finished" else f", {header['status']}"
    no_answer = sum(not case.answerable for case in run.cases())
    without = f", {no_answer} of them without an answer in the documents" if no_answer else ""
    return f"{header.get('system', 'run')} ({run.id}), {header['cases']} cases{without}{status}"


def summary_rows(summary: Mapping[str, Any], *, every: bool = False) -> list[tuple[str, ...]]:
    """Give the rows of a summary, the head first, each group under its name: every measure, or those that say most."""
    rows = [("", "", f"95 % interval, by {summary.get('clusters', 'document')}", "n", "not scored")]
    for group, measures in groups(summary, every=every):
        rows += [(group, "", "", "", "")] if group != "headline" else []
        rows += [
            (one.label, one.value, one.interval, "" if one.n is None else f"{one.n:,}", str(one.unscored or ""))
            for one in measures
        ]
    return rows if any(row[-1] for row in rows[1:]) else [row[:-1] for row in rows]


def summary_facts(summary: Mapping[str, Any]) -> str:
    """Say how many were answered, and what is not known of it."""
    counts = summary.get("counts", {})
    missing = f", {counts['missing']} not asked yet" if counts.get("missing") else ""
    unpriced = measure(summary, "cost_unknown")
    unknown = f"; the fees of {unpriced.value} answers are not known" if unpriced and unpriced.mean else ""
    noise = summary.get("noise", {}).get("quality")
    noisy = (
        f"; the judge's noise is in the intervals: standard deviation {noise['verdict']:.2f} of a verdict, "
        f"{noise['round']:.2f} of a round" if noise else ""
    )  # fmt: skip
    weights = summary.get("weights")
    weighed = (
        f"\nquality: {weights['unanswerable']:.0%} of the questions have no answer; a wrong answer costs "
        f"{weights['wrong_costs']:g} refusal{'s' if weights['wrong_costs'] != 1 else ''}".replace("%", " %")
        if weights
        else ""
    )
    return (
        f"{counts.get('answered', 0)} answered, {counts.get('refused', 0)} refused, {counts.get('errors', 0)} errors"
        f"{missing}{unknown}{noisy}{weighed}"
    )


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    """Align the columns, the first to the left; before a row that only names a group is an empty line."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) if not at else cell.rjust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True))]  # fmt: skip  # noqa: E501
        line = "  ".join(cells).rstrip()
        yield line if any(row[1:]) else f"\n{line}"
