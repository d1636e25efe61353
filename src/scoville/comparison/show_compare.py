"""What a comparison came to, for a terminal, a program and a page.

Enters: a table, systems. Leaves: text, JSON, HTML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scoville.comparison.leaderboard import Cell
    from scoville.comparison.side_by_side import Compared
    from scoville.comparison.systems import Table, ToBaseline

HEADS = {
    "refusal_precision": "refusal precision", "refusal_recall": "refusal recall", "citation_page_hit": "cites page",
    "citation_verified": "quotes found", "usd_per_1000": "$ / 1,000", "seconds_p50": "p50 s", "seconds_p95": "p95 s",
    "build_seconds": "build s", "build_usd": "build $", "errors": "errors",
}  # fmt: skip
LEGEND = """All were asked the same {} cases. The 95 % interval says where the mean of many more such cases would lie{}.
No sure difference: these cases are too few to tell. $ / 1,000: fees and this machine's time for 1,000 questions;
seconds: half of the answers took no longer. *: no other is better, cheaper and faster at once."""
ALL_LEGEND = "$ / 1,000: fees and this machine's time for 1,000 questions; * Pareto front of {}, dollars and p50"


def compare_text(table: "Table", systems: "Sequence[Compared]", *, every: bool = False) -> str:
    """Write a comparison for a terminal: one table and what to blame; or with ``every`` column and test."""
    blamed = [_blame(system) for system in systems if system.blamed]
    if not every:
        return "\n\n".join([table_text(compare_rows(table)), legend(table), *blamed, *table.notes])
    bare = replace(table.board, rows=tuple(replace(row, columns={}) for row in table.board.rows))
    columns = f"{table_text(_column_rows(table))}\n\n{ALL_LEGEND.format(table.board.metric)}"
    return "\n\n".join([bare.text, columns, _against(table), *blamed, *table.notes])


def compare_rows(table: "Table") -> list[tuple[str, ...]]:
    """Give the rows of the table that says most, the head first."""
    from scoville.evaluate.shown import LABELS

    called = LABELS.get(table.board.metric, table.board.metric)
    rows = [("system", called, "95 % interval", "cases", "$ / 1,000", "seconds", "", f"against {table.baseline}")]
    for row in table.board.rows:
        mean, within = row.quality.mean, (row.quality.low, row.quality.high)
        to = table.to_baseline.get(row.system)
        rows.append((
            row.system, _shown(mean), "" if None in within else "{:.3f} to {:.3f}".format(*within),
            str(row.quality.n), _shown(row.columns.get("usd_per_1000")), _shown(row.columns.get("seconds_p50")),
            "*" if row.system in table.front else "", _verdict(table, to) if to else "",
        ))  # fmt: skip
    return rows


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
    """Write a comparison as the page that shows runs, the best system first, with what each costs among its scores."""
    from scoville.comparison.report import report_html
    from scoville.comparison.shown import shown_run

    by_name = {system.name: system for system in systems}
    shown = [
        replace(
            run := shown_run(by_name[row.system].run, by_name[row.system].blamed),
            name=row.system,
            summary={**run.summary, "sets": {**run.summary.get("sets", {}), **_numbers(row.columns)}},
            verdict=_verdict(table, to) if (to := table.to_baseline.get(row.system)) else "the baseline",
        )
        for row in table.board.rows
    ]
    return report_html(shown, metric=table.board.metric, baseline=table.baseline, notes=table.notes)


def _numbers(columns: "Mapping[str, Cell]") -> dict[str, float]:
    return {name: value for name, value in columns.items() if isinstance(value, float)}


def _column_rows(table: "Table") -> list[tuple[str, ...]]:
    """Give the rows of what else is known of the systems, the head first."""
    names = [name for name in HEADS if any(row.columns.get(name) not in (None, 0) for row in table.board.rows)]
    rows = [("", *(HEADS[name] for name in names), "")]
    rows += [
        (
            row.system,
            *(_shown(row.columns.get(name)) for name in names),
            "*" if row.system in table.front else "",
        )
        for row in table.board.rows
    ]
    return rows


def _against(table: "Table") -> str:
    rows = [(f"against {table.baseline}", "difference", "95 %", "p", "")]
    rows += [(name, *_difference(to)) for name, to in table.to_baseline.items()]
    return table_text(rows)


def _difference(to: "ToBaseline") -> tuple[str, str, str, str]:
    from scoville.evaluate.paired import ALPHA

    one = to.comparison
    if one.difference is None:
        return "–", "", "", "no case is scored in both"
    within = "" if one.low is None or one.high is None else f"{one.low:+.3f} to {one.high:+.3f}"
    surely = "not distinguishable" if to.p > ALPHA else "differs"
    needed = f"; about {one.needed:,} cases would tell" if to.p > ALPHA and one.needed else ""
    return f"{one.difference:+.3f}", within, "< 0.001" if to.p < 0.001 else f"{to.p:.3f}", f"{surely}{needed}"


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


def _shown(value: "Cell") -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if 0 < value < 0.01 else f"{value:.3f}"
    return "–" if value is None else str(value)
