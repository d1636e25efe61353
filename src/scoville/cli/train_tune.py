"""`scoville train lora`, `qlora`, `full` and `pretrain`: models that write, of rows or texts."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import common_options, open_bot, plain, say, write, write_json

if TYPE_CHECKING:
    from scoville.train.tune import TrainedModel

HELP = {
    "lora": "Train an adapter of low rank on a base model.",
    "qlora": "Train an adapter on a base in 4 bits: less memory, slower.",
    "full": "Train all weights of a base model.",
}
FILES = """

FILES are conversations, cases or texts, made into rows as `scoville train rows` does; without them the rows that it
wrote are taken. Texts are learned first, then conversations. What was interrupted goes on when it is called again.
"""


def _options(function: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.argument("files", nargs=-1, type=click.Path(path_type=Path)),
        click.option("--name", default="", help="What the model is called. Default: method and hash of the rows."),
        click.option("--rows", type=click.Path(path_type=Path), help="A folder that `scoville train rows` wrote."),
        click.option("--epochs", type=click.FloatRange(0, min_open=True), help="How often each row is seen."),
        click.option("--steps", type=click.IntRange(1), help="How many steps are taken, instead of epochs."),
        click.option("--learning-rate", type=click.FloatRange(0, 1, min_open=True, max_open=True),
                     help="Default: 0.0003 for adapters, 0.00005 for whole models."),
        click.option("--batch-tokens", type=click.IntRange(1), help="Tokens computed at once. Default: 2048."),
        click.option("--accumulate", type=click.IntRange(1), help="Batches of one step. Default: 4."),
        click.option("--longest", type=click.IntRange(8), help="Tokens of the longest row. Default: 1024."),
        click.option("--patience", type=click.IntRange(0), help="Looks at the dev part, four an epoch, without a gain "
                     "after which it ends; 0: never. Default: 4."),
        click.option("--recompute", is_flag=True, default=None, help="Less memory, a third slower: compute activations "
                     "again."),
        click.option("--no-bf16", "bf16", flag_value=False, default=None, help="Compute in float32, as is done where "
                     "the hardware has no bfloat16."),
        click.option("--seed", type=click.IntRange(0), help="Of order and adapters. Default: 7."),
        common_options,
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def _method(method: str) -> click.Command:
    adapter = method != "full"

    @_options
    @click.option("--base", default="", metavar="MODEL", help="A model of `scoville models`, hf:ORG/NAME, path:FOLDER, "
                  "or one trained here. Default: llm.model of the recipe.")  # fmt: skip
    @click.option("--general", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
                  help="General texts to mix into those of the domain, so that less is forgotten.")  # fmt: skip
    @click.option("--general-share", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.2,
                  show_default=True, help="What they make of all texts.")  # fmt: skip
    def run(
        files: tuple[Path, ...], folder: Path | None, flags: tuple[str, ...], as_json: bool, **options: Any
    ) -> None:
        bot = open_bot(folder, flags)
        own = {key: options.pop(key) for key in ("name", "base", "general", "general_share")}
        rows = bot.training_rows(*files) if files else options["rows"]
        del options["rows"]
        model = bot.train(rows, method=method, **own, **_given(options))
        _tell(model, as_json)

    if adapter:
        run = click.option("--rank", type=click.IntRange(1), help="Of the adapter. Default: 16.")(run)
        run = click.option("--alpha", type=click.IntRange(1), help="Its weight times its rank. Default: 32.")(run)
        run = click.option("--dropout", type=click.FloatRange(0, 1, max_open=True), help="Of its input. Default: 0.")(
            run
        )
        run = click.option("--targets", help="Modules: all-linear, or e.g. q_proj,v_proj. Default: all-linear.")(run)
    return click.command(method, help=HELP[method] + FILES)(run)


lora, qlora, full = (_method(name) for name in HELP)


@click.command("pretrain")
@_options
@click.option("--depth", type=click.IntRange(1), default=4, show_default=True, help="Layers; all other sizes follow.")
@click.option("--vocabulary", type=click.IntRange(259), default=4096, show_default=True, help="Tokens that it knows.")
def pretrain(
    files: tuple[Path, ...], folder: Path | None, flags: tuple[str, ...], as_json: bool, **options: Any
) -> None:
    """Train a small model from nothing.

    First on texts, then on conversations where there are any.
    FILES are texts or conversations, known by their content; without them the rows that `scoville train rows --kinds
    text` wrote are taken. Its tokenizer is learned from the texts. What was interrupted goes on when called again.
    """
    bot = open_bot(folder, flags)
    own = {key: options.pop(key) for key in ("name", "depth", "vocabulary")}
    rows = bot.training_rows(*files) if files else options["rows"]
    del options["rows"]
    own["name"] = own["name"] or f"depth-{own['depth']}"
    _tell(bot.pretrain(rows, **own, **_given(options)), as_json)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value is not None}


def _tell(model: "TrainedModel", as_json: bool) -> None:
    if os.environ.get("RANK", "0") != "0":  # of several processes the first one talks
        return
    record = model.record
    if as_json:
        write_json({"name": model.name, "folder": str(model.folder), **record})
    else:
        write(f"{plain(model.name)}: {record['trained_parameters']:,} of {record['parameters']:,} parameters trained")
        for stage, said in record["stages"].items():
            write(f"  {stage:<9} {_measured(said)}")
    if any(said["stopped"] == "diverged" for said in record["stages"].values()):
        raise SystemExit(1)
    say(f"Wrote {plain(str(model.folder))}")


def _measured(said: dict[str, Any]) -> str:
    parts = [f"{said['steps']} steps, {said['tokens']:,} tokens, {said['seconds']:.0f} s, ${said['usd']:.2f}"]
    for key, title in (("dev_loss", "dev loss"), ("bits_per_byte", "bits a byte")):
        if f"{key}_after" in said:
            parts.append(f"{title} {said[f'{key}_before']:.3f} → {said[f'{key}_after']:.3f}")
    return "; ".join([*parts, *([said["reason"]] if said["reason"] else [])])
