"""How figures are written, for terminal and page alike. Enters: figures. Leaves: words."""

from collections.abc import Sequence

from scoville.monitor.figures import Figures
from scoville.monitor.report import Monitored

HEAD = ("", "asked", "answered", "refused", "failed", "p50", "p95", "cost", "likely", "quotes hold", "guards", "+", "−")


def figures_row(one: Figures, name: str = "") -> tuple[str, ...]:
    """Write figures as a row under HEAD."""
    refused = sum(one.refused.values())
    return (
        name or one.name, f"{one.asked:,}", _share(one.answered, one.asked), _share(refused, one.asked),
        str(one.failed or "-"), _seconds(one.p50_seconds), _seconds(one.p95_seconds), _dollars(one.usd),
        "-" if one.support is None else f"{one.support:.2f}", "-" if one.supported is None else f"{one.supported:.0%}",
        str(one.guards or "-"), str(one.up or "-"), str(one.down or "-"),
    )  # fmt: skip


def in_words(found: Monitored) -> Sequence[str]:
    """Say in a few sentences what figures come to: made of them alone, by no model."""
    total = found.total
    if not total.asked:
        return ()
    refused = sum(total.refused.values())
    why = f", mostly for {next(iter(total.refused)).replace('_', ' ')}" if refused else ""
    said = [
        f"{total.asked:,} questions were asked: {_share(total.answered, total.asked)} were answered and "
        f"{_share(refused, total.asked)} refused{why}.",
        f"Half of the answers took {_seconds(total.p50_seconds)} or less, 95 % {_seconds(total.p95_seconds)}; all cost "
        f"{_dollars(total.usd)}.",
    ]
    if total.up or total.down:
        said.append(f"People judged {total.up} answers good and {total.down} bad.")
    if found.lacking:
        first = found.lacking[0]
        said.append(f"What the documents lack most is about {first.name} ({len(first.questions)} questions).")
    if found.likeness is not None:
        said.append(f"No case is like {found.new:.0%} of the questions.")
    return said


def reasons(one: Figures) -> str:
    """Write how many were refused for which reason."""
    return ", ".join(f"{reason.replace('_', ' ')} {count}" for reason, count in one.refused.items())


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def _dollars(value: float) -> str:
    return f"${value:,.4f}" if 0 < value < 0.1 else f"${value:,.2f}"
