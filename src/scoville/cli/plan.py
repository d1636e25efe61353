"""`scoville plan`: what training and serving take, and which phase to try next, before anything is spent."""

from pathlib import Path
from typing import Any

import click

from scoville.cli.common import common_options, open_bot, plain, write, write_json

model_option = click.option(
    "--model", default="",
    help="A known name such as llama-2-7b, path:FOLDER, path:FILE.gguf or one trained here. Default: llm.model.",
)  # fmt: skip


@click.group("plan")
def command() -> None:
    """Say what training and serving would take."""


@command.command("train")
@model_option
@click.option("--method", type=click.Choice(["lora", "qlora", "full", "pretrain"]), default="lora", show_default=True)
@click.option("--rank", type=click.IntRange(1), default=16, show_default=True, help="Of LoRA's matrices.")
@click.option(
    "--targets", default="all-linear", show_default=True,
    help="What LoRA trains: q_proj,v_proj; all-linear (all of the layers); all (embedding and head too).",
)  # fmt: skip
@click.option("--rows", type=click.IntRange(1), default=1000, show_default=True, help="How many rows are learned.")
@click.option(
    "--seq", "tokens_per_row", type=click.IntRange(1), default=512, show_default=True, help="Tokens of a row."
)
@click.option("--epochs", type=click.FloatRange(0, min_open=True), default=3.0, show_default=True)
@click.option(
    "--batch-tokens", type=click.IntRange(1), default=2048, show_default=True, help="Tokens computed at once."
)
@click.option("--recompute", is_flag=True, help="Less memory, a third slower: compute activations again.")
@common_options
def train_command(
    model: str, targets: str, folder: Path | None, flags: tuple[str, ...], as_json: bool, **job: Any
) -> None:
    """Say what a training takes, here and on known GPUs.

    That is parameters, checkpoint, memory, hours and dollars.

    \b
    scoville plan train --model llama-2-7b --targets q_proj,v_proj
    scoville plan train --model path:model.gguf --method full --rows 5000
    """  # noqa: D301
    names = tuple(filter(None, (name.strip() for name in targets.split(","))))
    found = open_bot(folder, flags).plan_training(model, targets=names, **job)
    write_json(found.json()) if as_json else write(plain(str(found), keep="\n"))


@command.command("serve")
@model_option
@click.option(
    "--weights", type=click.Choice(["f16", "q8_0", "q4_1", "q4_k_m"]), default="f16", show_default=True,
    help="The form of the weights.",
)  # fmt: skip
@click.option("--users", type=click.IntRange(1), default=1, show_default=True, help="Answered at the same time.")
@click.option("--context", "context_tokens", type=click.IntRange(1), default=2048, show_default=True, help="Tokens of prompt and answer.")  # fmt: skip  # noqa: E501
@common_options
def serve_command(model: str, folder: Path | None, flags: tuple[str, ...], as_json: bool, **load: Any) -> None:
    """Say what serving takes, and how many users fit.

    That is weights and the caches of all users, on known GPUs.

    \b
    scoville plan serve --model llama-2-13b --weights q8_0 --users 20
    """  # noqa: D301
    found = open_bot(folder, flags).plan_serving(model, **load)
    write_json(found.json()) if as_json else write(plain(str(found), keep="\n"))


@command.command("phase")
@common_options
def phase_command(folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Say which phase to work on next, and why.

    Phases are prompt, retrieval, a tuned model, and further pretraining.

    It looks at the documents, the cases, the rows, the recipe and the last scored run of the workspace.
    """
    found = open_bot(folder, flags).plan_phase()
    write_json(found.json()) if as_json else write(plain(str(found), keep="\n"))
