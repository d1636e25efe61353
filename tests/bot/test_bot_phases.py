"""The phases of customisation are asked the same cases, and what they took stands beside what they are worth."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import scoville as sc
from conftest import ANIMALS, Bench, Command, fish_cases
from scoville.bot.phases import compare_phases
from scoville.cases.files import write_cases
from scoville.errors import UsageError
from scoville.types import Case

CASES = [*fish_cases(36)[::7], Case(id="none", question="Who won the boat race?", answerable=False)]


def compared(bot: Any, phases: Sequence[str], **options: Any) -> Any:
    return compare_phases(bot, CASES, phases, **options)


@pytest.fixture
def bot(bench: Bench, fakes: None) -> Any:
    for animal in ANIMALS:
        lines = [f"The {animal} of ward {ward} eats {ward + 3} fish each day." for ward in range(6)]
        bench.write(f"{animal}.txt", "\n\n".join(lines))
    with sc.open(bench.workspace.root, split={"size": 30}) as bot:
        bot.add(bench.docs)
        yield bot


def trained(bot: Any, name: str, seconds: float = 120.0) -> None:
    """Write what a model that was trained here says of itself; a plugged-in model answers in its place."""
    folder = bot.workspace.folder / "models" / name
    folder.mkdir(parents=True)
    record = {
        "base": "fake", "made_of": "abc", "rows": {"train": 40, "texts": 2},
        "stages": {"domain": {"seconds": seconds / 2, "usd": 0.25}, "instruct": {"seconds": seconds / 2, "usd": 0.5}},
    }  # fmt: skip
    (folder / "training.json").write_text(json.dumps(record))


@pytest.fixture
def tuned(bot: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a model that knows one answer by heart and declines all else."""
    from scoville import registry
    from scoville.llm.fake import FakeLlm

    monkeypatch.setattr(registry, "_added", {})
    monkeypatch.setattr("scoville.models.provider.trained_folder", lambda name: None)  # there are no weights in it
    knows = {"How many fish does the otter of ward 0 eat each day?": "The otter eats 3 fish each day."}
    model = FakeLlm(lambda said: knows.get(said[-1].content, "I don't know."))
    registry.register("llm", "ours", lambda settings, name: model)
    trained(bot, "ours")
    return bot


def test_phases_become_one_table(bot: Any):
    found = compared(bot, ["prompt", "rag"])
    rows = {row.phase: row for row in found.table.rows}
    assert set(rows) == {"prompt", "rag"}
    right = {phase: row.answered_right for phase, row in rows.items()}
    assert right["rag"] > right["prompt"], "the fake quotes the first passage of all, whatever is asked"
    assert rows["prompt"].wrong == pytest.approx(1 - right["prompt"] * 6 / 7) and rows["rag"].effort.rows == 0
    low, high = rows["rag"].intervals["answered_right"]
    assert 0 <= low <= right["rag"] <= high <= 1
    text = str(found)
    assert f"({round(100 * low)} to {round(100 * high)} %)" in text
    assert "answered rightly" in text and "after a change" in text and "cheapest by questions a day" in text


def test_the_prompt_phase_is_given_the_same_text_whatever_is_asked(bot: Any):
    found = compared(bot, ["prompt", "rag"])
    run = bot.run(next(row.run for row in found.table.rows if row.phase == "prompt"))
    given = {tuple(passage.id for passage in result.passages) for result in run.results().values()}
    assert len(given) == 1 and len(given.pop()) == bot.open_index().count()
    again = compared(bot, ["prompt", "rag"])
    assert {one.origin for one in again.comparison.systems} == {"reused"}
    (bot.workspace.root / "docs" / "otter.txt").write_text("The otter of ward 0 eats 9 fish each day.")
    bot.add(bot.workspace.root / "docs")
    changed = compared(bot, ["prompt", "rag"])
    assert {one.origin for one in changed.comparison.systems} == {"asked"}


def test_a_tuned_model_answers_by_heart_and_is_trained_again_when_a_document_changes(tuned: Any):
    found = compared(tuned, ["rag", "finetune=ours", "finetune+rag=ours"], floor=0.0)
    rows = {row.phase: row for row in found.table.rows}
    assert rows["finetune"].answered_right == pytest.approx(1 / 6), "of 6"
    assert rows["finetune"].refused_right == 1.0
    assert rows["finetune"].wrong == 0.0
    heart, both, rag = (rows[name].effort for name in ("finetune", "finetune+rag", "rag"))
    assert (heart.build_seconds, heart.build_usd, heart.rows) == (120.0, 0.75, 42)
    assert (heart.change_seconds, heart.change_usd) == (120.0, 0.75)
    assert both.change_seconds == rag.change_seconds < rag.build_seconds, "facts come from the index"
    assert both.build_usd == pytest.approx(rag.build_usd + 0.75)
    assert {one.phase for one in found.table.economies} == {"rag", "finetune", "finetune+rag"}
    markdown = found.table.markdown.splitlines()
    assert len(markdown) == 5 and markdown[0].startswith("| phase | answered rightly |")


