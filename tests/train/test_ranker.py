"""Embedders and rerankers are trained for real, on a tiny encoder and words that it does not know yet."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from conftest import Bench
from scoville.bot import Bot
from scoville.embed import open_embedder
from scoville.embed.cross_encoder import CrossEncoder
from scoville.errors import LeakageError, ModelError, UsageError
from scoville.models import ModelFiles
from scoville.recipe import Embed
from scoville.recipe.file import LoadedRecipe
from scoville.train.ranker.gate import compare_ranking, ndcg_of_lists, passes
from scoville.train.ranker.pairs import Pair, batches_of, negatives_of
from scoville.train.ranker.train import Kind, Parts, RankerSettings, TrainedRanker, train_ranker

PLACES = "north south east west hill lake mill port quay rock sand wood".split()
NAMES = "ash bay elm fir oak pine yew box may rue sage thyme".split()
FILLER = "in a b c d e f g".split()
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *PLACES, *NAMES, *FILLER]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    """Give an encoder of two layers with random weights."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("base")
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=48, initializer_range=0.3,
    )  # fmt: skip
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return ModelFiles(name="tiny", kind="embedder", folder=folder, weights=folder / "model.safetensors")


def text_of(place: int) -> str:
    return f"{NAMES[place]} {FILLER[place % 7]} {FILLER[place % 5]}"


def pairs(count: int, seed: int, group: str = "") -> list[Pair]:
    """Ask for a place; the text that answers has the name that goes with it, in other words."""
    draw = random.Random(seed)
    made: list[Pair] = []
    for number in range(count):
        answers = draw.sample(range(len(PLACES)), 4)
        texts = [text_of(place) for place in answers]
        question = " ".join([PLACES[answers[0]], *draw.choices(FILLER, k=2)])
        made.append(Pair(id=f"{seed}-{number}", question=question, texts=(texts[0],), negatives=tuple(texts[1:]),
                         group=group or f"g{seed}-{number}"))  # fmt: skip
    return made


PARTS = Parts(train=pairs(160, 0), dev=pairs(24, 1), gate=pairs(40, 2))


def trained(folder: Path, base: ModelFiles, kind: Kind, steps: int = 120, rate: float = 3e-3) -> TrainedRanker:
    def unordered(given: Any) -> list[float]:
        return ndcg_of_lists(given, lambda _question, texts: __import__("numpy").zeros(len(texts)))

    settings = RankerSettings(kind=kind, steps=steps, learning_rate=rate)
    return train_ranker(PARTS, base, folder, settings, before=unordered if kind == "reranker" else None)


