"""`scoville train reader`: a model that points at the answer in a passage."""

from pathlib import Path

import click

from scoville.cli.common import common_options, open_bot, say, write, write_json
from scoville.cli.train_score import DIGITS, card_text


@click.command("reader")
@click.argument("recipe", required=False, type=click.Path(path_type=Path))
@click.option("--rows", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
              help="Questions to learn from: SQuAD JSON or JSON lines; may be given several times.")  # fmt: skip
@click.option("--from-cases", is_flag=True, help="Learn from the files in cases/; the part test is left out.")
@click.option("--base", default="", metavar="MODEL", help="An encoder, or a reader to train on. Default: what the "
              "recipe says, else all-minilm-l6-v2.")  # fmt: skip
@click.option("--name", default="reader", show_default=True, help="The folder in .scoville/models.")
@common_options
def command(
    recipe: Path | None,
    rows: tuple[Path, ...],
    from_cases: bool,
    base: str,
    name: str,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Train a reader by a RECIPE or from questions.

    A recipe is a file such as recipes/reader.yaml.
    A training that was interrupted goes on when the same command is given again.

    \b
    scoville train reader --from-cases --base reader --name ours
    scoville train reader --rows questions.jsonl --base reader
    """  # noqa: D301
    from dataclasses import asdict

    bot = open_bot(folder, flags)
    done = bot.train_reader(recipe, rows=rows, from_cases=from_cases, base=base, name=name)
    if done.stopped != "done":
        say(f"It ended after {done.steps} steps: {done.reason}")
    if as_json:
        scores = {
            part: {k: round(v, DIGITS) if isinstance(v, float) else v for k, v in asdict(card).items()}
            for part, card in done.scores.items()
        }
        write_json({
            "folder": str(done.folder), "steps": done.steps, "stopped": done.stopped, "reason": done.reason,
            "seconds": round(done.seconds, 1), "ece": None if done.ece is None else round(done.ece, DIGITS),
            "scores": scores,
        })  # fmt: skip
        return
    write("\n".join(f"{part}: {card_text(card)}" for part, card in done.scores.items()) or "Nothing was held out.")
    say(f"Wrote {done.folder} after {done.steps} steps in {done.seconds:.0f} s; llm.model: {name} asks it")
