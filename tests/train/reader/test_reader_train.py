"""A tiny encoder becomes a reader, for real: what it learns, what is saved, and going on after a kill."""

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tiny_encoder import colour_rows, write_rows, write_tiny_encoder

torch = pytest.importorskip("torch")

from scoville.errors import ModelError, StorageError  # noqa: E402
from scoville.extract import open_reader  # noqa: E402
from scoville.recipe.reader import ReaderTraining, ReadingFile  # noqa: E402
from scoville.train.loop import CHECKPOINT  # noqa: E402
from scoville.train.reader import save as saving  # noqa: E402
from scoville.train.reader.mixture import mix, read_part  # noqa: E402
from scoville.train.reader.network import WORDS, ReaderLoss, open_network  # noqa: E402
from scoville.train.reader.score import score, with_reader  # noqa: E402
from scoville.train.reader.train import TrainedReader, train_reader  # noqa: E402
from scoville.train.settings import Settings  # noqa: E402

FIRST_LOSS = 2.639
"""Mean of the first ten steps."""
TEXT = "hen cat dog fox red hen owl cat"
TRAINING = ReaderTraining(
    base="path:base", longest=48, overlap=4, batch_tokens=512, learning_rate=3e-3, steps=60, warmup_steps=10,
    made_unanswerable=0, titled=0, score_every_steps=30, files=(ReadingFile(path="rows.jsonl", hold_out=2,
    licence="CC BY 4.0"),),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tiny_encoder(tmp_path / "base")
    write_rows(tmp_path / "rows.jsonl", colour_rows(300))
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedReader:
    """Give a reader that was trained once for several tests."""
    folder = tmp_path_factory.mktemp("trained")
    write_tiny_encoder(folder / "base")
    write_rows(folder / "rows.jsonl", colour_rows(300))
    return run(folder)


def run(folder: Path, name: str = "out", training: ReaderTraining = TRAINING, base: str = "base") -> TrainedReader:
    mixture = mix([read_part(file, folder) for file in training.files])
    return train_reader(training, mixture, folder / base, folder / name)


def losses(folder: Path) -> list[float]:
    rows = [json.loads(line) for line in (folder / "loss.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]  # the first says what the dev part was before


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def test_it_learns_and_what_is_saved_reads_as_it_scored(trained: TrainedReader):
    assert losses(trained.folder)[0] == pytest.approx(FIRST_LOSS, abs=0.02)
    card = trained.scores["rows.jsonl"]
    assert card.n == 60 and card.f1_answerable and card.f1_answerable > 0.8
    assert card.auroc and card.auroc > 0.85
    reader = open_reader(trained.folder)
    again = score(read_part(TRAINING.files[0], trained.folder.parent).held_out, with_reader(reader))
    assert again.f1_answerable == pytest.approx(card.f1_answerable, abs=0.04)  # both in bfloat16
    assert again.auroc == pytest.approx(card.auroc, abs=0.04)
    best = reader.read("cat ?", [TEXT, "owl owl pig fox cat dog dog hen"])[0]
    assert best.text == 0 and TEXT[best.start : best.end] == "red"
    assert best.probability > 0.5


def test_what_it_was_made_of_stands_beside_it(trained: TrainedReader):
    report = json.loads((trained.folder / "training.json").read_text())
    assert (report["kind"], report["base"], report["seed"], report["steps"]) == ("reader", "path:base", 7, 60)
    assert report["licence"] == ["CC BY 4.0"]
    assert report["scores"]["rows.jsonl"]["n"] == 60
    assert len(report["rows"]) == 64 and report["recipe"]
    assert sorted(path.name for path in trained.folder.iterdir()) == [
        "config.json", "loss.jsonl", "model.safetensors", "tokenizer.json", "training.json",
    ]  # fmt: skip
    assert str(trained.folder.parent) not in (trained.folder / "config.json").read_text()
    saved = weights(trained.folder)
    assert {str(value.dtype) for value in saved.values()} == {"torch.float16"}
    assert saved["qa_outputs.weight"].shape == (2, 32) and saved["answerable.bias"].shape == (1,)


def test_after_a_kill_it_goes_on_to_the_same_reader(folder: Path, monkeypatch: pytest.MonkeyPatch):
    training = TRAINING.model_copy(update={"steps": 20})
    monkeypatch.setattr("scoville.train.reader.train.Settings", partial(Settings, checkpoint_every=10))
    monkeypatch.setattr("scoville.train.reader.train.choose_threads", lambda *_: torch.get_num_threads())
    run(folder, "whole", training)  # another number of threads adds up in another order, and it is chosen by measuring
    taken, real = [0], ReaderLoss.forward

    def killed(*given: Any, **named: Any) -> Any:
        taken[0] += 1
        if taken[0] > 15:
            raise KeyboardInterrupt
        return real(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(ReaderLoss, "forward", killed)
        with pytest.raises(KeyboardInterrupt):
            run(folder, training=training)
    assert (folder / "out" / CHECKPOINT).exists() and not (folder / "out" / "model.safetensors").exists()
    run(folder, training=training)
    assert losses(folder / "out") == losses(folder / "whole")
    one, other = weights(folder / "out"), weights(folder / "whole")
    assert all(torch.equal(one[name], other[name]) for name in other)


def test_a_trained_reader_is_trained_on(trained: TrainedReader):
    training = TRAINING.model_copy(update={"steps": 1, "learning_rate": 1e-6})
    again = run(trained.folder.parent, "again", training, base="out")
    f1 = trained.scores["rows.jsonl"].f1_answerable
    assert f1 and again.scores["rows.jsonl"].f1_answerable == pytest.approx(f1, abs=0.03)


def test_a_share_of_the_base_stays_where_that_is_said(trained: TrainedReader):
    folder = trained.folder.parent
    more = TRAINING.model_copy(update={"steps": 10, "seed": 8, "score_every_steps": 10})
    moved = weights(run(folder, "moved", more, base="out").folder)
    kept = weights(run(folder, "kept", more.model_copy(update={"keep_base": 0.7}), base="out").folder)
    began = weights(trained.folder)
    name = "bert.encoder.layer.0.output.dense.weight"
    assert not torch.allclose(moved[name], began[name], atol=1e-3)
    assert torch.allclose(kept[name].float(), 0.7 * began[name].float() + 0.3 * moved[name].float(), atol=2e-3)


def test_a_training_that_is_finished_is_not_done_again(trained: TrainedReader):
    before = (trained.folder / "loss.jsonl").stat().st_mtime_ns
    again = run(trained.folder.parent)
    assert (trained.folder / "loss.jsonl").stat().st_mtime_ns == before
    assert again.scores == trained.scores and again.calibration == pytest.approx(trained.calibration)


def test_words_of_a_known_encoder_are_not_written_and_found_again(folder: Path, monkeypatch: pytest.MonkeyPatch):
    from scoville.models import ModelFiles

    def locate(name: str, **_: Any) -> ModelFiles:
        assert name == "all-minilm-l6-v2"
        base = folder / "base"
        return ModelFiles(name=name, kind="embedder", folder=base, weights=base / "model.safetensors")

    monkeypatch.setattr("scoville.extract.reader.locate_model", locate)
    monkeypatch.setattr("scoville.train.reader.network.locate_model", locate)
    few = TRAINING.model_copy(update={"steps": 5})
    run(folder, "own", few)
    done = run(folder, "shared", few.model_copy(update={"base": "all-minilm-l6-v2"}))
    assert WORDS in weights(folder / "own") and WORDS not in weights(folder / "shared")
    one, other = (open_reader(folder / name).read("cat ?", [TEXT])[0] for name in ("shared", "own"))
    assert (one.score, one.answerable) == pytest.approx((other.score, other.answerable), abs=0.05)
    network = open_network(done.folder)
    assert torch.equal(network.state_dict()[WORDS], open_network(folder / "base").state_dict()[WORDS])


def test_a_full_disk_leaves_the_reader_that_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch):
    run(folder, training=TRAINING.model_copy(update={"steps": 2}))
    before = (folder / "out" / "model.safetensors").read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(saving.os, "fsync", full)
        with pytest.raises(StorageError, match="No space left"):
            run(folder, training=TRAINING.model_copy(update={"steps": 3}))
    assert (folder / "out" / "model.safetensors").read_bytes() == before
    assert open_reader(folder / "out").read("cat ?", ["red"])


@pytest.mark.parametrize("spoil", ["cut", "kind", "head", "missing"])
def test_a_base_that_is_none_is_refused_by_name(trained: TrainedReader, folder: Path, spoil: str):
    from safetensors.torch import save_file

    bad = folder / "bad"
    shutil.copytree(trained.folder, bad)
    if spoil == "cut":
        (bad / "model.safetensors").write_bytes((bad / "model.safetensors").read_bytes()[:2000])
    elif spoil == "kind":
        config = json.loads((bad / "config.json").read_text())
        (bad / "config.json").write_text(json.dumps(config | {"model_type": "llama"}))
    elif spoil == "head":
        kept = {name: value for name, value in weights(bad).items() if not name.startswith("answerable")}
        save_file(kept, bad / "model.safetensors")
    else:
        (bad / "config.json").unlink()
    with pytest.raises(ModelError, match="bad"):
        run(folder, "next", base="bad")
    assert not (folder / "next" / CHECKPOINT).exists()
