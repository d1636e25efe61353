"""Plans are arithmetic: the published figures of Llama-2, parameters of models that exist, what fits and what would."""

import json
from pathlib import Path
from typing import Any

import gguf
import pytest

from conftest import Bench, Command
from scoville.errors import ModelError, UnknownModel, UsageError
from scoville.train.plan.architecture import KNOWN, Architecture, read_architecture
from scoville.train.plan.hardware import GPUS, THIS_MACHINE, measure_machine
from scoville.train.plan.memory import Job, training_memory
from scoville.train.plan.serving import Load, plan_serving
from scoville.train.plan.training import plan_training, training_operations
from tiny_gguf import write_tiny_gguf

QV, ALL = ("q_proj", "v_proj"), ("all",)
T4, A10, A100, A100_80, H100, H200 = GPUS


def tiny(**values: Any) -> Architecture:
    shape: dict[str, Any] = {
        "name": "tiny", "layers": 2, "hidden": 8, "inner": 20, "heads": 4, "key_heads": 2, "head_size": 2,
        "vocabulary": 50, "tied": False, "context_tokens": 128,
    }  # fmt: skip
    return Architecture(**(shape | values))


class TestArchitecture:
    @pytest.mark.parametrize(
        ("model", "targets", "trainable", "megabytes"),
        [
            ("llama-2-7b", QV, 4_194_304, 8), ("llama-2-7b", ALL, 20_566_080, 41),
            ("llama-2-13b", QV, 6_553_600, 13), ("llama-2-13b", ALL, 31_887_424, 64),
            ("llama-2-70b", QV, 16_384_000, 33), ("llama-2-70b", ALL, 104_190_016, 208),
        ],
    )  # fmt: skip
    def test_published_table_of_llama_2(self, model: str, targets: tuple[str, ...], trainable: int, megabytes: int):
        """The table says 201 MB for the last: that is not two bytes for each of its own 104,190,016 parameters."""
        plan = plan_training(KNOWN[model], Job(rank=8, targets=targets), ())
        assert plan.trainable_parameters == trainable
        assert round(plan.checkpoint_bytes / 1e6) == megabytes

    @pytest.mark.parametrize(("model", "gigabytes"), [("llama-2-7b", 14), ("llama-2-13b", 26), ("llama-2-70b", 140)])
    def test_whole_models_take_the_published_gigabytes(self, model: str, gigabytes: int):
        """The table has two bytes for each of 7, 13 and 70 billion; 6.74, 13.02 and 68.98 they are."""
        plan = plan_training(KNOWN[model], Job(method="full"), ())
        assert plan.checkpoint_bytes / 1e9 == pytest.approx(gigabytes, rel=0.04)

    @pytest.mark.parametrize(
        ("model", "parameters"),
        [
            ("smollm2-135m", 134_515_008), ("smollm2-360m", 361_821_120), ("smollm2-1.7b", 1_711_376_384),
            ("qwen2.5-0.5b", 494_032_768), ("qwen2.5-7b", 7_615_616_512), ("mistral-7b", 7_241_732_096),
            ("llama-3.1-8b", 8_030_261_248), ("llama-2-7b", 6_738_415_616 + 4 * 2 * 4096),
        ],
    )  # fmt: skip
    def test_parameters_are_those_of_the_files(self, model: str, parameters: int):
        assert KNOWN[model].parameters == parameters

    def test_lora_by_hand(self):
        shape = tiny()
        assert shape.lora_parameters(2, ["q_proj"]) == 2 * 2 * (8 + 8)
        assert shape.lora_parameters(2, ["k_proj"]) == 2 * 2 * (8 + 4)
        assert shape.lora_parameters(1, ["lm_head"]) == 8 + 50
        assert tiny(tied=True).lora_parameters(1, ["embed_tokens", "lm_head"]) == 50 + 8
        assert shape.lora_parameters(1, ["all-linear", "q_proj"]) == 2 * (16 + 12 + 12 + 16 + 28 + 28 + 28)

    def test_names_that_people_have_for_them(self):
        names = ("hf:meta-llama/Llama-2-7b-chat-hf", "hf:Qwen/Qwen2.5-Coder-0.5B-Instruct", "smollm2-135m-instruct",
                 "hf:meta-llama/Meta-Llama-3.1-8B-Instruct")  # fmt: skip
        found = [read_architecture(name).name for name in names]
        assert found == ["llama-2-7b", "qwen2.5-0.5b", "smollm2-135m", "llama-3.1-8b"]
        with pytest.raises(UnknownModel, match="the shape of 'gpt-9' is not known; expected one of smollm2-135m"):
            read_architecture("gpt-9")

    def test_a_folder(self, tmp_path: Path):
        config = {
            "model_type": "qwen3", "hidden_size": 8, "intermediate_size": 20, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 2, "vocab_size": 50,
            "max_position_embeddings": 128,
        }  # fmt: skip
        (tmp_path / "config.json").write_text(json.dumps(config))
        assert read_architecture(f"path:{tmp_path}") == tiny(name=tmp_path.name, query_norm=True)
        for wrong, message in (
            ({"model_type": "bert"}, "family 'bert'"), ({"num_hidden_layers": -1}, "impossible shape"),
            ({"hidden_size": "wide"}, "does not give the shape"), ({"num_attention_heads": 0}, "impossible shape"),
        ):  # fmt: skip
            (tmp_path / "config.json").write_text(json.dumps(config | wrong))
            with pytest.raises(ModelError, match=message):
                read_architecture(f"path:{tmp_path}")
        (tmp_path / "config.json").write_text("[")
        with pytest.raises(ModelError, match=r"config\.json"):
            read_architecture(f"path:{tmp_path}")
        with pytest.raises(UnknownModel, match="there is no"):
            read_architecture(f"path:{tmp_path / 'none'}")

    def test_a_gguf_file(self, tmp_path: Path):
        path = write_tiny_gguf(tmp_path / "tiny.gguf", gguf.GGMLQuantizationType.F16)
        shape = read_architecture(f"path:{path}")
        weights = sum(int(tensor.n_elements) for tensor in gguf.GGUFReader(path).tensors)
        assert shape.parameters == weights
        assert (shape.layers, shape.hidden, shape.key_heads, shape.tied) == (2, 64, 2, weights < 150_000)
        (tmp_path / "bad.gguf").write_bytes(path.read_bytes()[:200])
        with pytest.raises(ModelError, match="no readable GGUF file"):
            read_architecture(f"path:{tmp_path / 'bad.gguf'}")


