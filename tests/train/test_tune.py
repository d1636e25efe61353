"""Generators are trained for real, on a llama of two layers: adapters, whole models, from nothing, in two stages."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_base import FACTS, FewRows, example, fact_rows, write_tiny_base
from transformers import AutoModelForCausalLM, AutoTokenizer

from scoville.errors import StorageError, TrainingError, UnknownModel, UsageError
from scoville.train import loop
from scoville.train.base import Base, open_base, template_of
from scoville.train.batches import Batches, batch_of
from scoville.train.methods import prepare
from scoville.train.scratch import Scratch
from scoville.train.threads import choose_threads
from scoville.train.token_loss import TokenLoss, bits_per_byte
from scoville.train.tokens import Tokens, encode_examples, encode_texts
from scoville.train.tune import TrainedModel, tune
from scoville.train.tuning import Tuning, loop_settings
from scoville.types import Message

QUICK = Tuning(epochs=2, accumulate=1, learning_rate=0.01, longest=64, batch_tokens=64, bf16=False, patience=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def base(folder: Path) -> Base:
    return open_base(f"path:{folder}", folder.parent / "own")


def trained(base: Any, place: Path, tuning: Tuning = QUICK, rows: FewRows | None = None) -> TrainedModel:
    return tune(rows or fact_rows(), base, tuning, place)


def losses(place: Path) -> list[float]:
    rows = [json.loads(line) for line in (place / "instruct" / loop.LOG).read_text().splitlines()]
    return [row["loss"] for row in rows if row["step"]]


class TestTokens:
    def test_only_the_reply_and_its_end_are_learned(self, base: Base):
        tokenizer = base.tokenizer()
        (row,) = encode_examples([example("How many?", "112 steps.")], tokenizer, template_of(tokenizer), 64)
        asked, said = tokenizer.decode(row.ids[: row.learned]), tokenizer.decode(row.ids[row.learned :])
        assert asked == "<|im_start|>user\nHow many?<|im_end|>\n<|im_start|>assistant\n"
        assert said == "112 steps.<|im_end|>"

    def test_a_text_that_fakes_a_turn_stays_text(self, base: Base):
        tokenizer = base.tokenizer()
        (row,) = encode_examples([example("<|im_end|> Hi", "No<|im_end|>w")], tokenizer, template_of(tokenizer), 64)
        assert row.ids.count(tokenizer.eos_token_id) == 2

    def test_long_rows_are_left_out_and_said(self, base: Base, caplog: pytest.LogCaptureFixture):
        tokenizer = base.tokenizer()
        rows = [example("Short?", "Yes."), example("Long? " * 50, "Yes.")]
        assert len(encode_examples(rows, tokenizer, template_of(tokenizer), 64)) == 1
        assert "1 of 2 rows are longer than 64 tokens" in caplog.text
        with pytest.raises(TrainingError, match="all 1 rows are longer than 64 tokens"):
            encode_examples(rows[1:], tokenizer, template_of(tokenizer), 64)

    @pytest.mark.parametrize("messages", [(Message(role="assistant", content="x"),), (), None])
    def test_a_row_without_an_answer_is_an_error(self, base: Base, messages: tuple[Message, ...] | None):
        asked = Message(role="user", content="?")
        row = replace(example("?", "!"), messages=messages or (asked, Message(role="assistant", content=" ")))
        tokenizer = base.tokenizer()
        with pytest.raises(TrainingError, match="expected turns that end with an assistant's reply"):
            encode_examples([row], tokenizer, template_of(tokenizer), 64)

    def test_windows_learn_each_token_of_a_text_once(self, base: Base):
        tokenizer, texts = base.tokenizer(), fact_rows(texts=True).texts
        windows = encode_texts(texts, tokenizer, 16)
        learned = [token for row in windows for token in row.ids[row.learned :]]
        whole = [t for text in texts for t in [*tokenizer.encode(text.text), tokenizer.eos_token_id]]
        assert learned == whole and max(len(row.ids) for row in windows) == 17


class TestBatches:
    ROWS = tuple(Tokens(ids=list(range(3, 5 + size)), learned=1 + size // 2) for size in range(1, 120))

    def test_each_row_comes_once_an_epoch_in_batches_of_few_shapes(self):
        batches = Batches(rows=self.ROWS, most_tokens=256, seed=1)
        parts = batches.plan(0)
        assert sorted(place for part in parts for place in part) == list(range(len(self.ROWS)))
        made = [batch_of([self.ROWS[place] for place in part]) for part in parts]
        assert all(batch.tensors["ids"].numel() <= 256 for batch in made)
        assert {batch.tensors["ids"].shape[1] % 32 for batch in made} == {0}
        assert {len(batch.tensors["labels"]) % 64 for batch in made} == {0}
        assert sum(batch.tokens for batch in made) == sum(len(row.ids) - 1 for row in self.ROWS)
        assert sum(batch.tokens for batch in made) > 0.75 * sum(batch.tensors["ids"].numel() for batch in made)

    def test_epochs_differ_and_a_seed_repeats_them(self):
        batches = Batches(rows=self.ROWS, most_tokens=256, seed=1)
        assert batches.plan(0) != batches.plan(1)
        assert batches.plan(1) == Batches(rows=self.ROWS, most_tokens=256, seed=1).plan(1)

    def test_the_loss_is_that_of_all_logits(self, base: Base):
        """Padding and computing logits only where there is loss change nothing."""
        network = prepare(base, replace(QUICK, method="full")).eval()
        rows = [Tokens(ids=[5, 6, 7, 8, 9], learned=3), Tokens(ids=[9, 8, 7], learned=1)]
        expected = 0.0
        for row in rows:
            logs = network(torch.tensor([row.ids])).logits[0].log_softmax(-1)
            expected -= sum(float(logs[at - 1, row.ids[at]].detach()) for at in range(row.learned, len(row.ids)))
        batch = batch_of(rows)
        assert batch.targets == 4
        assert float(TokenLoss(network)(**batch.tensors).detach()) == pytest.approx(expected, rel=1e-5)

    def test_bits_per_byte(self):
        assert bits_per_byte(0.6931472, tokens=10, size=40) == pytest.approx(0.25)


class TestTuning:
    @pytest.mark.parametrize(
        ("tuning", "first"),
        [
            (QUICK, [5.879684, 5.881995, 5.782426]),
            (replace(QUICK, method="full"), [5.879684, 5.840454, 5.460956]),
            (replace(QUICK, bf16=True), [5.879478, 5.882976, 5.784008]),
        ],
    )
    def test_the_first_losses_are_known(self, base: Base, tmp_path: Path, tuning: Tuning, first: list[float]):
        model = trained(base, tmp_path / "m", tuning)
        assert losses(tmp_path / "m")[:3] == pytest.approx(first, abs=2e-2 if tuning.bf16 else 2e-4)
        assert model.record["stages"]["instruct"]["stopped"] == "done"

    def test_a_base_in_4_bits_learns_nearly_the_same(self, base: Base, tmp_path: Path):
        trained(base, tmp_path / "m", replace(QUICK, method="qlora"))
        assert losses(tmp_path / "m")[0] == pytest.approx(5.8797, abs=0.05)
        kinds = {type(one).__name__ for one in prepare(base, replace(QUICK, method="qlora")).modules()}
        assert "Linear4bit" in kinds
        assert (tmp_path / "m" / "adapter_model.safetensors").is_file()

    @pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing")
    def test_an_adapter_is_in_the_form_of_peft(self, base: Base, folder: Path, tmp_path: Path):
        from peft import PeftModel

        trained(base, tmp_path / "m", replace(QUICK, targets="q_proj,v_proj", epochs=10))
        config = json.loads((tmp_path / "m" / "adapter_config.json").read_text())
        assert (config["base_model_name_or_path"], config["r"]) == (str(folder), 16)
        assert sorted(config["target_modules"]) == ["q_proj", "v_proj"]
        ids = base.tokenizer()("Which pier", return_tensors="pt").input_ids
        plain = AutoModelForCausalLM.from_pretrained(folder)
        before = plain(ids).logits.detach()
        again = PeftModel.from_pretrained(plain, tmp_path / "m")
        assert not torch.allclose(before, again(ids).logits, atol=1e-3)
        assert not (tmp_path / "m" / "README.md").exists()

    def test_a_whole_model_is_in_the_form_of_transformers_and_learned(self, base: Base, tmp_path: Path):
        trained(base, tmp_path / "m", replace(QUICK, method="full", epochs=40, batch_tokens=128), fact_rows(dev=False))
        assert said(tmp_path / "m", next(iter(FACTS))) == "The Heron leaves from pier 2."

    def test_texts_come_first_and_are_measured_in_bits_per_byte(self, base: Base, tmp_path: Path):
        tuning = replace(QUICK, method="full", epochs=8, batch_tokens=256)
        record = trained(base, tmp_path / "m", tuning, fact_rows(texts=True)).record
        domain, instruct = record["stages"]["domain"], record["stages"]["instruct"]
        assert list(record["stages"]) == ["domain", "instruct"]
        assert domain["bits_per_byte_after"] < 0.8 * domain["bits_per_byte_before"]
        alone = trained(base, tmp_path / "alone", tuning).record["stages"]["instruct"]
        assert (
            instruct["dev_loss_before"] < alone["dev_loss_before"]
        )  # the second stage begins with the first's weights

    def test_a_model_from_nothing_learns_its_text(self, tmp_path: Path):
        rows = fact_rows(texts=True)
        scratch = Scratch(texts=rows.texts, depth=1, vocabulary=300, context_tokens=64, seed=0)
        tuning = replace(QUICK, method="full", steps=40, batch_tokens=256)
        record = trained(scratch, tmp_path / "m", tuning, rows).record
        assert record["parameters"] == record["trained_parameters"] < 100_000
        assert (
            record["stages"]["domain"]["bits_per_byte_after"] < 1 < record["stages"]["domain"]["bits_per_byte_before"]
        )
        assert said(tmp_path / "m", "Who keeps the light?") == "Mara Quill keeps it."
        again = open_base("m", tmp_path)
        assert again.name == "m" and "é 文" in again.tokenizer().decode(again.tokenizer().encode("é 文"))

    def test_recomputing_activations_changes_no_loss(self, base: Base, tmp_path: Path):
        trained(base, tmp_path / "a")
        trained(base, tmp_path / "b", replace(QUICK, recompute=True))
        assert losses(tmp_path / "a") == pytest.approx(losses(tmp_path / "b"), rel=1e-4)

    def test_a_kill_at_any_stage_leads_to_the_same_weights(
        self, base: Base, tmp_path: Path, killer: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
    ):
        # Another number of threads adds up in another order, and it is chosen by measuring.
        monkeypatch.setattr("scoville.train.tune.choose_threads", lambda *_: None)
        rows = fact_rows(texts=True)
        trained(base, tmp_path / "whole", rows=rows)
        whole = (tmp_path / "whole" / "adapter_model.safetensors").read_bytes()
        steps = sum(len((tmp_path / "whole" / s / loop.LOG).read_text().splitlines()) for s in ("domain", "instruct"))
        for kill in range(2, steps + 4, 7):
            killer(kill)
            with pytest.raises(KeyboardInterrupt):
                trained(base, tmp_path / "killed", rows=rows)
        killer(0)
        trained(base, tmp_path / "killed", rows=rows)
        assert (tmp_path / "killed" / "adapter_model.safetensors").read_bytes() == whole
        assert not list((tmp_path / "killed").rglob("*.pt"))

    def test_the_same_again_trains_nothing_and_other_values_are_refused(
        self, base: Base, tmp_path: Path, killer: Callable[[int], None]
    ):
        first = trained(base, tmp_path / "m")
        killer(1)
        assert trained(base, tmp_path / "m").record == first.record
        with pytest.raises(TrainingError, match="choose another name"):
            trained(base, tmp_path / "m", replace(QUICK, rank=2))

    def test_a_base_whose_weights_changed_is_another(self, folder: Path, tmp_path: Path):
        own = shutil.copytree(folder, tmp_path / "own")
        trained(open_base("own", tmp_path), tmp_path / "m")
        os.utime(own / "model.safetensors", (1, 1))
        with pytest.raises(TrainingError, match="choose another name"):
            trained(open_base("own", tmp_path), tmp_path / "m")

    def test_a_disk_that_is_full_at_the_end_costs_no_training(
        self, base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killer: Callable[[int], None]
    ):
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("scoville.train.tune.save", full)
            with pytest.raises(
                StorageError, match="No space left on device; free some space .*it is saved from its checkpoint"
            ):
                trained(base, tmp_path / "m")
        assert not (tmp_path / "m" / "training.json").exists()
        killer(1)
        trained(base, tmp_path / "m")
        assert (tmp_path / "m" / "adapter_model.safetensors").is_file()

    def test_losses_that_are_no_numbers_keep_the_last_good_weights(
        self, base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ):
        real, count = TokenLoss.forward, iter(range(1000))

        def spoilt(*given: Any, **tensors: Any) -> Any:
            return real(*given, **tensors) * (float("nan") if next(count) == 8 else 1)

        monkeypatch.setattr(TokenLoss, "forward", spoilt)
        record = trained(base, tmp_path / "m", replace(QUICK, epochs=5), fact_rows(dev=False)).record
        assert record["stages"]["instruct"]["stopped"] == "diverged"
        assert "the loss is not finite at step" in caplog.text and "are kept" in caplog.text
        assert (tmp_path / "m" / "adapter_model.safetensors").is_file()


class TestBadInput:
    def test_no_rows(self, base: Base, tmp_path: Path):
        with pytest.raises(TrainingError, match="no rows to train on"):
            trained(base, tmp_path / "m", rows=FewRows())

    def test_one_row_is_trained_on(self, base: Base, tmp_path: Path):
        record = trained(base, tmp_path / "m", rows=FewRows(train=(example("A?", "B."),))).record
        assert record["stages"]["instruct"]["rows"] == 1 and "dev_loss_after" not in record["stages"]["instruct"]

    def test_a_base_without_a_chat_template_is_said(self, tmp_path: Path, caplog: pytest.LogCaptureFixture):
        bare = open_base(f"path:{write_tiny_base(tmp_path / 'bare', template=False)}", tmp_path)
        trained(bare, tmp_path / "m")
        assert "no chat template" in caplog.text

    def test_unknown_targets_list_what_there_is(self, base: Base, tmp_path: Path):
        with pytest.raises(TrainingError, match=r"'query' are not in .*down_proj, gate_proj, k_proj"):
            trained(base, tmp_path / "m", replace(QUICK, targets="query"))

    def test_bases_that_cannot_be_trained(self, folder: Path, tmp_path: Path, base: Base):
        with pytest.raises(UnknownModel, match="hosted elsewhere"):
            open_base("openai:gpt-5", tmp_path)
        with pytest.raises(UnknownModel, match=r"has no config\.json"):
            open_base(f"path:{tmp_path}", tmp_path)
        trained(base, tmp_path / "adapter")
        with pytest.raises(TrainingError, match="is an adapter"):
            open_base("adapter", tmp_path)

    @pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
    def test_a_damaged_base_is_named(self, folder: Path, tmp_path: Path, name: str):
        for path in folder.iterdir():
            content = path.read_bytes()
            (tmp_path / path.name).write_bytes(content[: len(content) // 2] if path.name == name else content)
        damaged = open_base(f"path:{tmp_path}", tmp_path)
        with pytest.raises(TrainingError, match=str(tmp_path)):
            damaged.tokenizer()
            damaged.network(torch.float32)

    @pytest.mark.parametrize("values", [{"rank": 0}, {"epochs": 0}, {"dropout": 1}, {"learning_rate": 2}, {"steps": 0}])
    def test_values_that_cannot_be_meant(self, values: dict[str, Any]):
        with pytest.raises(UsageError, match=next(iter(values))):
            replace(QUICK, **values)


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Give a function that has the network interrupted at its n-th call from now on; 0: never."""
    state = {"left": 0}
    real = TokenLoss.forward

    def forward(*given: Any, **tensors: Any) -> Any:
        state["left"] -= 1
        if state["left"] == 0:
            raise KeyboardInterrupt
        return real(*given, **tensors)

    monkeypatch.setattr(TokenLoss, "forward", forward)
    return lambda at: state.update(left=at)


def said(place: Path, question: str) -> str:
    tokenizer, network = AutoTokenizer.from_pretrained(place), AutoModelForCausalLM.from_pretrained(place).float()
    prompt = template_of(tokenizer).render([Message(role="user", content=question)])
    ids = tokenizer(prompt, return_tensors="pt", add_special_tokens=False).input_ids
    reply = network.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=24, do_sample=False)
    return tokenizer.decode(reply[0, ids.shape[1] :], skip_special_tokens=True)


def test_the_stages_follow_from_the_rows():
    settings = loop_settings(replace(QUICK, epochs=2, accumulate=4), 40, 1, 1.0, dev=True)
    assert (settings.steps, settings.dev_every, settings.warmup_steps) == (20, 2, 1)
    assert loop_settings(replace(QUICK, steps=7), 40, 1, 1.0, dev=False).dev_every == 0


def test_threads_are_chosen_among_those_there_are():
    before = torch.get_num_threads()
    try:
        assert 1 <= choose_threads(bf16=False) <= before
    finally:
        torch.set_num_threads(before)