def test_a_phase_may_name_its_model_and_be_there_with_another(bot: Any):
    found = compared(bot, ["rag=quote", "rag", "prompt=fake"])
    assert {row.phase for row in found.table.rows} == {"rag=quote", "rag", "prompt"}
    assert {one.run.header["models"]["llm"] for one in found.comparison.systems} == {"fake", "quote"}


def test_a_model_that_writes_stands_in_for_one_that_points(bot: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("scoville.bot.phase_open.WRITER", "fake")
    found = compared(bot.variant({"llm.model": "quote"}), ["prompt", "rag"])
    models = {one.name: one.run.header["models"]["llm"] for one in found.comparison.systems}
    assert models == {"prompt": "fake", "rag": "quote"}


def test_the_floor_says_who_may_be_the_cheapest(bot: Any):
    best, worst = compared(bot, ["prompt", "rag"]).table.rows
    between = (best.quality + worst.quality) / 2
    for floor, names in ((0.0, [best.phase, worst.phase]), (between, [best.phase]), (1.0, [])):
        table = compared(bot, ["prompt", "rag"], floor=floor).table
        assert [row.phase for row in table.rows if table.is_good(row)] == names
        assert {one.phase for one in table.economies} == set(names)
    assert "of no phase that is good enough" in str(table)


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        (["rag"], "at least two"), (["rag", "rag"], "named twice"), (["rag", "lora"], "phase 'lora': expected prompt"),
        (["rag", "prompt="], "expected prompt"), (["rag", "finetune="], "expected prompt"),
        (["rag", "finetune=none"], "there is no trained model 'none'"),
    ],
)  # fmt: skip
def test_phases_that_cannot_be_meant(bot: Any, phases: list[str], message: str):
    with pytest.raises(UsageError, match=message):
        compared(bot, phases)


def test_the_command(bot: Any, command: Command):
    write_cases(Path("cases.jsonl"), CASES)
    words = ("compare", "--phases", "prompt, rag", "--cases", "cases.jsonl", "--set", "split.size=30")
    done = command(*words, "--out", "phases.html")
    assert done.code == 0, done.err
    assert "cheapest by questions a day" in done.out and Path("phases.html").stat().st_size > 10_000
    assert [one["phase"] for one in command(*words, "--json").json["phases"]] == ["rag", "prompt"]
    assert command("compare").code == 2 and command("compare", "a.yaml", "--phases", "rag,prompt").code == 2
    assert "--cases" in command("compare", "--phases", "rag,prompt").err


def test_a_changed_fact_is_old_until_the_index_has_it(bot: Any):
    nearest: Any = bot.variant({"prompt.style": "sentences"})
    found = compared(nearest, ["rag=quote", "prompt"], change="3 fish=99 fish")
    assert found.change.questions == 1 and found.change.documents == ("docs/otter.txt",)
    quoted = found.change.phases["rag"]
    assert (quoted.stale, quoted.new, quoted.still_stale) == (1, 1, 0)
    for row in found.table.rows:
        took = found.change.phases[row.phase]
        assert (row.effort.change_seconds, row.effort.change_usd) == (took.seconds, took.usd)
        assert 0 < took.seconds < 60 and took.usd > 0
    assert "'3 fish' became '99 fish' in docs/otter.txt" in str(found)
    assert found.json()["change"]["phases"][0]["still_stale"] == 0
    texts = [hit.passage.text for hit in bot.search("How many fish does the otter of ward 0 eat?")]
    assert any("3 fish" in text for text in texts) and not any("99 fish" in text for text in texts), "only a copy was"


def test_a_tuned_model_is_asked_beside_its_base_what_it_forgot(tuned: Any):
    seen = replace(CASES[0], split="train")
    cases = [seen, *(replace(case, split="test") for case in CASES[1:])]
    found: Any = compare_phases(tuned, cases, ["rag", "finetune=ours"], split="test", forgetting=True)
    (report,) = found.forgotten
    assert (report.model, report.base) == ("ours", "fake")
    shares = {one.name: (one.questions, one.before, one.after) for one in report.probes}
    assert shares["general questions, right"] == (12, 0.0, 0.0)
    assert shares["evidence alone, seen: right"] == (1, 1.0, 0.0)
    assert shares["evidence alone, unseen: declined, wrongly"] == (5, 0.0, 1.0)
    assert shares["other passages, unseen: declined, rightly"] == (5, 0.0, 1.0)
    assert shares["no passage, seen: right"] == (1, 0.0, 1.0), "it knows this one by heart"
    assert shares["no passage, unseen: right"] == (5, 0.0, 0.0)
    assert "ours beside its base fake" in str(found)


@pytest.mark.parametrize(
    ("phases", "change", "message"),
    [
        (["rag", "rag=quote"], "3 fish", "expected OLD=NEW"), (["rag", "rag=quote"], "a=a", "two texts that differ"),
        (["rag", "rag=quote"], "6 boats=7 boats", "'6 boats' is in no document"),
        (["rag", "rag=quote"], "each day=each week", "in no answer expected"),
        (["rag", "finetune=ours"], "3 fish=99 fish", "phase finetune: .* rows are not known"),
    ],
)  # fmt: skip
def test_changes_that_cannot_be_measured(bot: Any, phases: list[str], change: str, message: str):
    with pytest.raises(UsageError, match=message):
        compared(bot, phases, change=change)
