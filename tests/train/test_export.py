"""A trained model leaves as files that say the same, or does not leave."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_cli import check

import scoville as sc
from conftest import Command
from scoville import recipe
from scoville.embed.network import computes_in
from scoville.errors import Drift, StorageError, UnknownModel, UsageError
from scoville.llm import ask_with
from scoville.llm.gguf_write import Content, Tensor
from scoville.models import locate_model
from scoville.train.export.forms import Form, steps
from scoville.train.export.parity import Hop, Parity, Reference, Tried, compare
from scoville.types import Message
from tiny_llama import write_adapter, write_tiny_llama

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:peft"),
]
PROMPTS = "the hen\nhe 12\nwho?\nthe other hen\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with an adapter, a whole model and prompts."""
    root = tmp_path_factory.mktemp("workspace")
    models = root / ".scoville" / "models"
    base = write_tiny_llama(root / "base")
    write_tiny_llama(models / "whole", seed=3)
    write_adapter(models / "claims", base)
    (root / "prompts.txt").write_text(PROMPTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCOVILLE_MODELS", str(root / "cache"))
        patch.setenv("SCOVILLE_EMBED__MODEL", "fake")
        yield root


def export(root: Path, name: str = "claims", **options: Any) -> Any:
    with sc.open(root) as bot:
        return bot.export(name, **{"prompts": root / "prompts.txt", "max_tokens": 8, **options})


class TestForms:
    @pytest.mark.parametrize(
        ("name", "form", "hops"),
        [
            ("claims", "gguf", ["merged", "served by llamacpp"]),
            ("claims", "adapter", ["merged", "served by llamacpp"]),
            ("whole", "openvino", ["merged", "served by openvino"]),
        ],
    )
    def test_reply_as_the_trained_model(self, trained: Path, tmp_path: Path, name: str, form: Any, hops: list[str]):
        made = export(trained, name, form=form, out=tmp_path / "out" / "made", check=True)
        assert [hop.name for hop in made.parity.hops] == hops
        for hop in made.parity.hops:
            assert (hop.prompts, hop.same + hop.ties, hop.misread) == (4, 4, 0)
            assert hop.mean_nats < 0.05
        assert made.size_bytes > 20_000
        record = json.loads((trained / ".scoville" / "models" / name / "parity.json").read_text())
        assert record["agrees"] and record["form"] == form
        computed = "bf16" if form == "openvino" and computes_in() == "bf16" else "f16"
        assert [hop.precision for hop in made.parity.hops][0] == "f16"
        assert form == "adapter" or made.parity.hops[-1].precision == computed  # else that of its base

    def test_of_fewer_bits_are_compared_in_three_hops(self, trained: Path, tmp_path: Path):
        made = export(trained, precision="q8_0", out=tmp_path / "small.gguf", check=True, max_tokens=2)
        merged, written, served = made.parity.hops
        assert merged.mean_nats < written.mean_nats == pytest.approx(served.mean_nats, abs=0.05)
        assert [hop.precision for hop in (merged, written, served)] == ["f16", "q8_0", "q8_0"]

    def test_an_adapter_is_measured_by_the_precision_of_its_base(self, trained: Path, tmp_path: Path):
        export(trained, "whole", precision="q8_0", out=tmp_path / "whole-q8.gguf")
        folder = write_adapter(trained / ".scoville" / "models" / "beside", trained / ".scoville" / "models" / "whole")
        (folder / "training.json").write_text(json.dumps({"base": f"path:{tmp_path / 'whole-q8.gguf'}"}))
        files = locate_model(f"path:{folder}", kind="llm")
        merged, served = steps(files, Form(kind="adapter"), tmp_path / "adapter.gguf", recipe.Llm())
        assert (merged.precision, served.precision) == ("f16", "q8_0")

    def test_are_served_by_their_path(self, trained: Path, tmp_path: Path):
        for form, name in (("gguf", "claims.gguf"), ("openvino", "claims")):
            export(trained, form=form, out=tmp_path / name)
        replies: set[str] = set()
        for model in (f"path:{tmp_path / 'claims.gguf'}", f"path:{tmp_path / 'claims'}", "claims"):
            with sc.open(trained, llm=model) as bot:
                replies.add(ask_with(bot.recipe.llm)([Message(role="user", content="the hen")])[:8])
        assert len(replies) == 1


class TestDrift:
    def test_an_adapter_that_is_ignored_is_found(self, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """As OpenVINO GenAI does with adapters on a model that it built from GGUF."""

        def without(base: Content, adapter: Any) -> Content:
            return base

        monkeypatch.setattr("scoville.llm.trained.forms.merged", without)
        monkeypatch.setenv("SCOVILLE_MODELS", str(tmp_path / "cache"))
        with pytest.raises(Drift, match="claims is not exported: .*merged: the training is lost"):
            export(trained, out=tmp_path / "lost.gguf", check=True)
        assert not list(tmp_path.glob("*lost*"))
        record = json.loads((trained / ".scoville" / "models" / "claims" / "parity.json").read_text())
        assert not record["agrees"]

    def test_of_one_matrix_shows_in_the_hop_that_made_it(
        self, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        from scoville.train.export import forms

        def broken(target: Path, content: Content, precision: Any) -> None:
            def shaken(tensor: Tensor) -> Tensor:
                wrong = tensor.name == "blk.0.attn_v.weight"
                return tensor._replace(rows=lambda part: -tensor.rows(part)) if wrong else tensor

            own(target, replace(content, tensors=[shaken(one) for one in content.tensors]), precision)

        own = forms.write_form
        monkeypatch.setattr(forms, "write_form", broken)
        with pytest.raises(Drift) as raised:
            export(trained, out=tmp_path / "wrong.gguf", check=True)
        assert "served by llamacpp: " in str(raised.value)
        assert "merged: " not in str(raised.value)

    def test_a_training_that_does_not_show_is_said(self, trained: Path, tmp_path: Path):
        write_adapter(trained / ".scoville" / "models" / "idle", trained / "base", size=1e-5)
        with pytest.raises(Drift, match="the training does not show on these prompts"):
            export(trained, "idle", out=tmp_path / "idle.gguf", check=True)


class TestBadInput:
    def test_an_unknown_name_lists_those_there_are(self, trained: Path):
        with pytest.raises(UnknownModel, match="'clams' was not trained here; there are .*claims"):
            export(trained, "clams")

    def test_what_is_there_is_not_overwritten(self, trained: Path, tmp_path: Path):
        (tmp_path / "mine.gguf").write_text("mine")
        with pytest.raises(UsageError, match="exists; remove it"):
            export(trained, out=tmp_path / "mine.gguf")
        assert (tmp_path / "mine.gguf").read_text() == "mine"

    @pytest.mark.parametrize(
        ("name", "options", "reason"),
        [
            ("whole", {"form": "adapter"}, "whole is a whole model and no adapter"),
            ("claims", {"form": "openvino", "precision": "q8_0"}, "only a whole GGUF file"),
            ("claims", {"form": "onnx"}, "expected gguf, adapter, openvino"),
        ],
    )
    def test_a_form_that_it_does_not_have(
        self, trained: Path, tmp_path: Path, name: str, options: dict[str, Any], reason: str
    ):
        with pytest.raises(UsageError, match=reason):
            export(trained, name, out=tmp_path / "odd", **options)
        assert not list(tmp_path.iterdir())

    def test_a_full_disk_leaves_nothing(self, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        import gguf

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(gguf.GGUFWriter, "write_tensor_data", fail)
        with pytest.raises(StorageError, match="No space left"):
            export(trained, out=tmp_path / "full.gguf")
        assert not list(tmp_path.iterdir())

    def test_prompts_that_are_none(self, trained: Path, tmp_path: Path):
        with pytest.raises(UsageError, match=r"away\.txt: no such file"):
            export(trained, out=tmp_path / "made.gguf", check=True, prompts=tmp_path / "away.txt")
        (tmp_path / "empty.txt").write_text("\n")
        with pytest.raises(UsageError, match=r"empty\.txt holds no prompts"):
            export(trained, out=tmp_path / "made.gguf", check=True, prompts=tmp_path / "empty.txt")


class TestCommand:
    def test_shows_how_far_the_forms_agree(
        self, trained: Path, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.chdir(trained)
        words = ["export", "claims", "--check", "--prompts", "prompts.txt", "--max-tokens", "4"]
        done = command(*words, "--out", tmp_path / "a.gguf")
        assert done.code == 0
        assert "PROMPTS" in done.out and "served by llamacpp" in done.out
        assert "What training changed" in done.out
        told = command(*words, "--out", tmp_path / "b.gguf", "--json").json
        assert told["parity"]["agrees"] and told["form"] == "gguf"
        assert Path(told["path"]).stat().st_size == told["size_bytes"]
        never = ("parity.faults[]", "parity.hops[].faults[]")  # where there are any, nothing is written
        check("export NAME --json", [told], never=never)

    def test_asks_what_the_recipe_would_where_there_are_documents(self, tmp_path: Path, command: Command):
        from scoville.bot.export import messages_of

        (tmp_path / "leave.txt").write_text("Staff have thirty days of leave in a year.")
        (tmp_path / "cases.jsonl").write_text('{"question": "How many days of leave?", "expected": "thirty"}\n')
        with sc.open(tmp_path, llm="fake", **{"answer.min_similarity": -1}) as bot:
            bot.add(tmp_path / "leave.txt")
            (messages,) = messages_of(bot, tmp_path / "cases.jsonl")
        assert "thirty days" in messages[-1].content and "How many days of leave?" in messages[-1].content


NEAR = ({5: -0.1, 6: -0.15, 7: -3.0}, {8: -0.2, 2: -0.25})
TRAINED = Reference(
    prompt=(1, 2), ids=(5, 8), text="ab", logs=(-0.1, -0.2), near=NEAR, ends=frozenset({2}), untrained=(-1.1, -2.2)
)


def hop(ids: tuple[int, ...], text: str, logs: tuple[float, ...] = (-0.1, -0.2), precision: str = "f16") -> Hop:
    return compare("served", precision, [TRAINED], [Tried(prompt_tokens=2, ids=ids, text=text, logs=logs)], 0.0)


class TestComparison:
    @pytest.mark.parametrize(
        ("ids", "same", "ties", "tokens"),
        [((5, 8), 1, 0, 1.0), ((6, 9, 9), 0, 1, 0.0), ((7, 8), 0, 0, 0.5), ((5,), 0, 1, 0.5), ((), 0, 0, 0.0)],
    )
    def test_replies_agree_part_at_a_tie_or_drift(self, ids: tuple[int, ...], same: int, ties: int, tokens: float):
        found = hop(ids, "ab" if ids == (5, 8) else "other")
        assert (found.same, found.ties, found.tokens) == (same, ties, tokens)
        assert bool(found.faults()) == (not same + ties)

    def test_log_probabilities_are_compared_with_what_training_changed(self):
        found = hop((5, 8), "ab", (-0.2, -0.4))
        assert (found.mean_nats, found.largest_nats) == (pytest.approx(0.15), pytest.approx(0.2))
        assert found.untrained_nats == pytest.approx(1.5)
        assert not found.faults()
        assert "the training is lost" in hop((5, 8), "ab", (-0.9, -1.5)).faults()[0]

    def test_other_tokens_than_in_training_are_a_fault(self):
        assert "cut into other tokens" in hop((5, 8), "ab", (-0.1, -0.1, -0.1)).faults()[0]

    def test_a_reply_that_no_tokenizer_cuts_so_is_no_fault_and_its_likelihood_is_left_out(self):
        replies = [Tried(prompt_tokens=2, ids=(5, 8), text="ab", logs=logs) for logs in ((), (-0.2, -0.4), (-9.0,))]
        found = compare("served", "f16", [TRAINED] * 3, replies, 0.0)
        assert (found.misread, found.mean_nats) == (1, pytest.approx(0.15))

    def test_fewer_bits_may_change_more(self):
        drifted = [hop((7,), "other", precision=precision) for precision in ("f16", "q8_0", "q4_0")]
        assert [one.least for one in drifted] == [0.98, 0.95, 0.5]
        assert [fault for fault in Parity(hops=tuple(drifted)).faults() if "expected 98%" in fault]