class TestTraining:
    def test_memory_by_hand(self):
        shape = tiny()
        full = training_memory(shape, Job(method="full", batch_tokens=32, tokens_per_row=16))
        assert (full.weights, full.gradients, full.optimizer) == tuple(n * shape.parameters for n in (6, 4, 8))
        assert full.activations == 2 * 16 * 2 * (8 * 20 + 30 * 8 + 4 * 4)
        assert full.logits == 2 * 16 * 50 * 10 // 4
        lora = training_memory(shape, Job(rank=1, targets=("q_proj",), batch_tokens=32, tokens_per_row=16))
        assert (lora.weights, lora.adapter, lora.gradients) == (2 * shape.parameters, 6 * 32, 4 * 32)
        saved = training_memory(shape, Job(method="full", batch_tokens=32, tokens_per_row=16, recompute=True))
        assert saved.activations == 2 * 16 * (2 * 4 * 8 + 8 * 20 + 30 * 8 + 4 * 4)

    def test_qlora_shrinks_the_layers_only(self):
        shape = KNOWN["llama-2-7b"]
        rest = shape.parameters - shape.linear_weights
        assert training_memory(shape, Job(method="qlora")).weights == round(shape.linear_weights * 4.127 / 8) + 2 * rest

    def test_operations_by_hand(self):
        shape = tiny()
        forward = 2 * (shape.linear_weights + 0.25 * 8 * 50) + 4 * 2 * 8 * 16
        job = Job(method="full", rows=10, epochs=2, tokens_per_row=16)
        assert training_operations(shape, job) == 320 * 3 * forward
        lora = Job(rank=1, targets=("q_proj",), rows=10, epochs=2, tokens_per_row=16, recompute=True)
        assert training_operations(shape, lora) == 320 * (3 * forward + 6 * 32)

    def test_what_does_not_fit_says_what_would(self):
        lora = plan_training(KNOWN["llama-2-7b"], Job(), GPUS)
        assert [one.fits for one in lora.hardware] == [False, False, True, True, True, True]
        assert lora.hardware[1].would_fit == "--recompute"
        assert lora.hardware[1].hours is None
        full = plan_training(KNOWN["llama-2-70b"], Job(method="full"), (T4, H200))
        assert full.hardware[0].would_fit == "a smaller model"
        assert full.hardware[1].would_fit == "--method qlora, or 16 of them with --recompute --batch-tokens 512"
        qlora = plan_training(KNOWN["llama-2-70b"], Job(method="qlora", recompute=True), (H200,))
        assert qlora.hardware[0].fits

    def test_what_it_says_would_fit_fits(self):
        changes: dict[str, dict[str, Any]] = {
            "--recompute": {"recompute": True}, "--batch-tokens 512": {"batch_tokens": 512},
            "--method qlora": {"method": "qlora"},
        }  # fmt: skip
        for model in ("llama-2-7b", "llama-2-13b", "qwen2.5-7b"):
            for method in ("lora", "full"):
                for one in plan_training(KNOWN[model], Job(method=method), GPUS).hardware:
                    said = one.would_fit.partition(",")[0]
                    if not one.fits and said.startswith("--"):
                        given: dict[str, Any] = {"method": method}
                        for change, values in changes.items():
                            given |= values if change in said else {}
                        assert plan_training(KNOWN[model], Job(**given), [one.hardware]).hardware[0].fits

    def test_hours_and_dollars(self):
        plan = plan_training(KNOWN["llama-2-7b"], Job(method="full", rows=100_000), (H200,))
        hours = plan.operations / (989e12 * 0.35) / 3600
        assert plan.hardware[0].hours == pytest.approx(hours)
        assert plan.hardware[0].usd == pytest.approx(hours * 4.5396)
        small = plan_training(KNOWN["smollm2-135m"], Job(rows=4000, epochs=1), (H100,))
        assert small.hardware[0].hours == pytest.approx(30 * 0.001 * 1000 / 3600), "kernels are started one by one"

    @pytest.mark.parametrize(
        "wrong", [{"method": "rlhf"}, {"rows": 0}, {"epochs": 0.0}, {"rank": 0}, {"batch_tokens": -1}]
    )
    def test_a_job_that_cannot_be_meant(self, wrong: dict[str, Any]):
        with pytest.raises(UsageError):
            Job(**wrong)

    def test_targets_and_rows_that_the_model_has_not(self):
        with pytest.raises(UsageError, match=r"targets c_attn: expected all-linear, all, q_proj"):
            plan_training(KNOWN["llama-2-7b"], Job(targets=("c_attn",)), ())
        with pytest.raises(UsageError, match="nothing"):
            plan_training(KNOWN["llama-2-7b"], Job(targets=()), ())
        with pytest.raises(UsageError, match=r"rows of 5000 tokens: llama-2-7b reads 4096"):
            plan_training(KNOWN["llama-2-7b"], Job(tokens_per_row=5000), ())


