"""Which models suit which machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import pytest

from scoville.errors import ModelUnavailable
from scoville.models import locate_model
from scoville.models.known import Use, known_models
from scoville.models.machine import Machine, this_machine
from scoville.models.recommend import PATIENCE_SECONDS, SHARE, recommend

LAPTOP = Machine(memory_bytes=16_000_000_000, cores=4)
SMALL = Machine(memory_bytes=3_000_000_000, cores=2)
STATION = Machine(memory_bytes=64_000_000_000, cores=16, gpu="RTX", gpu_bytes=24_000_000_000)


def names(use: Use, machine: Machine, served: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    return [one.model.name for one in recommend(use, machine, served or {}) if one.recommended]


def test_answers_come_from_the_reader_and_from_the_largest_writer_that_is_quick_enough():
    first, *writers = names("answers", LAPTOP)
    assert first == "reader" or "reader" in writers
    found = {one.model.name: one for one in recommend("answers", LAPTOP, {})}
    chosen = [one for one in found.values() if one.recommended and one.model.flavour]
    assert [(one.seconds or 0) <= PATIENCE_SECONDS for one in chosen] == [True]
    larger = [one for one in found.values() if one.model.parameters > chosen[0].model.parameters]
    assert larger and all("s for an answer on 4 cores" in one.why or "does not run" in one.why for one in larger)


def test_a_small_machine_gets_a_smaller_model_and_is_told_why():
    chosen = {
        name: [one for one in recommend("answers", machine, {}) if one.recommended and one.model.flavour][0].model
        for name, machine in (("small", SMALL), ("laptop", LAPTOP))
    }
    assert chosen["small"].parameters < chosen["laptop"].parameters
    tiny = Machine(memory_bytes=1_000_000_000, cores=64)
    assert any("half of this machine's memory is 0.5 GB" in one.why for one in recommend("answers", tiny, {}))
    for model in (one.model for one in recommend("answers", SMALL, {}) if one.recommended):
        assert model.memory_bytes <= SHARE * SMALL.memory_bytes


def test_a_gpu_counts_where_a_server_uses_it():
    assert "ollama:qwen3:8b" not in names("answers", STATION)
    found = recommend("answers", STATION, {"ollama": ["llama3:latest"]})
    assert [one.model.name for one in found if one.recommended][:2] == ["ollama:llama3:latest", "ollama:qwen3:8b"]
    cpu = Machine(memory_bytes=64_000_000_000, cores=4)
    assert "ollama:qwen3:8b" not in names("answers", cpu, {"ollama": ["llama3:latest"]})


def test_what_a_server_has_is_offered_for_what_its_name_tells():
    served = {"ollama": ["nomic-embed-text", "qwen2.5vl:3b"], "vllm": ["Qwen/Qwen3-Coder-30B"]}
    assert names("embeddings", LAPTOP, served)[0] == "ollama:nomic-embed-text"
    assert names("vision", LAPTOP, served)[0] == "ollama:qwen2.5vl:3b"
    assert names("code", LAPTOP, served)[0] == "vllm:Qwen/Qwen3-Coder-30B"


@pytest.mark.parametrize("use", get_args(Use))
def test_each_use_has_a_model_that_suits_a_laptop_with_its_facts(use: Use):
    assert names(use, LAPTOP)
    for model in (one.model for one in recommend(use, LAPTOP, {})):
        assert model.licence and model.note
    writers = [model for model in known_models() if model.flavour]
    assert {model.flavour for model in writers} == {"base", "chat", "instruct"}
    assert all(model.context_tokens and model.quantisation and model.parameters for model in writers)


def test_this_machine_has_memory_and_cores():
    machine = this_machine()
    assert machine.memory_bytes > 500_000_000 and machine.cores >= 1


def test_each_model_of_the_hub_has_a_name_that_can_be_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SCOVILLE_MODELS", str(tmp_path))
    for model in known_models():
        if model.name.startswith("hf:"):
            kind = "llm" if model.flavour else "reranker" if "rerank" in model.uses else "embedder"
            with pytest.raises(ModelUnavailable, match="fetching was not asked for"):
                locate_model(model.name, kind=kind, download=False)
