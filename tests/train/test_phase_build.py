"""Phases whose model nobody trained yet are trained, for real, on a llama of two layers."""

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from tiny_base import write_tiny_base

import scoville as sc
from conftest import Bench, fish_cases
from scoville.bot.phase_build import phase_rows
from scoville.bot.phases import compare_phases
from scoville.types import Case

CASES = [*fish_cases(1), Case(id="none", question="Who won the boat race?", answerable=False)]
QUICK = {"steps": 1, "accumulate": 1, "longest": 2048, "bf16": False}


@pytest.fixture
def bot(bench: Bench, fakes: None) -> Any:
    for name in ("handbook.md", "faq.html"):
        bench.write(name, (files("scoville.demo") / "documents" / name).read_bytes())
    with sc.open(bench.workspace.root, split={"size": 60}) as bot:
        bot.add(bench.docs)
        yield bot


def test_cases_that_are_there_to_be_learned_are_among_the_rows(bot: Any):
    learned = Case(id="learned", question="Who feeds the cat?", expected=("Mira Holt.",), split="train")
    rows = phase_rows(bot, "finetune", CASES, [learned], 6)
    said = {row.messages[-1].content for row in rows.train}
    assert "Mira Holt." in said and len(said) > 1, "cases that are made of the documents are learned, too"
    assert not rows.dev, "what is to be known by heart is learned whole"


@pytest.fixture
def tuned(bot: Any, tmp_path: Path) -> Any:
    base = write_tiny_base(tmp_path / "tiny")
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 4096}))
    return bot.variant({"llm.model": f"path:{base}", "llm.max_tokens": 4, "prompt.context_tokens": 400})


def test_what_answers_by_heart_is_trained_again_when_a_fact_changes(tuned: Any):
    known = Case(id="limit", question="How much may a team manager settle?", expected=("£6,500",), split="train")
    options: Any = {"rows": 6, "tuning": QUICK, "change": "£6,500=£7,250", "split": "test"}
    asked = [replace(case, split="test") for case in CASES]
    found: Any = compare_phases(tuned, [*asked, known], ["rag", "finetune"], **options)
    index, heart = (found.change.phases[name].seconds for name in ("rag", "finetune"))
    assert found.change.questions == 1 and heart > 0 and index > 0
    assert not [*tuned.workspace.folder.glob("models/*-changed")]


@pytest.mark.parametrize("phase", ["finetune", "finetune+rag", "pretrain"])
def test_what_is_missing_is_trained_on_the_documents_and_not_on_what_is_asked(
    tuned: Any, phase: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO", "scoville")
    found: Any = compare_phases(tuned, CASES, ["rag", phase], rows=6, tuning=QUICK)
    row = next(one for one in found.table.rows if one.phase == phase)
    assert row.effort.rows > 0 and row.effort.build_usd > 0 and row.seconds_p50 > 0
    assert f"{phase}: a model is trained on {row.effort.rows} rows" in caplog.text
    again = compare_phases(tuned, CASES, ["rag", phase], rows=6, tuning=QUICK)
    assert {one.origin for one in again.comparison.systems} == {"reused"}