def test_activations_are_those_that_torch_keeps():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    rows, tokens, hidden, inner, heads, key_heads = 2, 128, 192, 512, 6, 2

    def kept(layers: int) -> int:
        config = transformers.LlamaConfig(
            hidden_size=hidden, intermediate_size=inner, num_hidden_layers=layers, num_attention_heads=heads,
            num_key_value_heads=key_heads, vocab_size=64, attn_implementation="sdpa",
        )  # fmt: skip
        model = transformers.LlamaModel(config)
        weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
        held: dict[int, Any] = {}

        def keep(tensor: Any) -> Any:
            held.setdefault(tensor.untyped_storage().data_ptr(), tensor)  # held, so that no other takes its place
            return tensor

        with (
            torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
            torch.autocast("cpu", dtype=torch.bfloat16),
        ):
            model(torch.zeros(rows, tokens, dtype=torch.long))
        copies = sum(2 * weight.numel() for weight in model.parameters() if weight.dim() == 2) - 2 * 64 * hidden
        sizes = (tensor.untyped_storage().nbytes() for place, tensor in held.items() if place not in weights)
        return sum(sizes) - copies

    measured = (kept(3) - kept(1)) / 2
    shape = tiny(layers=1, hidden=hidden, inner=inner, heads=heads, key_heads=key_heads, head_size=hidden // heads)
    planned = training_memory(shape, Job(method="full", batch_tokens=rows * tokens, tokens_per_row=tokens)).activations
    assert planned == pytest.approx(measured, rel=0.05)


class TestServing:
    def test_by_hand(self):
        plan = plan_serving(KNOWN["llama-2-13b"], Load(users=20, context_tokens=2048), GPUS)
        assert plan.cache_bytes_per_token == 2 * 40 * 40 * 128 * 2 == 819_200
        assert plan.cache_bytes == 819_200 * 2048 * 20
        assert plan.memory_bytes == 2 * KNOWN["llama-2-13b"].parameters + plan.cache_bytes + 10**9
        assert [one.fits for one in plan.hardware] == [False, False, False, True, True, True]
        rate = 20 / ((plan.weights_bytes + plan.cache_bytes) / (2039e9 * 0.6))
        assert plan.hardware[3].tokens_per_second == pytest.approx(rate)
        assert plan.hardware[3].usd_per_million_tokens == pytest.approx(2.4984 / 3600 / rate * 1e6)

    def test_the_most_users_fit_and_one_more_does_not(self):
        for users in (1, 7):
            most = plan_serving(KNOWN["mistral-7b"], Load(users=users), (A10,)).hardware[0].most_users
            for count, fits in ((most, True), (most + 1, False)):
                assert plan_serving(KNOWN["mistral-7b"], Load(users=count), (A10,)).hardware[0].fits is fits

    def test_smaller_weights_hold_more_users(self):
        found = [plan_serving(KNOWN["llama-2-13b"], Load(weights=form), (A10,)) for form in ("f16", "q8_0", "q4_k_m")]
        assert [plan.hardware[0].most_users for plan in found] == [0, 5, 9]

    def test_a_load_that_cannot_be_meant(self):
        with pytest.raises(UsageError, match="weights 'q3'; expected f16"):
            Load(weights="q3")
        with pytest.raises(UsageError):
            Load(users=0)
        with pytest.raises(UsageError, match="llama-2-7b reads 4096"):
            plan_serving(KNOWN["llama-2-7b"], Load(context_tokens=8192), GPUS)


def test_this_machine_is_measured():
    found = measure_machine(0.25)
    assert found.name == THIS_MACHINE and found.usd_per_hour == 0.25
    assert 1e8 < found.flops < 1e16 and 1e8 < found.bytes_per_second < 1e14
    assert found.memory_bytes > 10**8 and "measured in" in found.note


def test_the_command_keeps_its_contract(bench: Bench, command: Command):
    words = ("plan", "train", "--model", "llama-2-7b", "--method", "lora", "--rank", 8, "--json", "--targets")
    some, everything = command(*words, "q_proj,v_proj").json, command(*words, "all").json
    assert some["trainable_parameters"] == 4_194_304 and everything["trainable_parameters"] == 20_566_080
    assert some["checkpoint_bytes"] == 8_388_608
    assert some["memory_bytes"]["total"] == sum(some["memory_bytes"].values()) / 2
    assert [one["name"] for one in some["hardware"]] == [THIS_MACHINE, *(gpu.name for gpu in GPUS)]
    assert all((one["hours"] is None) != one["fits"] for one in some["hardware"])


def test_the_commands_say_it_to_people(bench: Bench, command: Command):
    done = command("plan", "train", "--model", "llama-2-7b", "--rank", 8, "--targets", "q_proj, v_proj", "--seq", 2048)
    assert "4,194,304 of 6,738,448,384 parameters (0.06%), checkpoint 8.4 MB" in done.out
    assert "does not fit; would: --recompute" in done.out
    served = command("plan", "serve", "--model", "llama-2-7b", "--users", 3)
    assert "memory = weights + 2 · layers · key heads · head size · 2 bytes · context · users + 1 GB" in served.out
    unknown = command("plan", "train", "--model", "no-model")
    assert unknown.code == 2 and "no-model" in unknown.err and "llama-2-7b" in unknown.err
    assert command("plan", "train", "--model", "llama-2-7b", "--targets", "").code == 2


def test_a_model_that_was_trained_here_is_found_by_its_name(bench: Bench, command: Command):
    folder = bench.workspace.folder / "models" / "ours"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({
        "model_type": "llama", "hidden_size": 8, "intermediate_size": 20, "num_hidden_layers": 2,
        "num_attention_heads": 4, "vocab_size": 50, "max_position_embeddings": 1024,
    }))  # fmt: skip
    assert command("plan", "train", "--model", "ours", "--json").json["model"] == "ours"


def test_an_adapter_that_was_trained_here_has_the_shape_of_its_base(bench: Bench, command: Command):
    folder = bench.workspace.folder / "models" / "claims"
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "elsewhere"}))
    (folder / "training.json").write_text(json.dumps({"base": "smollm2-135m-instruct"}))
    for name in ("claims", "smollm2-135m-instruct+claims"):
        assert command("plan", "train", "--model", name, "--json").json["model"] == "smollm2-135m"
