"""What training leaves answers in both runtimes as it does in transformers."""

import gc
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gguf
import numpy as np
import pytest

from scoville import recipe
from scoville.errors import ModelError, UnknownModel
from scoville.llm import Generation, Llm, open_llm
from scoville.llm.gguf_write import PRECISIONS, open_gguf, write_gguf
from scoville.llm.template import ChatTemplate
from scoville.llm.trained.huggingface import open_huggingface
from scoville.models.trained import forget, look_in
from scoville.types import Message
from tiny_gguf import SPECIAL, TEMPLATE, write_tiny_gguf
from tiny_llama import TOKENS, write_adapter, write_tiny_llama

pytestmark = [  # what PEFT says of transformers, and of an embedding that the output shares
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:peft"),
]
ASKED = [Message(role="user", content="the hen 123")]
LENGTH = 16


class Place(NamedTuple):
    """A folder of trained models, open for as long as it is held."""

    folder: Path

    def reply(self, model: str | Path, *, runtime: Any = "auto", prompt: list[Message] = ASKED) -> str:
        reference = f"path:{model}" if isinstance(model, Path) else model
        llm = open_llm(recipe.Llm(model=reference, runtime=runtime, threads=1))
        text = llm.generate(prompt, Generation(max_tokens=LENGTH)).text
        llm.close()
        return text


class Owner:
    pass


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, owner = tmp_path_factory.mktemp("trained"), Owner()
    write_tiny_llama(folder / "base")
    for number, name in enumerate(("claims", "travel"), start=1):
        write_adapter(folder / name, folder / "base", seed=number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCOVILLE_MODELS", str(folder / "cache"))
        look_in(folder, owner)
        yield Place(folder)
        forget(owner)


def expected(base: Path, adapter: Path | None = None) -> str:
    """Reply with transformers and PEFT."""
    import torch
    from peft import PeftModel
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

    model: Any = LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    if adapter:
        model = PeftModel.from_pretrained(model, str(adapter))
    tokenizer: Any = Tokenizer.from_file(str(base / "tokenizer.json"))
    prompt = ChatTemplate(source=TEMPLATE, special_tokens=SPECIAL).render(ASKED)
    ids = torch.tensor([tokenizer.encode(prompt, add_special_tokens=False).ids])
    options = {"do_sample": False, "eos_token_id": [0, 2], "pad_token_id": 0, "max_new_tokens": LENGTH}
    written = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **options)
    return tokenizer.decode(written[0, ids.shape[1] :].tolist())


class TestReplies:
    def test_of_folders_are_those_of_transformers(self, place: Place):
        base, claims = place.folder / "base", place.folder / "claims"
        said = {name: expected(base, adapter) for name, adapter in (("base", None), ("claims", claims))}
        assert said["base"] != said["claims"]
        for runtime in ("openvino", "llamacpp"):
            assert {name: place.reply(place.folder / name, runtime=runtime) for name in said} == said
        assert place.reply("claims") == place.reply(f"path:{base}+claims") == said["claims"]

    @pytest.mark.parametrize(
        "options",
        [
            {"use_rslora": True, "alpha_pattern": {"layers.1.self_attn.q_proj": 2}, "rank_pattern": {"v_proj": 2}},
            {"target_modules": ["embed_tokens", "q_proj"]},
            {"target_modules": "all-linear"},
        ],
    )
    def test_follow_the_settings_of_an_adapter(self, place: Place, tmp_path: Path, options: dict[str, Any]):
        base, adapter = place.folder / "base", tmp_path / "own"
        write_adapter(adapter, base, **options)
        assert place.reply(adapter, runtime="llamacpp") == expected(base, adapter) != expected(base)

    @pytest.mark.parametrize("options", [{"dtype": "bfloat16"}, {"dtype": "float16", "tied": False}])
    def test_follow_the_base_in_other_forms(self, place: Place, tmp_path: Path, options: dict[str, Any]):
        base = write_tiny_llama(tmp_path / "base", **options)
        adapter = write_adapter(tmp_path / "own", base, target_modules=["q_proj", "lm_head"])
        assert place.reply(base, runtime="llamacpp") == expected(base)
        assert place.reply(adapter, runtime="llamacpp") == expected(base, adapter) != expected(base)

    def test_are_the_same_of_weights_in_several_files(self, place: Place, tmp_path: Path):
        from transformers import LlamaForCausalLM

        base = write_tiny_llama(tmp_path / "parts", seed=5)
        whole = expected(base)
        loaded: Any = LlamaForCausalLM.from_pretrained(base)
        (base / "model.safetensors").unlink()
        loaded.save_pretrained(base, max_shard_size="100KB")
        assert not (base / "model.safetensors").exists()
        assert place.reply(base, runtime="llamacpp") == whole


