"""What became of questions as HTML: what the studio's page is filled with, and one page to mail.

Enters: what was monitored. Leaves: values of templates, or a page that loads nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from scoville.comparison.plots import Point, Series, axis, lines
from scoville.comparison.render import render
from scoville.monitor.figures import Figures
from scoville.monitor.report import Monitored
from scoville.monitor.shown import HEAD, figures_row, in_words, reasons

MOST = 25


def production_html(found: Monitored, title: str, *, studio: str = "") -> str:
    """Write one page; ``studio`` is the address of a service, to which questions link."""
    lead = (
        "What became of the questions that people asked. This page loads nothing and can be mailed; it holds questions "
        "as they were asked."
    )
    about = {"title": title, "kicker": "Production", "heading": title, "lead": lead}
    return render("production_page.html", page_values(found, studio.rstrip("/") or None) | about)


def page_values(found: Monitored, studio: str | None) -> dict[str, Any]:
    """Give what the templates are filled with; without a studio (None) nothing is linked."""
    named = [one for one in found.releases if one.name]
    return {
        "found": found, "head": HEAD[1:], "most": MOST, "studio": studio, "words": in_words(found),
        "rows": [figures_row(one) for one in reversed(found.days)],
        "releases": [figures_row(one, one.name or "none") for one in found.releases] if named else [],
        "total": figures_row(found.total), "reasons": reasons(found.total), "plots": _plots(found.days),
    }  # fmt: skip


def _plots(days: Sequence[Figures]) -> list[str]:
    """Draw outcomes and seconds over time; nothing of a single day."""
    if len(days) < 2:
        return []
    first = datetime.fromisoformat(days[0].name)
    places = [(datetime.fromisoformat(one.name) - first).days for one in days]
    across = axis("day", places, lambda day: f"{first + timedelta(days=day):%d %b}", across=True)

    def drawn(title: str, unit: str, curves: dict[str, list[float]], *, share: bool = False) -> str:
        series = [
            Series(name=name, colour=colour, points=[Point(*one) for one in zip(places, values, strict=True)])
            for colour, (name, values) in zip(("s0", "s3"), curves.items(), strict=False)
        ]
        most = [value for values in curves.values() for value in values]
        up = axis(unit, most, lambda value: f"{value:.0%}" if share else f"{value:g}", across=False, share=share)
        return lines(series, across, up, title=title)

    return [
        drawn("Questions", "questions a day", {"asked": [one.asked for one in days]}),
        drawn("Outcomes", "share of the questions", {
            "answered": [one.answered / one.asked for one in days],
            "refused": [sum(one.refused.values()) / one.asked for one in days],
        }, share=True),
        drawn("Time", "seconds", {"p95": [one.p95_seconds for one in days], "p50": [one.p50_seconds for one in days]}),
    ]  # fmt: skip
