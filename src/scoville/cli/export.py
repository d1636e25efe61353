"""`scoville export`: a trained model as files that other programs serve, with proof that they say the same."""

from pathlib import Path
from typing import Any

import click

from scoville.cli.common import common_options, open_bot, plain, say, write, write_json

FORMS = ("gguf", "adapter", "openvino")
PRECISIONS = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0")


@click.command("export")
@click.argument("name")
@click.option(
    "--form", type=click.Choice(FORMS), default="gguf", show_default=True,
    help="gguf: one file, an adapter merged; adapter: a LoRA file for llama.cpp; openvino: a folder.",
)  # fmt: skip
@click.option("--precision", type=click.Choice(PRECISIONS), default="f16", show_default=True, help="Of a GGUF file.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to. Default: here, named after model and form.")
@click.option("--check", is_flag=True, help="Write it only if it replies as the trained model does.")
@click.option(
    "--prompts", type=click.Path(path_type=Path),
    help="What is asked: lines of a text, or cases. Default: 20 general questions.",
)  # fmt: skip
@click.option("--max-tokens", type=click.IntRange(1), default=24, show_default=True, help="Of each reply.")
@common_options
def command(name: str, folder: Path | None, flags: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Write the trained model NAME in a form that runtimes serve.

    Such are llama.cpp, Ollama and OpenVINO.

    --check asks the trained model, its merged and quantised weights and what serves them the same prompts, and shows
    how far they agree: replies that are the SAME, TIES (they part where two tokens are as likely), TOKENS that agree,
    and the mean and largest difference of log-probabilities in NATS. Where they part, nothing is written: exit code 1.

    \b
    scoville export claims --precision q8_0 --check
    scoville export claims --form adapter --out claims.gguf
    """  # noqa: D301
    made = open_bot(folder, flags).export(name, **options)
    if as_json:
        write_json(made.json())
        return
    if made.parity:
        write(str(made.parity))
    say(f"Wrote {plain(str(made.path))} ({made.size_bytes / 1e6:,.1f} MB)")
