"""What a run came to, for a terminal, a CI job's summary and a program. Enters: a scored run. Leaves: text."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scoville.evaluate.paired import Comparison
from scoville.evaluate.runs import Run

Judges = Mapping[str, Mapping[str, Mapping[str, Any]]]  # what `judge check` kept, by judge and metric

LABELS = {
    "quality": "right answers", "refusal_right": "rightly answered or refused", "citation_verified": "quotes found",
    "citation_page_hit": "a citation on the right page", "page_hit@5": "right page among five passages",
    "document_hit@5": "right document among five passages", "seconds_total_p50": "seconds an answer, median",
    "seconds_total_p95": "seconds an answer, 95 % within", "cost_usd_sum": "dollars in fees",
}  # fmt: skip
"""What a reader calls a metric; its name is for programs."""
HEADLINE = (
    "quality", "correctness", "exact_match", "token_f1", "gold_token_recall", "contains", "numeric_match",
    "choice_match", "final_number", "page_hit@1", "page_hit@5", "page_mrr@10", "document_hit@1", "quote_hit@5",
    "citation_precision", "citation_recall", "citation_page_hit", "citation_verified", "answer_relevance",
    "answer_similarity", "perplexity", "bits_per_byte", "faithfulness", "hallucination",
    "judged_faithfulness", "judged_answer_relevance", "toxicity_lexical", "refusal_right",
)  # fmt: skip
"""What is shown; the rest is in the JSON and the report."""
SLIGHT = 0.2
"""Agreement beyond chance up to here is slight (Landis, Koch 1977)."""
SHOWN_ERRORS = 3
MOST_TOLD = 200
"""Characters of an error."""
SETS = ("refusal_precision", "refusal_recall", "refusal_f1")


def summary_text(run: Run) -> str:
    """Write the summary of a run for a terminal."""
    return "\n".join([_title(run), "", *_aligned(summary_rows(run.summary())), "", summary_facts(run.summary())])


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
    if compared.difference is None or compared.low is None or compared.high is None:
        return f"{metric}: too few cases are scored in both runs to compare them"
    surely = "worse" if compared.high < 0 else "better" if compared.low > 0 else "not distinguishable"
    needed = compared.needed if surely == "not distinguishable" else None
    return (
        f"{metric} {compared.first:.3f} → {compared.second:.3f}: {compared.difference:+.3f} "
        f"[{compared.low:+.3f}, {compared.high:+.3f}], p = {compared.p:.3f}, {surely} on {compared.n} cases"
        + (f"; about {needed:,} cases would tell" if needed else "")
    )


def _title(run: Run) -> str:
    header = run.header
    status = "" if header["status"] == "finished" else f", {header['status']}"
    return f"{header.get('system', 'run')} ({run.id}), {header['cases']} cases{status}"


def summary_rows(summary: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Give the rows of a summary, the head first."""
    from scoville.evaluate.metrics import plugged_metrics

    metrics, sets = summary.get("metrics", {}), summary.get("sets", {})
    rows = [("metric", "mean", f"95 %, by {summary.get('clusters', 'document')}", "n", "unscored")]
    for name in (name for name in (*HEADLINE, *plugged_metrics()) if name in metrics):
        one = metrics[name]
        if one["mean"] is None:
            rows.append((LABELS.get(name, name), "–", "", str(one["n"]), str(one["unscored"])))
            continue
        interval = f"{one['low']:.3f} to {one['high']:.3f}" if one["low"] is not None else ""
        rows.append((LABELS.get(name, name), f"{one['mean']:.3f}", interval, str(one["n"]), str(one["unscored"] or "")))
    rows += [(name, f"{sets[name]:.3f}", "", "", "") for name in SETS if sets.get(name) is not None]
    return rows


def summary_facts(summary: Mapping[str, Any]) -> str:
    """Say what was answered, and what it took."""
    counts, sets = summary.get("counts", {}), summary.get("sets", {})
    usd = "price not known" if sets.get("cost_usd_sum") is None else f"${sets['cost_usd_sum']:.4g} in fees"
    tokens = [sets.get(f"{kind}_tokens_sum") or 0 for kind in ("prompt", "completion")]
    median, late = sets.get("seconds_total_p50"), sets.get("seconds_total_p95")
    timed = "" if median is None else f"; {median:.2f} s p50, {late:.2f} s p95 an answer"
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
