"""`scoville train embedder` and `scoville train reranker`: what finds passages, and what reads the found again."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import common_options, open_bot, say, write, write_json

if TYPE_CHECKING:
    from scoville.train.ranker.train import TrainedRanker

USE = {
    "embedder": "try it: scoville evaluate CASES --set embed.model={name}, whose index is built beside this one; keep "
    "it: embed.model: {name} in recipe.yaml, then scoville add --rebuild",
    "reranker": "use it: search.rerank: {name}",
}


def _options(function: Any) -> Any:
    for option in (
        click.argument("files", nargs=-1, type=click.Path(path_type=Path)),
        click.option("--base", default="", metavar="MODEL", help="What it is made of. Default: the recipe's embedder."),
        click.option("-n", "--count", type=click.IntRange(1), default=1000, show_default=True,
                     help="At most so many questions of each file, or of the documents."),
        click.option("--steps", type=click.IntRange(1), default=None, help="Default: three times through all."),
        click.option("--against", type=click.Path(path_type=Path), multiple=True,
                     help="Cases that are kept for testing, besides the part test of those in cases/."),
        click.option("--seed", type=click.IntRange(0), default=0, show_default=True),
        common_options,
    ):  # fmt: skip
        function = option(function)
    return function


@click.command("embedder")
@_options
@click.option("--name", default="embedder", show_default=True, help="The folder in .scoville/models.")
def embedder(files: tuple[Path, ...], folder: Path | None, flags: tuple[str, ...], as_json: bool, **more: Any) -> None:
    """Train an embedder on questions and their passages.

    They come from FILES or the documents.
    FILES are cases, or SQuAD and its like. It is kept only where it is better on questions that it never saw.
    """
    _tell(open_bot(folder, flags).train_embedder(*files, **more), as_json)


@click.command("reranker")
@_options
@click.option("--name", default="reranker", show_default=True, help="The folder in .scoville/models.")
def reranker(files: tuple[Path, ...], folder: Path | None, flags: tuple[str, ...], as_json: bool, **more: Any) -> None:
    """Train a cross-encoder that orders what was found.

    Questions come from FILES or the documents.
    FILES are cases, or SQuAD and its like. It is kept only where it is better on questions that it never saw.
    """
    _tell(open_bot(folder, flags).train_reranker(*files, **more), as_json)


def _tell(done: "TrainedRanker", as_json: bool) -> None:
    from dataclasses import asdict

    gate = done.gate
    if as_json:
        write_json({"folder": str(done.folder), "kind": done.kind, "steps": done.steps, "stopped": done.stopped,
                    "seconds": round(done.seconds, 1), "passed": done.passed, "gate": asdict(gate)})  # fmt: skip
    else:
        interval = "" if gate.low is None else f" [{gate.low:+.3f}, {gate.high:+.3f}]"
        means = f"{gate.first or 0:.3f} before, {gate.second or 0:.3f} after, {gate.difference or 0:+.3f}{interval}"
        write(f"nDCG@10 on {gate.n} questions never seen: {means}")
    if done.passed:
        say(f"Wrote {done.folder} after {done.steps} steps in {done.seconds:.0f} s; "
            f"{USE[done.kind].format(name=done.folder.name)}")  # fmt: skip
    else:
        say("It is not better beyond doubt, so that no weights were kept. More questions, or another base, may help.")
