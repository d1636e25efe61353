"""An embedder or a reranker is trained out of questions with passages. Enters: a bot, questions. Leaves: a folder in
``.scoville/models``.
"""

from collections.abc import Sequence

from scoville.bot.opened import Opened
from scoville.errors import ModelError
from scoville.models import locate_model
from scoville.train.ranker.gate import ndcg_of_lists
from scoville.train.ranker.pairs import Pair, pairs_of
from scoville.train.ranker.train import Kind, Parts, RankerSettings, TrainedRanker, train_ranker
from scoville.train.rows.gather import divide_rows
from scoville.train.rows.grounded import Question

SHARE = 0.1
"""Of the questions, to choose weights by; as many again to judge them by."""


def train_own_ranker(
    bot: Opened, kind: Kind, questions: Sequence[Question], *, name: str, base: str, steps: int | None, seed: int
) -> TrainedRanker:
    """Train a ranker of the workspace; a reranker that is made of an embedder is compared with that one's order."""
    pairs = pairs_of(questions)
    rest, gate = divide_rows(pairs, SHARE, seed)
    train, dev = divide_rows(rest, SHARE, seed)
    start = locate_model(base or bot.recipe.embed.model, kind="reranker" if kind == "reranker" and base else "embedder")
    if not (start.folder / "model.safetensors").is_file():
        raise ModelError(f"{base}: is no encoder on this machine; name one with --base, e.g. all-minilm-l6-v2")
    before = None if base or kind == "embedder" else (lambda given: _in_order(bot, given))
    with bot.bars("steps") as progress:
        return train_ranker(
            Parts(train=train, dev=dev, gate=gate), start, bot.workspace.folder / "models" / name,
            RankerSettings(kind=kind, steps=steps, seed=seed), before=before,
            usd_per_hour=bot.recipe.cost.hardware_usd_per_hour, on_progress=progress,
        )  # fmt: skip


def _in_order(bot: Opened, pairs: Sequence[Pair]) -> list[float]:
    """Say how well the embedder of the recipe orders the lists of pairs."""
    from scoville.embed import open_embedder

    embedder = open_embedder(bot.recipe.embed)
    return ndcg_of_lists(pairs, lambda question, texts: embedder.embed(texts) @ embedder.embed([question], "query")[0])