class TestAdaptersOnOneBase:
    def test_do_not_mix_whatever_was_asked_before(self, place: Place):
        """llama.cpp takes what it read with one adapter for another, where it may keep prompts in memory."""
        base = f"path:{place.folder / 'base'}"
        names = (f"{base}+claims", f"{base}+travel")
        llms: list[Any] = [open_llm(recipe.Llm(model=name, runtime="auto", threads=1)) for name in names]
        draw = random.Random(0)
        begun = ["".join(draw.choices("abcdefgh ", k=60)) for _ in range(3)]
        prompts = [[Message(role="user", content=one + end)] for one in begun for end in ("ab" * 30, "cd" * 30)]
        alone = {
            (number, place_of): place.reply(names[number], prompt=prompt)
            for number in range(2)
            for place_of, prompt in enumerate(prompts)
        }
        assert len(set(alone.values())) == len(alone)
        for number, place_of in draw.choices(list(alone), k=40):
            reply = llms[number].generate(prompts[place_of], Generation(max_tokens=LENGTH))
            assert reply.text == alone[number, place_of]
        assert llms[0]._server is llms[1]._server
        for llm in llms:
            llm.close()

    def test_are_applied_where_likelihoods_are_asked(self, place: Place):
        def likelihood(model: str) -> list[float]:
            llm: Any = open_llm(recipe.Llm(model=model, runtime="llamacpp", threads=1))
            found = llm.log_probabilities(ASKED, "hen")
            llm.close()
            return found

        own = likelihood(f"path:{place.folder / 'base'}+claims")
        assert own == pytest.approx(likelihood("claims"), abs=0.01)
        assert own != pytest.approx(likelihood(f"path:{place.folder / 'base'}"), abs=0.1)

    def test_are_merged_for_openvino(self, place: Place):
        llm: Llm = open_llm(recipe.Llm(model=f"path:{place.folder / 'base'}+claims", runtime="openvino"))
        assert llm.runtime == "openvino"
        assert llm.generate(ASKED, Generation(max_tokens=LENGTH)).text == place.reply("claims")
        llm.close()

    def test_that_are_damaged_do_not_hinder_others(self, place: Place, tmp_path: Path):
        owner = Owner()
        write_adapter(tmp_path / "sound", place.folder / "base", seed=9)
        cut(write_adapter(tmp_path / "broken", place.folder / "base", seed=8) / "adapter_model.safetensors", 500)
        look_in(tmp_path, owner)
        base = f"path:{place.folder / 'base'}"
        assert place.reply(f"{base}+sound") == expected(place.folder / "base", tmp_path / "sound")
        with pytest.raises(ModelError, match="broken.*cut off or damaged"):
            place.reply(f"{base}+broken")


def cut(path: Path, length: int) -> Path:
    path.write_bytes(path.read_bytes()[:length])
    return path


