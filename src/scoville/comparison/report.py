"""One HTML page about runs: the headline, a leaderboard, plots, and every question with what the systems said.

Enters: runs that were scored, and what a comparison found. Leaves: a page that loads nothing and can be mailed. Text of
questions, answers and documents is data: it is escaped, and the page forbids every script and style but its own two.
`page/` holds the design: a template, a style and a script, without a word about metrics.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from scoville.comparison import plots
from scoville.comparison.asked import CHOICES, Question, questions
from scoville.comparison.render import render
from scoville.comparison.run_plots import run_plots
from scoville.comparison.shown import COLUMNS, COST, SECONDS, Shown, System, cell, coloured, number
from scoville.comparison.words import in_words
from scoville.evaluate.blame import STAGES, count_stages
from scoville.evaluate.shown import HEADLINE, LABELS, groups, measure, written

MOST_ROWS = 5
"""So many systems, the best, are shown in a card."""
MOST_PASSAGES = 300
"""Passages of so many questions are shown, those that say most: a page is to be mailed."""
HINTS = {
    "answered_right": "of the questions that have an answer",
    "refused_right": "of the questions without an answer in the documents",
    SECONDS: "from the question to the whole answer",
    COST: "fees, and this machine's time", "cost_usd_per_1000": "what hosted models charge",
}  # fmt: skip


def report_html(runs: Sequence[Shown], *, metric: str, baseline: str = "", notes: Iterable[str] = ()) -> str:
    """Write the page.

    ``metric`` is what systems are ranked by, ``baseline`` the name of the one that the others are compared with, by
    default the first.
    """
    return render("report.html", report_values(runs, metric=metric, baseline=baseline, notes=notes))


def report_values(
    runs: Sequence[Shown], *, metric: str, baseline: str = "", notes: Iterable[str] = ()
) -> dict[str, Any]:
    """Give what the templates of the page are filled with; all else is that of :func:`report_html`."""
    base = baseline or runs[0].name
    asked = questions(runs[0].cases, runs, base, metric)
    return board_values(runs, metric=metric, baseline=baseline, notes=notes) | {
        "questions": [_row(question, place) for place, question in enumerate(asked)],
        "choices": _choices(asked, base if len(runs) > 1 else ""), "options": _options(asked), "link": "#q{}".format,
    }  # fmt: skip


def board_values(
    runs: Sequence[Shown], *, metric: str, baseline: str = "", notes: Iterable[str] = ()
) -> dict[str, Any]:
    """Give what the templates are filled with besides the questions."""
    systems = coloured(runs)
    every = _groups(systems, every=True)
    return {
        "title": f"Scoville: {', '.join(run.name for run in runs)}", "systems": systems,
        "baseline": baseline or runs[0].name, "notes": list(notes),
        "words": in_words(systems, metric, baseline), "cards": _cards(systems, metric),
        "board": _board(systems, metric, baseline),
        "measures": _groups(systems), "every": every, "measure_count": sum(len(group["rows"]) for group in every),
        "plots": [plot for plot in run_plots(systems, metric) if plot], "stages": _stages(systems),
        "facts": _facts(systems), "how": _how(runs[0]), **_heading(systems),
    }  # fmt: skip


def _heading(systems: Sequence[System]) -> dict[str, str]:
    first = systems[0].shown
    without = sum(not case.answerable for case in first.cases)
    of_them = f", {without} of them without an answer in the documents" if without else ""
    asked = f"{len(first.cases):,} questions{of_them}"
    day = _day(str(first.header.get("started", "")))
    source = first.header.get("cases_file", "")
    lead = ". ".join(filter(None, (f"Asked {asked}", f"From {source}" if source else "", day))) + "."
    if len(systems) == 1:
        return {"kicker": "Evaluation", "heading": str(first.header.get("system") or first.name), "lead": lead}
    named = [system.name for system in systems]
    heading = f"{', '.join(named[:-1])} and {named[-1]}" if len(named) <= 4 else f"{len(named)} systems"
    return {"kicker": "Comparison", "heading": heading, "lead": lead}


def _day(started: str) -> str:
    """Write the day of a time as people do; as it is where it is none."""
    from datetime import datetime

    try:
        return f"{datetime.fromisoformat(started):%-d %B %Y}"
    except ValueError:
        return started


def _cards(systems: Sequence[System], metric: str) -> list[dict[str, Any]]:
    """Give the headline: what is right and, of one run, what it takes."""
    names = list(dict.fromkeys([*HEADLINE, metric]))
    names += [SECONDS, "cost_usd_per_1000"] if len(systems) == 1 else []
    cards: list[dict[str, Any]] = []
    for name in names:
        rows = [found for system in systems if (found := cell(system, name)).measure]
        if rows:
            said = HINTS.get(name, _weights(systems[0].shown) if name == "quality" else "")
            hint = ", ".join(filter(None, (number(row.measure for row in rows), said)))
            more = f"; {len(rows) - MOST_ROWS} more below" if len(rows) > MOST_ROWS else ""
            cards.append({"label": LABELS.get(name, name), "hint": f"{hint}{more}", "rows": rows[:MOST_ROWS]})
    return cards


def _weights(run: Shown) -> str:
    """Say what the one number of quality is made of."""
    without = sum(not case.answerable for case in run.cases) / max(len(run.cases), 1)
    costs = run.summary.get("weights", {}).get("wrong_costs")
    wrong = "" if costs is None else f"; a wrong answer costs {costs:g} refusal{'s' if costs != 1 else ''}"
    return f"{written(without, 'share')} of them without an answer{wrong}"


def _board(systems: Sequence[System], metric: str, baseline: str) -> dict[str, Any]:
    names = [metric, *(name for name in COLUMNS if name != metric)]
    known = [name for name in names if any(measure(one.shown.summary, name) for one in systems)]
    cells = {name: [cell(one, name) for one in systems] for name in known}
    heads = [
        {"label": COLUMNS.get(name, LABELS.get(name, name)), "n": number(one.measure for one in cells[name])}
        for name in known
    ]
    rows = [
        {"system": one, "cells": [cells[name][place] for name in known], "verdict": one.shown.verdict}
        for place, one in enumerate(systems)
    ]
    return {"heads": heads, "rows": rows, "baseline": baseline}


def _stages(systems: Sequence[System]) -> list[dict[str, Any]]:
    """Count what lost the wrong answers, stage by stage, the most frequent first."""
    counted = {one.name: {stage: count for stage, count, _ in count_stages(one.shown.blame)} for one in systems}
    total = {stage: sum(found.get(stage, 0) for found in counted.values()) for stage in STAGES}
    most = max((count for found in counted.values() for count in found.values()), default=1)
    return [
        {
            "label": stage.replace("_", " "), "advice": STAGES[stage],
            "counts": [
                {"count": count, "bar": plots.interval(None, 0, count, (0, most), one.colour)}
                for one in systems for count in (counted[one.name].get(stage, 0),)
            ],
        }
        for stage, whole in sorted(total.items(), key=lambda one: -one[1]) if whole
    ]  # fmt: skip


def _row(question: Question, place: int) -> dict[str, Any]:
    case = question.case
    expected = " / ".join(case.expected) or ("" if case.answerable else "a refusal: the documents do not say")
    more = "\n".join([*question.stages, *case.tags])
    return {
        "question": question, "expected": expected, "more": more,
        "passages": question.passages if place < MOST_PASSAGES else (),
    }  # fmt: skip


def _choices(asked: Sequence[Question], baseline: str) -> list[dict[str, Any]]:
    """Give by what questions can be filtered, with how many they are; of one system there is no ``baseline``."""
    counts = {kind: sum(kind in one.kinds for one in asked) for kind in CHOICES}
    always = {"all", "worse", "better"} if baseline else {"all"}
    return [
        {"kind": kind, "label": label.format(baseline), "count": counts[kind]}
        for kind, label in CHOICES.items()
        if kind in always or counts[kind]
    ]


def _options(asked: Sequence[Question]) -> list[dict[str, str]]:
    found = dict.fromkeys(stage for one in asked for stage in one.stages)
    tags = dict.fromkeys(tag for one in asked for tag in one.case.tags)
    return [{"value": name, "label": name.replace("_", " ")} for name in found] + [
        {"value": tag, "label": f"tag {tag}"} for tag in tags if "\n" not in tag
    ]


def _groups(systems: Sequence[System], *, every: bool = False) -> list[dict[str, Any]]:
    """Give the measures in groups, a row for each with a cell for each system: those that say most, or all."""
    labels: dict[str, dict[str, str]] = {}
    for one in systems:
        for group, found in groups(one.shown.summary, every=every):
            labels.setdefault(group, {}).update({each.name: each.label for each in found})
    return [
        {"name": group, "rows": [_measured(systems, name, label) for name, label in found.items()]}
        for group, found in labels.items()
        if every or group != "headline"  # which the cards show
    ]


def _measured(systems: Sequence[System], name: str, label: str) -> dict[str, Any]:
    cells = [cell(one, name) for one in systems]
    return {"label": label, "n": number(one.measure for one in cells), "cells": cells}


def _facts(systems: Sequence[System]) -> list[tuple[str, list[str]]]:
    """Give what each run is, a row for each that is known."""

    def counted(one: Shown) -> str:
        counts = one.summary.get("counts", {})
        return f"{counts.get('answered', 0):,} answered, {counts.get('refused', 0):,} refused, {counts.get('errors', 0):,} failed"  # fmt: skip  # noqa: E501

    def model(one: Shown, key: str) -> str:
        return str((one.header.get("models") or {}).get(key) or "")

    rows: list[tuple[str, Callable[[Shown], str]]] = [
        ("Run", lambda one: one.run),
        ("Started", lambda one: str(one.header.get("started", "")).replace("T", " ")[:16]),
        ("Ended", lambda one: "" if (status := one.header.get("status")) == "finished" else str(status or "")),
        ("Answers", counted), ("Model", lambda one: model(one, "llm")),
        ("Embedder", lambda one: model(one, "embedder")),
        ("Cases", lambda one: f"{one.header.get('cases_file', '')} (digest {one.header.get('cases_digest', '?')})"),
        ("Recipe", lambda one: str(one.header.get("recipe_hash") or "")),
    ]  # fmt: skip
    found = [(label, [give(one.shown) for one in systems]) for label, give in rows]
    return [(label, values) for label, values in found if any(values)]


def _how(first: Shown) -> str:
    by = first.summary.get("clusters", "document")
    only = " They hold for these documents, not for others like them." if by == "page" else ""
    return (
        f"Intervals hold the mean of many more such questions in 95 of 100 cases; questions on one {by} count as one "
        f"group.{only} n: questions that a measure applies to. This page loads nothing and can be mailed; it holds "
        "passages of the documents."
    )
