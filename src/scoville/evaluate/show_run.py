"""What a run came to, for a terminal, a CI job's summary and a program. Enters: a scored run. Leaves: text."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scoville.errors import UsageError
from scoville.evaluate.paired import Comparison
from scoville.evaluate.runs import Run

Judges = Mapping[str, Mapping[str, Mapping[str, Any]]]  # what `judge check` kept, by judge and metric

LABELS = {
    "quality": "right answers", "refusal_right": "rightly answered or refused", "citation_verified": "quotes found",
    "citation_page_hit": "a citation on the right page", "page_hit@5": "right page among five passages",
    "document_hit@5": "right document among five passages", "correctness": "right, says the judge",
    "judged_faithfulness": "supported by the passages, says the judge",
    "judged_answer_relevance": "answers the question, says the judge",
    "answer_relevance": "near to the question", "answer_similarity": "near to the expected answer",
    "perplexity": "perplexity of the expected answers", "seconds_total_p50": "seconds an answer, median",
    "seconds_total_p95": "seconds an answer, 95 % within", "cost_usd_sum": "dollars in fees",
}  # fmt: skip
"""What a reader calls a metric; its name is for programs. Only these are shown unless all are asked for."""
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
            agreement = "nothing" if found["agreement"] is None else f"{found['agreement']:.0%}"
            lines.append(
                f"{metric}: {judge} agreed with people on {agreement} of {found['n']} labels, kappa {kappa}"
                f"{chance} ({found['labels']})"
            )
    return "\n".join(lines)


def comparison_text(metric: str, compared: Comparison) -> str:
    """Say how a run compares with another on the same cases."""
    called = LABELS.get(metric, metric)
    if compared.difference is None or compared.low is None or compared.high is None:
        return f"{called}: too few cases are scored in both runs to compare them"
    surely = "worse" if compared.high < 0 else "better" if compared.low > 0 else UNSURE
    needed = compared.needed if surely == UNSURE else None
    return (
        f"{called}: {compared.first:.3f}, now {compared.second:.3f} ({compared.difference:+.3f}; 95 % interval "
        f"{compared.low:+.3f} to {compared.high:+.3f}): {surely} on {compared.n} cases"
        + (f"; about {needed:,} cases would tell" if needed else "")
    )


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
    return f"{header.get('system', 'run')} ({run.id}), {header['cases']} cases{status}"


def summary_rows(summary: Mapping[str, Any], *, every: bool = False) -> list[tuple[str, ...]]:
    """Give the rows of a summary, the head first: every measure, under its own name, or those that say most."""
    from scoville.evaluate.metrics import plugged_metrics

    metrics: Mapping[str, Any] = summary.get("metrics", {})
    said = {} if every else LABELS
    names = metrics if every else [name for name in (*LABELS, *plugged_metrics()) if name in metrics]
    rows = [("measure", "mean", f"95 % interval, by {summary.get('clusters', 'document')}", "cases", "not scored")]
    for name in names:
        found = metrics[name]
        interval = "" if found["low"] is None else f"{found['low']:.3f} to {found['high']:.3f}"
        mean = "–" if found["mean"] is None else f"{found['mean']:.3f}"
        rows.append((said.get(name, name), mean, interval, str(found["n"]), str(found["unscored"] or "")))
    if every:
        rows += [
            (name, f"{value:,.4g}", "", "", "") for name, value in summary.get("sets", {}).items() if value is not None
        ]
    return rows if any(row[-1] for row in rows[1:]) else [row[:-1] for row in rows]


def summary_facts(summary: Mapping[str, Any]) -> str:
    """Say what was answered, and what it took."""
    counts, sets = summary.get("counts", {}), summary.get("sets", {})
    usd = "price not known" if sets.get("cost_usd_sum") is None else f"${sets['cost_usd_sum']:.4g} in fees"
    tokens = [sets.get(f"{kind}_tokens_sum") or 0 for kind in ("prompt", "completion")]
    median, late = sets.get("seconds_total_p50"), sets.get("seconds_total_p95")
    timed = "" if median is None else f"; half of the answers within {median:.2f} s, 95 % within {late:.2f} s"
    missing = f", {counts['missing']} not asked yet" if counts.get("missing") else ""
    return (
        f"{counts.get('answered', 0)} answered, {counts.get('refused', 0)} refused, {counts.get('errors', 0)} errors"
        f"{missing}; {tokens[0]:,.0f} + {tokens[1]:,.0f} tokens, {usd}{timed}"
    )


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) if not at else cell.rjust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True))]  # fmt: skip  # noqa: E501
        yield "  ".join(cells).rstrip()
