"""What a comparison came to, for a terminal, a program and a page.

Enters: a table, systems. Leaves: text, JSON, HTML.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scoville.comparison.leaderboard import Cell, Row
    from scoville.comparison.shown import Shown
    from scoville.comparison.side_by_side import Compared
    from scoville.comparison.systems import Table, ToBaseline
    from scoville.evaluate.shown import Measure

HEADS = {
    "refusal_precision": "refusal precision", "refusal_recall": "refusal recall", "citation_page_hit": "cites page",
    "citation_verified": "quotes found", "usd_per_1000": "$ / 1,000", "seconds_p50": "p50", "seconds_p95": "p95",
    "build_seconds": "build", "build_usd": "build $", "errors": "errors",
}  # fmt: skip
LEGEND = """All were asked the same {} cases. In brackets 95 % intervals: where the mean of many more such
cases would lie{}. No sure difference: these cases are too few to tell. $ / 1,000: fees and
this machine's time for 1,000 questions. *: no other is better, cheaper and faster at once."""
SHORT = {"usd_per_1000": "$ / 1,000", "seconds_total_p50": "median time"}
"""What is called longer where there is room."""
ALL_LEGEND = "$ / 1,000: fees and this machine's time for 1,000 questions; * Pareto front of {}, dollars and p50"


def compare_text(table: "Table", systems: "Sequence[Compared]", *, every: bool = False) -> str:
    """Write a comparison for a terminal: one table and what to blame; or with ``every`` column and test."""
    blamed = [_blame(system) for system in systems if system.blamed]
    if not every:
        tables = [table_text(compare_rows(table)), table_text(part_rows(table, systems))]
        return "\n\n".join([*tables, legend(table), *blamed, *table.notes])
    bare = replace(table.board, rows=tuple(replace(row, columns={}) for row in table.board.rows))
    columns = f"{table_text(_column_rows(table))}\n\n{ALL_LEGEND.format(table.board.metric)}"
    return "\n\n".join([bare.text, columns, _against(table), *blamed, *table.notes])


def compare_rows(table: "Table") -> list[tuple[str, ...]]:
    """Give the rows of the table that decides, the head first."""
    from scoville.evaluate.shown import LABELS, between, unit_of, written

    metric = table.board.metric
    rows = [("system", LABELS.get(metric, metric), "95 % interval", "n", f"against {table.baseline}")]
    for row in table.board.rows:
        found, unit, to = row.quality, unit_of(metric), table.to_baseline.get(row.system)
        within = "" if found.low is None or found.high is None else between(found.low, found.high, unit)
        said = _verdict(table, to) if to else ""
        rows.append((row.system, written(found.mean, unit), within, f"{found.n:,}", said))
    return rows


def part_rows(table: "Table", systems: "Sequence[Compared]") -> list[tuple[str, ...]]:
    """Give the rows of the table of what else decides: what is right, what it costs, how long it takes."""
    from scoville.comparison.shown import COLUMNS, HEADLINE, TITLES, number
    from scoville.evaluate.shown import measure

    by_name = {system.name: system for system in systems}
    summaries = [(row, _summary(row, by_name[row.system])) for row in table.board.rows]
    found = {
        name: [measure(summary, name) for _, summary in summaries]
        for name in (*HEADLINE, *TITLES) if name != table.board.metric
    }  # fmt: skip
    names = [name for name, measures in found.items() if any(measures)]
    heads = [f"{SHORT.get(name, COLUMNS[name])}{f' ({n})' if (n := number(found[name])) else ''}" for name in names]
    rows = [("system", *heads, "")]
    for place, (row, _) in enumerate(summaries):
        cells = [_cell(found[name][place]) for name in names]
        rows.append((row.system, *cells, "*" if row.system in table.front else ""))
    return rows


def _cell(found: "Measure | None") -> str:
    if found is None:
        return "–"
    return f"{found.value} ({found.interval})" if found.interval else found.value


def _summary(row: "Row", system: "Compared") -> dict[str, Any]:
    """Give the summary of a run with what 1,000 questions cost among its measures."""
    from scoville.comparison.shown import COST

    summary = system.run.summary()
    usd = row.columns.get(COST)
    if usd is None:
        return summary
    counts = summary["counts"]
    limits = {limit: row.columns.get(f"{COST}_{limit}") for limit in ("low", "high")}
    cost = {"mean": usd, **limits, "n": counts["answered"] + counts["refused"]}
    return {**summary, "metrics": {**summary["metrics"], COST: cost}}


