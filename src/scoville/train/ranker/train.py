"""An embedder or a reranker is trained: pairs → loop → folder → gate.

Enters: pairs, the folder of a base. Leaves: a folder that ``path:`` and the recipe's names open, or, where it is no
better on questions that it never saw, the record of that alone. Weights are those of the best look at dev.
"""

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from scoville.embed.cross_encoder import CrossEncoder
from scoville.embed.encoder_config import EncoderConfig, read_config
from scoville.embed.network import open_tokenizer
from scoville.embed.openvino import OpenVINOEmbedder
from scoville.errors import UsageError
from scoville.evaluate.paired import Comparison
from scoville.models import ModelFiles
from scoville.progress import OnProgress
from scoville.storage import storage_errors, write_whole
from scoville.train.loop import Batch, remove_checkpoint, train
from scoville.train.ranker.gate import compare_ranking, ndcg_in_pool, ndcg_of_lists, passes, pool_of
from scoville.train.ranker.networks import EmbedderNetwork, RerankerNetwork, same_texts
from scoville.train.ranker.pairs import Pair, batches_of, encode, negatives_of, padded, pairs_digest
from scoville.train.settings import Settings
from scoville.train.threads import choose_threads

Kind = Literal["embedder", "reranker"]
LONGEST = 256
"""Tokens of a text while it is trained: passages have 200 by default."""
BATCH = {"embedder": 32, "reranker": 8}
NEGATIVES = {"embedder": 2, "reranker": 7}
"""Of each question. An embedder has those of the whole batch besides."""
RATE = {"embedder": 3e-5, "reranker": 5e-5}
EPOCHS = 3
LOOKS = 8
"""So often dev is looked at."""
PATIENCE = 3
CHECKPOINT_EVERY = 50
KEPT_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "modules.json",
              "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RankerSettings:
    """How a ranker is trained."""

    kind: Kind
    steps: int | None = None
    """By default three times through the pairs."""
    learning_rate: float | None = None
    seed: int = 7


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Pairs that share no source: to learn, to choose the best weights by, and to judge them by."""

    train: Sequence[Pair]
    dev: Sequence[Pair]
    gate: Sequence[Pair]


@dataclass(frozen=True, kw_only=True)
class TrainedRanker:
    """What came of a training."""

    folder: Path
    kind: Kind
    steps: int
    stopped: str
    seconds: float
    gate: Comparison
    """nDCG@10 of the base, and of what was trained, on questions never seen."""
    passed: bool
    """Whether it is better; else no weights are left."""


def train_ranker(
    parts: Parts,
    base: ModelFiles,
    folder: Path,
    settings: RankerSettings,
    *,
    before: Callable[[Sequence[Pair]], list[float]] | None = None,
    usd_per_hour: float = 0.0,
    on_progress: OnProgress | None = None,
) -> TrainedRanker:
    """Train a ranker into a folder, going on where the same was interrupted.

    ``before`` says how well the gate's lists are ordered without a reranker, where the base is none. Raises UsageError
    for too few pairs, ModelError for a base that cannot be used, and what the loop raises.
    """
    if min(map(len, (parts.train, parts.dev, parts.gate))) < 1 or len(parts.train) < 2:
        sizes = ", ".join(f"{len(part)} {name}" for name, part in vars(parts).items())
        raise UsageError(
            f"{sizes}: too few questions with their passages, or of one source only; expected some of each"
        )
    torch.manual_seed(settings.seed)
    choose_threads()
    work = _WORK[settings.kind](base.folder, settings)
    steps = settings.steps or max(20, EPOCHS * len(parts.train) // BATCH[settings.kind])
    plan = Settings(
        steps=steps, learning_rate=settings.learning_rate or RATE[settings.kind], warmup_steps=max(1, steps // 10),
        seed=settings.seed, dev_every=max(1, steps // LOOKS), patience=PATIENCE, checkpoint_every=CHECKPOINT_EVERY,
        usd_per_hour=usd_per_hour,
    )  # fmt: skip
    pool = pool_of(parts.dev, parts.train)
    searched = pool_of(parts.gate, parts.train)
    made_of = {"kind": settings.kind, "base": base.identity, "pairs": pairs_digest(parts.train),
               "dev": pairs_digest(parts.dev), "seed": settings.seed}  # fmt: skip
    _refuse_another(folder, made_of)
    outcome = train(
        work.network, _Stream(work, parts.train, settings), plan, folder, identity=json.dumps(made_of),
        dev=lambda: 1 - _mean(work.measure(parts.dev, pool)), on_progress=on_progress,
    )  # fmt: skip
    _save(work, base.folder, folder)
    first = before(parts.gate) if before else work.measure_folder(base.folder, parts.gate, searched)
    found = compare_ranking(parts.gate, first, work.measure_folder(folder, parts.gate, searched))
    passed = passes(found)
    if not passed:
        (folder / "model.safetensors").unlink()
        (folder / "config.json").unlink()
    record = {**made_of, "licence": base.licence, "base_name": base.name, "steps": outcome.state.step,
              "stopped": outcome.stopped, "reason": outcome.reason, "seconds": round(outcome.state.seconds, 1),
              "rows": {name: len(part) for name, part in vars(parts).items()}, "gate": asdict(found), "passed": passed,
              "settings": asdict(plan)}  # fmt: skip
    write_whole(folder / "training.json", json.dumps(record, indent=1))
    remove_checkpoint(folder)
    return TrainedRanker(folder=folder, kind=settings.kind, steps=outcome.state.step, stopped=outcome.stopped,
                         seconds=outcome.state.seconds, gate=found, passed=passed)  # fmt: skip


class _Embedder:
    """How an embedder takes its batches and is measured."""

    def __init__(self, folder: Path, settings: RankerSettings) -> None:
        self.config: EncoderConfig = read_config(folder)
        self.network: nn.Module = EmbedderNetwork(folder, self.config)
        self.tokenizer = open_tokenizer(folder / "tokenizer.json")
        self.longest = min(LONGEST, self.config.max_tokens)

    def batch(self, pairs: Sequence[Pair], draw: random.Random) -> Batch:
        """Write a batch: the questions, a text of each, hard ones of each."""
        right = [draw.choice(one.texts) for one in pairs]
        hard = [text for texts in negatives_of(pairs, NEGATIVES["embedder"], draw) for text in texts]
        given = list(dict.fromkeys([*right, *hard])) if len(set(right)) == len(right) else [*right, *hard]
        asked = self._encode([one.question for one in pairs], "query")
        texts = self._encode(given, "passage")
        (ids, mask), (text_ids, text_mask) = padded(asked, self.longest), padded(texts, self.longest)
        tensors = {"asked": ids, "asked_mask": mask, "texts": text_ids, "texts_mask": text_mask,
                   "also": same_texts([one.texts for one in pairs], given)}  # fmt: skip
        return Batch(tensors=tensors, targets=len(pairs), tokens=sum(map(len, (*asked, *texts))))

    def measure(self, pairs: Sequence[Pair], pool: Sequence[str]) -> list[float]:
        """Measure the network as it is."""
        return ndcg_in_pool(pairs, pool, self._vectors)

    def measure_folder(self, folder: Path, pairs: Sequence[Pair], pool: Sequence[str]) -> list[float]:
        """Measure a folder as it is used: on OpenVINO."""
        files = ModelFiles(name=folder.name, kind="embedder", folder=folder, weights=folder / "model.safetensors")
        embedder = OpenVINOEmbedder(files, threads=torch.get_num_threads())
        return ndcg_in_pool(pairs, pool, lambda texts, kind: embedder.embed(texts, _kind(kind)))

    def _encode(self, texts: Sequence[str], kind: str) -> list[list[int]]:
        prompt = self.config.prompts.get(kind, "")
        return encode(self.tokenizer, [prompt + text for text in texts], self.longest)

    def _vectors(self, texts: Sequence[str], kind: str) -> Any:
        assert isinstance(self.network, EmbedderNetwork)
        found: list[torch.Tensor] = []
        encoded = self._encode(texts, kind)
        order = sorted(range(len(texts)), key=lambda row: len(encoded[row]))
        for at in range(0, len(order), BATCH["embedder"]):
            ids, mask = padded([encoded[row] for row in order[at : at + BATCH["embedder"]]], self.longest)
            device = next(self.network.parameters()).device
            found.append(self.network.vectors(ids.to(device), mask.to(device)).float().cpu())
        return torch.cat(found)[torch.tensor(order).argsort()].numpy()


class _Reranker:
    """How a reranker takes its batches and is measured."""

    def __init__(self, folder: Path, settings: RankerSettings) -> None:
        self.config: EncoderConfig = read_config(folder, kind="reranker")
        self.network: nn.Module = RerankerNetwork(folder, self.config)
        self.tokenizer = open_tokenizer(folder / "tokenizer.json")
        self.longest = min(LONGEST, self.config.max_tokens)
        self.tokenizer.enable_truncation(self.longest, strategy="only_second")

    def batch(self, pairs: Sequence[Pair], draw: random.Random) -> Batch:
        """Write a batch: of each question a text that answers it, and some that do not."""
        others = negatives_of(pairs, NEGATIVES["reranker"], draw)
        lists = [[draw.choice(one.texts), *texts] for one, texts in zip(pairs, others, strict=True)]
        asked = [(one.question, text) for one, texts in zip(pairs, lists, strict=True) for text in texts]
        ids, mask, kinds = self._encode(asked)
        most, at = max(map(len, lists)), 0
        places = torch.full((len(pairs), most), -1)
        for row, texts in enumerate(lists):
            places[row, : len(texts)] = torch.arange(at, at + len(texts))
            at += len(texts)
        tensors = {"ids": ids, "mask": mask, "kinds": kinds, "places": places}
        return Batch(tensors=tensors, targets=len(pairs), tokens=int(mask.sum()))

    def measure(self, pairs: Sequence[Pair], pool: Sequence[str]) -> list[float]:
        """Measure the network as it is."""
        return ndcg_of_lists(pairs, self._scores)

    def measure_folder(self, folder: Path, pairs: Sequence[Pair], pool: Sequence[str]) -> list[float]:
        """Measure a folder as it is used: on OpenVINO."""
        return ndcg_of_lists(pairs, CrossEncoder(folder, torch.get_num_threads()).score)

    def _scores(self, question: str, texts: Sequence[str]) -> Any:
        assert isinstance(self.network, RerankerNetwork)
        device = next(self.network.parameters()).device
        given = (value.to(device) for value in self._encode([(question, text) for text in texts]))
        return self.network.scores(*given).float().cpu().numpy()

    def _encode(self, pairs: Sequence[tuple[str, str]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        room = self.longest // 2  # a question that fills all of it leaves none for the text
        short = [(self._cut(question, room), text) for question, text in pairs]
        encodings = self.tokenizer.encode_batch(short)
        ids, mask = padded([one.ids for one in encodings], self.longest)
        kinds, _ = padded([one.type_ids for one in encodings], self.longest)
        return ids, mask, kinds

    def _cut(self, question: str, room: int) -> str:
        offsets = self.tokenizer.encode(question, add_special_tokens=False).offsets[:room]
        return question[: offsets[-1][1]] if offsets else question


_WORK: dict[Kind, type[_Embedder] | type[_Reranker]] = {"embedder": _Embedder, "reranker": _Reranker}


class _Stream:
    """The batches, each time from the first."""

    def __init__(self, work: _Embedder | _Reranker, pairs: Sequence[Pair], settings: RankerSettings) -> None:
        self._work, self._pairs, self._settings = work, pairs, settings

    def __iter__(self) -> Iterator[Batch]:
        size, seed = BATCH[self._settings.kind], self._settings.seed
        draw = random.Random(seed)
        return (self._work.batch(pairs, draw) for pairs in batches_of(self._pairs, size, seed))


def _refuse_another(folder: Path, made_of: dict[str, Any]) -> None:
    """Raise UsageError where the folder holds a finished model that was made of something else."""
    try:
        known = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if any(known.get(key) != value for key, value in made_of.items()):
        raise UsageError(f"{folder} holds a model that was made of something else: choose another name, or remove it")


def _save(work: _Embedder | _Reranker, base: Path, folder: Path) -> None:
    """Write the folder; the weights are float16, each file whole or not there."""
    from safetensors.torch import save

    encoder: Any = work.network.encoder
    weights = {name: value.detach().to("cpu", torch.float16).contiguous()
               for name, value in encoder.state_dict().items() if value.is_floating_point()}  # fmt: skip
    for name in KEPT_FILES:
        if (base / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(base / name, folder / name)
    temporary = folder / f"model.safetensors.{os.getpid()}.tmp"
    with storage_errors(folder):
        try:
            temporary.write_bytes(save(weights, metadata={"format": "pt"}))
            temporary.replace(folder / "model.safetensors")
        finally:
            temporary.unlink(missing_ok=True)
    write_whole(folder / "config.json", json.dumps(encoder.config.to_dict(), indent=1))


def _kind(kind: str) -> Literal["query", "passage"]:
    return "query" if kind == "query" else "passage"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
