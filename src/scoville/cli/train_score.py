"""`scoville train score`: how well a model answers questions from one text each."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import common_options, open_bot, say, write, write_json

if TYPE_CHECKING:
    from scoville.train.reader.score import Scorecard

DIGITS = 4


@click.command("score")
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(1), default=None, help="Only so many questions, taken evenly out of all.")
@click.option("--yes", is_flag=True, help="Go on beyond cost.limit_usd.")
@common_options
def command(
    model: str, file: Path, limit: int | None, yes: bool, folder: Path | None, flags: tuple[str, ...], as_json: bool
) -> None:
    """Score MODEL on the questions of FILE as SQuAD does.

    Each is answered from its one text.
    MODEL is `reader`, the name or folder of a trained one, or any model that llm.model names. FILE is SQuAD JSON or
    JSON lines with question, context and answers, plain or gzipped.

    \b
    scoville train score reader dev.json
    scoville train score smollm2-135m-instruct dev.json --limit 200
    """  # noqa: D301
    from dataclasses import asdict

    card = open_bot(folder, flags).score_reading(model, file, limit=limit, no_limit=yes)
    if as_json:
        write_json({k: round(v, DIGITS) if isinstance(v, float) else v for k, v in asdict(card).items()})
        return
    write(card_text(card))
    say(f"{card.n} questions in {card.seconds:.1f} s")


def card_text(card: "Scorecard") -> str:
    """Write a scorecard in a line or two."""
    answered = f"{card.answerable} with an answer: F1 {_told(card.f1_answerable)}, exact {_told(card.em_answerable)}"
    if card.best_f1 is None:
        return answered
    return (
        f"{answered}; {card.n - card.answerable} without: told apart {_told(card.auroc)} (AUROC)\n"
        f"at the best threshold ({_told(card.threshold)}): balanced F1 {_told(card.best_f1)}, "
        f"{card.wrongly_refused_at_best:.0%} wrongly refused"
    )


def _told(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
