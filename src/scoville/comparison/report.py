"""One HTML page about runs: tables, plots, and the worst cases with what the system was given.

Enters: runs that were scored, a leaderboard. Leaves: a page that loads nothing, runs nothing and can be mailed. Text of
questions, answers and documents is escaped: it is data.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from scoville.comparison.plots import Point, histogram, lines, scatter
from scoville.evaluate.blame import Blame, count_stages
from scoville.evaluate.metrics import risk_coverage, risks
from scoville.evaluate.result import Result
from scoville.evaluate.runs import Run
from scoville.evaluate.shown import LABELS
from scoville.types import Case, Score

WORST = 10
"""So many of a run's worst cases are shown."""
EXCERPT = 600
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.6rem}h2{margin-top:2.2rem;border-bottom:1px solid #ddd}table{border-collapse:collapse;font-size:.86rem}
td,th{padding:.25rem .6rem;border-bottom:1px solid #e4e4e4;text-align:right;white-space:nowrap}
td:first-child,th:first-child{text-align:left;white-space:normal}.wide{overflow-x:auto}.note{color:#666;font-size:.86rem}
.plots{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;width:26rem}figcaption{font-weight:600;font-size:.86rem}
svg{width:100%}.grid{stroke:#e4e4e4}.tick{font-size:10px;fill:#666;text-anchor:middle}.left{text-anchor:end}
.legend{font-size:10px;text-anchor:end}
details{border:1px solid #e4e4e4;border-radius:4px;padding:.4rem .8rem;margin:.4rem 0}
summary{cursor:pointer}pre{white-space:pre-wrap;font:inherit;font-size:.86rem;background:#f7f7f7;padding:.4rem .6rem}
.bad{color:#b5341f}.advice{white-space:normal;text-align:left}
"""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A run as the page shows it."""

    name: str
    header: Mapping[str, Any]
    summary: Mapping[str, Any]
    cases: Sequence[Case]
    results: Mapping[str, Result]
    scores: Mapping[str, Mapping[str, Score]]
    blame: Sequence[tuple[str, int, str]] = ()
    """Stage, how many wrong answers it is to blame for, what to try."""
    risk: Sequence[tuple[float, float]] = ()
    """Coverage and the risk at it."""


def report_html(runs: Sequence[Shown], *, metric: str, board: str = "", pareto: Iterable[str] = ()) -> str:
    """Write the page; ``metric`` is what cases are ranked by, ``board`` a leaderboard as plain text."""
    title = "Scoville: " + ", ".join(run.name for run in runs)
    front = list(pareto)
    sections = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="note">{escape(_subtitle(runs))}</p>',
        "<h2>Scores</h2>", _scores_table(runs),
        f"<pre>{escape(board)}</pre>" if board else "",
        "<h2>How scores and times are spread</h2>", f'<div class="plots">{"".join(_plots(runs, metric, front))}</div>',
        *(_run_section(run, metric) for run in runs),
    ]  # fmt: skip
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body>{''.join(sections)}</body></html>\n"
    )


def shown_run(run: Run, blamed: Sequence[Blame]) -> Shown:
    """Give a run as the page shows it."""
    header, cases, results, scores = run.header, run.cases(), run.results(), run.scores()
    status = "" if header["status"] == "finished" else f" ({header['status']})"
    curve = risk_coverage(risks(cases, results, {case: list(found.values()) for case, found in scores.items()}))
    return Shown(
        name=f"{header.get('system', 'run')} {run.id[-4:]}{status}", header=header, summary=run.summary(),
        cases=cases, results=results, scores=scores, blame=count_stages(blamed), risk=curve,
    )  # fmt: skip


def _subtitle(runs: Sequence[Shown]) -> str:
    first, by = runs[0].header, runs[0].summary.get("clusters", "document")
    only = " for these documents, not for others" if by == "page" else ""
    return (
        f"{len(runs[0].cases)} cases (digest {first.get('cases_digest', '?')}). In brackets: 95 % intervals{only}; "
        f"cases of one {by} count as one group."
    )


def _scores_table(runs: Sequence[Shown]) -> str:
    names = list(dict.fromkeys(name for run in runs for name in run.summary.get("metrics", {})))
    names = list(dict.fromkeys([*names, *(name for run in runs for name in run.summary.get("sets", {}))]))
    head = "".join(f"<th>{escape(run.name)}</th>" for run in runs)
    first = [name for name in LABELS if name in names]  # the others are folded away

    def row(name: str) -> str:
        return (
            f"<tr><td>{escape(LABELS.get(str(name), str(name)))}</td>"
            f"{''.join(f'<td>{_cell(run.summary, name)}</td>' for run in runs)}</tr>"
        )

    counts = [
        f"<tr><td>{escape(label)}</td>{''.join(f'<td>{escape(_fact(run.summary, place))}</td>' for run in runs)}</tr>"
        for label, place in (
            ("cases", "counts.cases"),
            ("refused", "counts.refused"),
            ("errors", "counts.errors"),
        )
    ]

    def table(rows: Iterable[str]) -> str:
        return f'<div class="wide"><table><tr><th></th>{head}</tr>{"".join(rows)}</table></div>'

    others = table(row(name) for name in names if name not in first)
    return f"{table([*map(row, first), *counts])}<details><summary>All other measures</summary>{others}</details>"


def _cell(summary: Mapping[str, Any], name: str) -> str:
    found = summary.get("metrics", {}).get(name)
    if not found:
        value = summary.get("sets", {}).get(name)
        return "" if value is None else f"{value:.3f}"
    if found["mean"] is None:
        return "not scored"
    unscored = f" <span class='bad'>{found['unscored']} not scored</span>" if found["unscored"] else ""
    if found["low"] is None or found["high"] is None:
        return f"{found['mean']:.3f}{unscored}"
    return f"{found['mean']:.3f} <span class='note'>[{found['low']:.3f}, {found['high']:.3f}]</span>{unscored}"


def _fact(summary: Mapping[str, Any], place: str) -> str:
    section, _, key = place.partition(".")
    value = summary.get(section, {}).get(key)
    return "not known" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _plots(runs: Sequence[Shown], metric: str, front: Sequence[str]) -> Iterable[str]:
    called = LABELS.get(metric, metric)
    for run in runs:
        yield histogram(_values(run, metric), title=f"{run.name}: {called}", x=called)
    for run in runs:
        seconds = [total for result in run.results.values() if (total := result.seconds.get("total")) is not None]
        yield histogram(seconds, title=f"{run.name}: seconds an answer", x="seconds")
    curves = [(run.name, [Point(coverage, risk) for coverage, risk in run.risk]) for run in runs]
    yield lines(
        curves,
        title="Wrong answers, the surest answers first",
        x="share of the questions answered",
        y="share of those wrong",
    )
    for x, key in (
        ("$ for 1,000 questions", "usd_per_1000"),  # a comparison knows it
        ("seconds an answer, median", "seconds_total_p50"),
        ("tokens of all prompts", "prompt_tokens_sum"),
    ):
        points = [
            Point(at, found["mean"], run.name)
            for run in runs
            if (found := run.summary.get("metrics", {}).get(metric)) and found["mean"] is not None
            and (at := run.summary.get("sets", {}).get(key)) is not None
        ]  # fmt: skip
        if len(points) > 1:
            yield scatter(points, title=f"{called} against {x}", x=x, y=called, best=front)


def _values(run: Shown, metric: str) -> list[float]:
    found = (scores.get(metric) for scores in run.scores.values())
    return [score.value for score in found if score and score.value is not None]


def _run_section(run: Shown, metric: str) -> str:
    blamed = "".join(
        f"<tr><td>{escape(stage.replace('_', ' '))}</td><td>{count}</td><td class='advice'>{escape(advice)}</td></tr>"
        for stage, count, advice in run.blame
    )
    table = (
        f"<table><tr><th>where it went wrong</th><th>cases</th><th>what to try</th></tr>{blamed}</table>"
        if blamed
        else ""
    )
    worst = "".join(_case(case, run, metric) for case in _worst(run, metric))
    return f"<h2>{escape(run.name)}: the worst cases</h2>{table}{worst}"


def _worst(run: Shown, metric: str) -> list[Case]:
    """Give the cases with the least of the metric, those with an error first."""

    def rank(case: Case) -> tuple[bool, float]:
        score = run.scores.get(case.id, {}).get(metric)
        return not run.results[case.id].error, score.value if score and score.value is not None else 1.0

    return sorted((case for case in run.cases if case.id in run.results), key=rank)[:WORST]


def _case(case: Case, run: Shown, metric: str) -> str:
    result, scores = run.results[case.id], run.scores.get(case.id, {})
    score = scores.get(metric)
    value = "not scored" if score is None or score.value is None else f"{score.value:.2f}"
    shown = ", ".join(f"{score.metric} {score.value:.2f}" for score in scores.values() if score.value is not None)
    expected = " / ".join(case.expected) or ("" if case.answerable else "a refusal")
    passages = "".join(
        f"<p class='note'>[{number}] {escape(passage.document)} {escape(_pages(passage.pages))}</p>"
        f"<pre>{escape(passage.text[:EXCERPT])}</pre>"
        for number, passage in enumerate(result.passages, start=1)
    )
    answer = f"<span class='bad'>{escape(result.error)}</span>" if result.error else escape(result.text)
    withheld = f"<p><b>withheld</b> {escape(result.withheld)}</p>" if result.withheld else ""
    return (
        f"<details><summary>{value}: {escape(case.question)}</summary>"
        f"<p><b>expected</b> {escape(expected)}</p><p><b>answered</b> {answer}</p>{withheld}"
        f"<p class='note'>{escape(shown)}</p>{passages}</details>"
    )


def _pages(pages: Sequence[int]) -> str:
    return f"page {'–'.join(str(page) for page in dict.fromkeys((pages[0], pages[-1])))}" if pages else ""