def losses(folder: Path) -> list[float]:
    rows = [json.loads(line) for line in (folder / "loss.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


def test_a_trained_embedder_is_better_and_opens_by_its_folder(tmp_path: Path, base: ModelFiles):
    done = trained(tmp_path / "own", base, "embedder")
    assert done.passed and done.gate.n == 40 and done.gate.difference and done.gate.difference > 0.2
    assert losses(done.folder)[0] == pytest.approx(4.654, abs=0.03) and losses(done.folder)[-1] < losses(done.folder)[0]
    embedder = open_embedder(Embed(model=f"path:{done.folder}"))
    texts = embedder.embed([text_of(place) for place in range(len(PLACES))])
    found = (embedder.embed([f"{place} a b" for place in PLACES]) @ texts.T).argmax(1)
    assert sum(place == at for at, place in enumerate(found)) >= 8
    record = json.loads((done.folder / "training.json").read_text())
    assert (
        record["passed"] and record["rows"] == {"train": 160, "dev": 24, "gate": 40} and record["base_name"] == "tiny"
    )
    assert not (done.folder / "checkpoint.pt").exists()
    with pytest.raises(UsageError, match="made of something else: choose another name"):
        trained(done.folder, base, "reranker")


def test_a_trained_reranker_orders_what_was_found(tmp_path: Path, base: ModelFiles):
    done = trained(tmp_path / "own", base, "reranker", steps=160)
    assert done.passed and done.gate.second and done.gate.second > 0.75
    texts = [text_of(place) for place in range(len(PLACES))]
    reranker = CrossEncoder(done.folder)
    assert sum(int(reranker.score(f"{place} a b", texts).argmax()) == at for at, place in enumerate(PLACES)) >= 5


def test_what_is_no_better_leaves_no_weights(tmp_path: Path, base: ModelFiles):
    done = trained(tmp_path / "own", base, "embedder", steps=2, rate=1e-9)
    assert not done.passed and not (done.folder / "model.safetensors").exists()
    assert json.loads((done.folder / "training.json").read_text())["passed"] is False


def test_a_training_that_was_killed_goes_on_to_the_same_result(
    tmp_path: Path, base: ModelFiles, monkeypatch: pytest.MonkeyPatch
):
    from scoville.train import loop

    monkeypatch.setattr("scoville.train.ranker.train.CHECKPOINT_EVERY", 2)
    # Another number of threads adds up in another order, and it is chosen by measuring.
    monkeypatch.setattr("scoville.train.ranker.train.choose_threads", lambda *_: None)
    whole = trained(tmp_path / "whole", base, "embedder", steps=12)
    step = loop._Run._step  # pyright: ignore[reportPrivateUsage]

    def kill(run: Any, micro: Any, number: int, state: Any) -> Any:
        if number == 3:
            raise KeyboardInterrupt
        return step(run, micro, number, state)

    monkeypatch.setattr(loop._Run, "_step", kill)  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "killed", base, "embedder", steps=12)
    monkeypatch.setattr(loop._Run, "_step", step)  # pyright: ignore[reportPrivateUsage]
    again = trained(tmp_path / "killed", base, "embedder", steps=12)
    assert again.gate == whole.gate and losses(again.folder) == losses(whole.folder)


def test_a_batch_asks_nothing_twice_and_fills_up_with_others():
    same = [*pairs(6, 3), *pairs(6, 3)]
    for number, batch in zip(range(4), batches_of(same, 5, 0), strict=False):
        assert len({one.question for one in batch}) == len(batch), number
    few = [Pair(id=str(n), question=str(n), texts=(f"t{n}",), negatives=("h",) * n, group="") for n in range(3)]
    chosen = negatives_of(few, 2, random.Random(0))
    assert all(f"t{n}" not in texts for n, texts in enumerate(chosen)) and "h" in chosen[2]


def test_the_gate_wants_a_gain_beyond_doubt():
    few = pairs(40, 4)
    better = [0.5 + 0.01 * (n % 3) for n in range(40)]
    assert passes(compare_ranking(few, [0.4] * 40, better))
    assert not passes(compare_ranking(few, better, better))
    assert not passes(compare_ranking(few, [0.5] * 40, [0.9, 0.2] * 20))
    assert not passes(compare_ranking(few[:1], [0.1], [0.9]))
    assert not passes(compare_ranking(pairs(40, 4, group="one"), [0.5] * 40, [0.9, 0.2] * 20))


def test_too_few_questions_and_a_base_that_is_none_are_refused(tmp_path: Path, base: ModelFiles):
    with pytest.raises(UsageError, match="1 train, 24 dev, 40 gate: too few"):
        train_ranker(Parts(train=PARTS.train[:1], dev=PARTS.dev, gate=PARTS.gate), base, tmp_path / "x",
                     RankerSettings(kind="embedder"))  # fmt: skip
    shutil.copytree(base.folder, tmp_path / "broken")
    weights = tmp_path / "broken" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    broken = ModelFiles(name="broken", kind="embedder", folder=tmp_path / "broken", weights=weights)
    with pytest.raises(ModelError, match="cannot be trained on"):
        trained(tmp_path / "y", broken, "embedder")


def test_a_bot_trains_on_its_cases_and_refuses_tests(bench: Bench, base: ModelFiles, tmp_path: Path):
    from scoville.cases.files import write_cases
    from scoville.types import Case, Evidence

    cases: list[Case] = []
    for number, (place, name) in enumerate(zip(PLACES * 4, NAMES * 4, strict=True)):
        bench.write(f"{number}.md", f"{name} {FILLER[1 + number // 12]} {FILLER[1 + number % 7]}")
        evidence = (Evidence(document=f"docs/{number}.md"),)
        asked = f"{place} {FILLER[1 + number // 12]} {number}"
        cases.append(Case(id=f"c{number}", question=asked, expected=(name,), evidence=evidence))
    bench.add()
    write_cases(tmp_path / "a.jsonl", cases)
    bot = Bot(bench.workspace, LoadedRecipe(bench.recipe, ()))
    done = bot.train_embedder(tmp_path / "a.jsonl", base=f"path:{base.folder}", steps=4)
    assert done.folder == bench.workspace.folder / "models" / "embedder"
    assert done.gate.n and (done.folder / "loss.jsonl").exists()
    write_cases(tmp_path / "t.jsonl", cases[:2])
    with pytest.raises(LeakageError):
        bot.train_embedder(tmp_path / "a.jsonl", base=f"path:{base.folder}", against=[tmp_path / "t.jsonl"])
    (tmp_path / "chat.jsonl").write_text('{"instruction": "Say hello.", "output": "Hello."}')
    with pytest.raises(UsageError, match="has no passages"):
        bot.train_reranker(tmp_path / "chat.jsonl")