def refused(place: Place, folder: Path, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        place.reply(folder)
    assert not list((place.folder / "cache").rglob(f"{folder.name}.gguf*"))


class TestBadInput:
    @pytest.mark.parametrize("length", [0, 4, 20, 600, 200_000])
    @pytest.mark.parametrize("kind", ["base", "adapter"])
    def test_weights_that_are_cut_off(self, place: Place, tmp_path: Path, kind: str, length: int):
        if kind == "base":
            folder = write_tiny_llama(tmp_path / "cut-model")
            cut(folder / "model.safetensors", length)
        else:
            folder = write_adapter(tmp_path / "cut-model", place.folder / "base")
            cut(folder / "adapter_model.safetensors", min(length, 9_000))
        refused(place, folder, r"model\.safetensors is cut off or damaged")

    @pytest.mark.parametrize(
        ("sizes", "reason"),
        [({"hidden_size": 32}, "128×64, and the base has 128×32"), ({"num_hidden_layers": 1}, "no such matrix")],
    )
    def test_an_adapter_of_another_model(self, place: Place, tmp_path: Path, sizes: dict[str, int], reason: str):
        other = write_tiny_llama(tmp_path / "other", **sizes)
        folder = write_adapter(tmp_path / "misfit", place.folder / "base")
        config = json.loads((folder / "adapter_config.json").read_text())
        (folder / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": str(other)}))
        refused(place, folder, f"misfit does not fit its base: .*{reason}")

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"use_dora": True}, "use_dora"),
            ({"bias": "all"}, "bias: all"),
            ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
            ({"init_lora_weights": "pissa"}, "pissa"),
            ({"peft_type": "IA3"}, "peft_type: IA3"),
            ({"lora_alpha": 0}, "lora_alpha: 0"),
            ({"base_model_name_or_path": None}, "does not say what it was trained on"),
        ],
    )
    def test_an_adapter_that_is_more_than_products(
        self, place: Place, tmp_path: Path, change: dict[str, Any], reason: str
    ):
        folder = write_adapter(tmp_path / "odd", place.folder / "base")
        config = json.loads((folder / "adapter_config.json").read_text())
        (folder / "adapter_config.json").write_text(json.dumps(config | change))
        refused(place, folder, reason)

    @pytest.mark.parametrize("change", ["missing", "unknown", "nan"])
    def test_an_adapter_that_would_be_applied_in_part(self, place: Place, tmp_path: Path, change: str):
        from safetensors.numpy import load_file, save_file

        folder = write_adapter(tmp_path / "partly", place.folder / "base")
        weights = load_file(folder / "adapter_model.safetensors")
        name = next(name for name in weights if "lora_B" in name)
        if change == "nan":
            weights[name][0, 0] = np.nan
        else:
            values = weights.pop(name)
            weights |= {name.replace("lora_B", "lora_C"): values} if change == "unknown" else {}
        save_file(weights, folder / "adapter_model.safetensors")
        reason = {"missing": "not both its factors", "unknown": "lora_C.* is no part", "nan": "no numbers"}[change]
        refused(place, folder, reason)

    @pytest.mark.parametrize(
        ("file", "change", "reason"),
        [
            ("config.json", {"architectures": ["GemmaForCausalLM"]}, "GemmaForCausalLM.*expected LlamaForCausalLM"),
            ("config.json", {"num_hidden_layers": 3}, "weights of layer 2 are missing"),
            ("config.json", {"num_hidden_layers": "two"}, "num_hidden_layers: expected a number"),
            ("config.json", {"vocab_size": 300}, "300×64 embeddings, and there are 260×64"),
            ("config.json", {"rope_parameters": {"rope_type": "yarn"}}, "rope_type 'yarn'"),
            ("tokenizer.json", {"pre_tokenizer": {"type": "Whitespace"}}, "cuts texts in a way.*Whitespace"),
            ("tokenizer.json", {"model": {"type": "Unigram"}}, "'Unigram'.*byte-level BPE"),
        ],
    )
    def test_a_folder_that_has_no_form_in_gguf(
        self, place: Place, tmp_path: Path, file: str, change: dict[str, Any], reason: str
    ):
        folder = write_tiny_llama(tmp_path / "strange")
        known = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps(known | change))
        refused(place, folder, reason)

    def test_a_configuration_that_is_no_json(self, place: Place, tmp_path: Path):
        folder = write_tiny_llama(tmp_path / "torn")
        cut(folder / "config.json", 30)
        refused(place, folder, r"config\.json cannot be read")

    def test_weights_beyond_float16(self, place: Place, tmp_path: Path):
        folder = write_adapter(tmp_path / "huge", place.folder / "base", size=1e5)
        refused(place, folder, "beyond float16")

    def test_an_adapter_of_the_embedding_is_not_applied_by_llamacpp(self, place: Place, tmp_path: Path):
        owner = Owner()
        write_adapter(tmp_path / "words", place.folder / "base", target_modules=["embed_tokens"])
        look_in(tmp_path, owner)
        with pytest.raises(ModelError, match=r"token_embd\.weight.*merge it"):
            place.reply(f"path:{place.folder / 'base'}+words")
        assert place.reply("words", runtime="llamacpp") == expected(place.folder / "base", tmp_path / "words")