def legend(table: "Table") -> str:
    """Say how to read that table."""
    return LEGEND.format(table.board.cases, ", for these documents only" if table.board.by == "page" else "")


def _verdict(table: "Table", to: "ToBaseline") -> str:
    from scoville.comparison.systems import check_metric
    from scoville.evaluate.paired import ALPHA

    found = to.comparison
    if found.difference is None:
        return "no case is scored in both"
    if to.p > ALPHA:
        return "no sure difference" + (f" (about {found.needed:,} cases would tell)" if found.needed else "")
    return (
        "better"
        if (found.difference > 0) == (check_metric(table.board.metric).higher_is_better is not False)
        else "worse"
    )


def compare_json(table: "Table", systems: "Sequence[Compared]") -> dict[str, Any]:
    """Give a comparison for a program, best first."""
    by_name = {system.name: system for system in systems}
    return {
        "metric": table.board.metric,
        "cases": table.board.cases,
        "baseline": table.baseline,
        "systems": [
            {
                **asdict(row),
                "run": by_name[row.system].run.id,
                "origin": by_name[row.system].origin,
                "to_baseline": asdict(to.comparison) | {"p_adjusted": to.p}
                if (to := table.to_baseline.get(row.system))
                else None,
                "pareto": row.system in table.front,
                "blame": [
                    {"stage": stage, "count": count, "advice": advice}
                    for stage, count, advice in _stages(by_name[row.system])
                ],
            }
            for row in table.board.rows
        ],
        "pareto": list(table.front),
        "notes": list(table.notes),
    }


def compare_html(table: "Table", systems: "Sequence[Compared]") -> str:
    """Write a comparison as the page that shows runs."""
    from scoville.comparison.report import report_html

    shown = shown_systems(table, systems)
    return report_html(shown, metric=table.board.metric, baseline=table.baseline, notes=table.notes)


def shown_systems(table: "Table", systems: "Sequence[Compared]") -> "list[Shown]":
    """Give systems as the page shows them, the best first, with what each costs among its scores."""
    from scoville.comparison.shown import shown_run

    by_name = {system.name: system for system in systems}
    return [
        replace(
            shown_run(by_name[row.system].run, by_name[row.system].blamed),
            name=row.system,
            summary=_summary(row, by_name[row.system]),
            verdict=_verdict(table, to) if (to := table.to_baseline.get(row.system)) else "the baseline",
        )
        for row in table.board.rows
    ]


def _column_rows(table: "Table") -> list[tuple[str, ...]]:
    """Give the rows of what else is known of the systems, the head first."""
    names = [name for name in HEADS if any(row.columns.get(name) not in (None, 0) for row in table.board.rows)]
    rows = [("", *(HEADS[name] for name in names), "")]
    rows += [
        (
            row.system,
            *(_shown(name, row.columns.get(name)) for name in names),
            "*" if row.system in table.front else "",
        )
        for row in table.board.rows
    ]
    return rows


def _against(table: "Table") -> str:
    rows = [(f"against {table.baseline}", "difference (95 %)", "p", "")]
    rows += [(name, *_difference(to, table.board.metric)) for name, to in table.to_baseline.items()]
    return table_text(rows)


def _difference(to: "ToBaseline", metric: str) -> tuple[str, str, str]:
    from scoville.comparison.leaderboard import gap
    from scoville.evaluate.paired import ALPHA
    from scoville.evaluate.shown import unit_of

    one = to.comparison
    if one.difference is None:
        return "–", "", "no case is scored in both"
    surely = "not distinguishable" if to.p > ALPHA else "differs"
    needed = f"; about {one.needed:,} cases would tell" if to.p > ALPHA and one.needed else ""
    return gap(one, unit_of(metric)), "< 0.001" if to.p < 0.001 else f"{to.p:.3f}", f"{surely}{needed}"


def _blame(system: "Compared") -> str:
    rows = [(f"  {stage.replace('_', ' ')}", str(count), advice) for stage, count, advice in _stages(system)]
    return f"{system.name}: {len(system.blamed)} wrong answers\n{table_text(rows)}"


def _stages(system: "Compared") -> list[tuple[str, int, str]]:
    from scoville.evaluate.blame import count_stages

    return count_stages(system.blamed)


def table_text(rows: Sequence[tuple[str, ...]]) -> str:
    """Write rows with their columns aligned: the first and the last to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    last = len(widths) - 1
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place in (0, last) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _shown(name: str, value: "Cell") -> str:
    from scoville.evaluate.shown import unit_of, written

    return value if isinstance(value, str) else written(value, unit_of(name))
