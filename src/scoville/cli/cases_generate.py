"""`scoville cases generate`: cases from the workspace's own documents."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import common_options, open_bot, say, write_json

if TYPE_CHECKING:
    from scoville.bot.generate import Author
    from scoville.cases.generate import Generated

DEFAULT_OUT = Path("cases/generated.jsonl")


@click.command("generate")
@click.option("-n", "--count", type=click.IntRange(1, 100_000), default=40, show_default=True, help="How many cases.")
@click.option("--kinds", default="", metavar="KIND,...", help="Of which kinds, by default of every one: fact, table, "
              "multi-hop, comparison, follow-up; unanswerable for all of left-out, missing-attribute, unknown-entity, "
              "edited, underspecified, false-premise, nonsensical, out-of-scope, safety, modality.")  # fmt: skip
@click.option("--seed-cases", "seed_file", type=click.Path(path_type=Path), default=None,
              help="Cases that people wrote: a model is shown some of them, and none is repeated.")  # fmt: skip
@click.option("--generator", type=click.Choice(["auto", "model", "templates"]), default="auto", show_default=True,
              help="`templates` asks no model, `model` asks that of the recipe, `auto` takes `model` for `openai:` "
              "models and else `templates`, and has the model say what it knows without documents.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=DEFAULT_OUT, show_default=True,
              help="Where the cases go. What was tried is kept beside it: the same command goes on.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Another seed, other cases.")
@click.option("--yes", is_flag=True, help="Go on beyond cost.limit_usd.")
@common_options
def command(
    count: int,
    kinds: str,
    seed_file: Path | None,
    generator: "Author",
    out: Path,
    seed: int,
    yes: bool,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write cases out of the documents.

    They are of several kinds, a third of them without an answer, and each is checked before it is kept. What the
    nearest sentence alone answers is marked easy; at most half of those with an answer are.
    """
    from scoville.cases.files import cases_of

    seeds = cases_of(seed_file) if seed_file else []
    bot = open_bot(folder, flags)
    made = bot.generate_cases(
        out, count=count, kinds=kinds.split(","), seeds=seeds, generator=generator, seed=seed, no_limit=yes
    )  # fmt: skip
    if as_json:
        write_json(_report(made, out))
    else:
        _tell(made, out)


def _report(made: "Generated", out: Path) -> dict[str, Any]:
    return {
        "out": str(out), "cases": len(made.cases), "tried": dict(made.tried), "accepted": dict(made.accepted),
        "dropped": {kind: dict(reasons) for kind, reasons in made.dropped.items()}, "stopped": made.stopped,
        "cost_usd": made.cost_usd, "prompt_tokens": made.prompt_tokens, "completion_tokens": made.completion_tokens,
    }  # fmt: skip


def _tell(made: "Generated", out: Path) -> None:
    for kind, tried in made.tried.items():
        reasons = ", ".join(f"{count} {reason}" for reason, count in made.dropped.get(kind, {}).items())
        kept = made.accepted.get(kind, 0)
        say(f"{kind.replace('_', '-'):<18}{kept:5} of {tried} kept{f'; dropped: {reasons}' if reasons else ''}")
    spent = f", {made.cost_usd:.4f} USD" if made.cost_usd else ""
    say(f"{len(made.cases)} cases in {out}{spent}. Look at them: scoville cases review {out}")
    if made.stopped:
        say(f"Fewer than were asked for: {made.stopped}.")