class TestNames:
    def test_an_unknown_name_lists_those_there_are(self, place: Place):
        with pytest.raises(UnknownModel, match="'clams' is no llm .* claims, travel"):
            open_llm(recipe.Llm(model="clams"))

    def test_a_whole_model_is_no_adapter(self, place: Place):
        with pytest.raises(UnknownModel, match="base is a whole model and no adapter"):
            open_llm(recipe.Llm(model="smollm2-135m-instruct+base"))

    def test_of_two_open_workspaces_are_told_apart(self, place: Place, tmp_path: Path):
        owner = Owner()
        (tmp_path / "claims").mkdir()
        look_in(tmp_path, owner)
        with pytest.raises(UnknownModel, match="several workspaces .*: write path:.*claims or path:.*claims"):
            open_llm(recipe.Llm(model="claims"))
        del owner
        gc.collect()
        assert place.reply("claims")

    def test_of_the_catalogue_come_first(self, tmp_path: Path):
        from scoville.models.trained import trained_folder

        owner = Owner()
        (tmp_path / "smollm2-135m-instruct").mkdir()
        look_in(tmp_path, owner)
        assert trained_folder("smollm2-135m-instruct") is None


class TestPrecisions:
    @pytest.mark.parametrize("precision", PRECISIONS)
    def test_all_can_be_written_and_read(self, tmp_path: Path, precision: Any):
        source = open_gguf(write_tiny_gguf(tmp_path / "source.gguf", gguf.GGMLQuantizationType.F32))
        write_gguf(tmp_path / "written.gguf", source, precision)
        written = open_gguf(tmp_path / "written.gguf")
        bits = {"f32": 24, "bf16": 8, "f16": 11}.get(precision) or int(precision[1])
        for before, after in zip(source.tensors, written.tensors, strict=True):
            kept, whole = after.rows(slice(None)), before.rows(slice(None))
            assert np.abs(kept - whole).max() <= np.abs(whole).max() * 2.0 ** (1 - bits)
        sizes = {one.name: one.tensor_type.name for one in gguf.GGUFReader(tmp_path / "written.gguf").tensors}
        assert sizes["blk.0.attn_q.weight"] == precision.upper()
        assert sizes["token_embd.weight"] == (precision if precision[0] != "q" else "q8_0").upper()
        assert sizes["output_norm.weight"] == "F32"

    def test_the_vocabulary_of_a_folder_is_kept(self, tmp_path: Path):
        fields = open_huggingface(write_tiny_llama(tmp_path / "base")).fields
        assert fields["tokenizer.ggml.tokens"].value == TOKENS
        assert fields["tokenizer.ggml.pre"].value == "smollm"
        assert fields["tokenizer.ggml.token_type"].value[:4] == [3, 3, 3, 1]
        assert fields["tokenizer.ggml.eos_token_id"].value == 2
