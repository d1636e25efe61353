"""Advice on phases: what a workspace lacks comes first, and facts are never a reason to tune a model."""

from typing import Any

import pytest

import scoville as sc
from conftest import Bench, Command, fish_cases
from scoville.cases.files import write_cases
from scoville.train.plan.phase import Advice, Facts, advise


def facts(**values: Any) -> Facts:
    known: dict[str, Any] = {
        "documents": 40, "document_tokens": 200_000, "cases": 200, "rows": 3_000, "context_tokens": 8_192,
        "prompt_tokens": 1_000, "fixed_tokens": 100, "answer_tokens": 192, "instructions": 2, "run": "r1",
        "asked": 100, "wrong": {"misread": 20, "refused_wrongly": 10, "not_found": 5},
    }  # fmt: skip
    return Facts(**(known | values))


def reasons(advice: Advice, phase: str) -> str:
    return "; ".join(next(one for one in advice.phases if one.phase == phase).reasons)


def test_documents_then_cases_then_a_run_come_first():
    empty = advise(facts(documents=0, document_tokens=0, cases=0, run="", wrong={}))
    assert empty.phase == "prompt" and empty.todo[0] == "add documents: scoville add PATH"
    assert "cases generate" in advise(facts(cases=0, run="", wrong={})).todo[0]
    assert advise(facts(run="", wrong={})).todo == ("scoville evaluate CASES",)


def test_text_that_fits_into_a_prompt_needs_no_search():
    assert advise(facts(document_tokens=3_000, run="", wrong={})).phase == "prompt"
    assert advise(facts(document_tokens=30_000, run="", wrong={})).phase == "rag"


def test_behaviour_with_rows_enough_is_a_reason_to_tune():
    advice = advise(facts())
    assert advice.phase == "finetune+rag" and "scoville plan train" in advice.todo[0]
    assert "of 35 wrong answers 30 had the fact before the model" in reasons(advice, "finetune+rag")


@pytest.mark.parametrize("rows", [0, 5_000, 1_000_000])
@pytest.mark.parametrize("stage", ["not_read", "cut_badly", "not_found", "ranked_too_low"])
def test_facts_alone_are_never_a_reason_to_tune(rows: int, stage: str):
    for behaviour in (0, 10, 30):
        advice = advise(facts(rows=rows, wrong={stage: 30, "misread": behaviour}, instructions=3))
        assert advice.phase == "rag"
        assert f"mend {stage.replace('_', ' ')} first" in advice.todo[0]
        assert "tuning teaches behaviour, not facts" in reasons(advice, "finetune+rag")


def test_the_prompt_is_tried_before_tuning_where_there_is_room():
    advice = advise(facts(instructions=0))
    assert advice.phase == "rag" and "prompt.instructions" in advice.todo[0]
    assert advise(facts(instructions=0, context_tokens=1_500)).phase == "finetune+rag", "no room for examples"


def test_too_few_rows_are_gathered_first():
    advice = advise(facts(rows=400))
    assert advice.phase == "rag" and advice.todo[0].startswith("gather 600 more rows")


def test_little_that_is_wrong_is_left_alone():
    advice = advise(facts(wrong={"misread": 5}))
    assert advice.phase == "rag" and "5 of 100 answers of r1 are wrong" in reasons(advice, "rag")


def test_a_prompt_that_repeats_itself_speaks_for_tuning():
    assert "80% of each prompt" in reasons(advise(facts(prompt_tokens=500, fixed_tokens=400)), "finetune+rag")
    assert "of each prompt" not in reasons(advise(facts()), "finetune+rag")


def test_pretraining_waits_for_its_tokens():
    verdicts = {
        tokens: [one.verdict for one in advise(facts(document_tokens=tokens)).phases[3:]]
        for tokens in (10**6, 2 * 10**8, 2 * 10**12)
    }
    assert verdicts == {10**6: ["no", "no"], 2 * 10**8: ["not yet", "no"], 2 * 10**12: ["not yet", "not yet"]}


def test_every_phase_is_judged_and_one_is_next():
    for given in (facts(), facts(documents=0, document_tokens=0), facts(rows=0), facts(wrong={"unknown": 50})):
        advice = advise(given)
        assert [one.phase for one in advice.phases if one.verdict == "next"] == [advice.phase]
        assert len(advice.phases) == 5 and advice.todo and advice.phase in str(advice)


def test_what_a_workspace_holds_is_gathered(bench: Bench, command: Command):
    for animal in ("otter", "badger"):
        bench.write(f"{animal}.txt", f"The {animal} of ward 0 eats 3 fish each day.\n\n" * 40)
    bench.add()
    cases = bench.workspace.root / "cases"
    cases.mkdir()
    write_cases(cases / "dev.jsonl", fish_cases(4))
    (cases / "broken.jsonl").write_text("{")
    (bench.workspace.root / "rows").mkdir()
    (bench.workspace.root / "rows" / "train.jsonl").write_text('{"a": 1}\n\n{"a": 2}\n')
    with sc.open(bench.workspace.root) as bot:
        before = bot.plan_phase().facts
        assert (before.documents, before.cases, before.rows, before.run) == (2, 4, 2, "")
        assert before.document_tokens == pytest.approx(2 * 40 * 46 / 4, rel=0.1)
        run = bot.evaluate(cases / "dev.jsonl")
        after = bot.plan_phase()
    assert after.facts.run == run.id and after.facts.asked == 4 and after.facts.prompt_tokens > 0
    assert sum(after.facts.wrong.values()) == len(run.blame())
    done = command("plan", "phase")
    assert done.out.startswith("Work on: ") and "pretrain: no" in done.out
