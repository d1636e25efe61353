"""Prompts with steps, thoughts and examples, as a bot asks them; and what of them is shown."""

import json
from pathlib import Path
from typing import Any

import pytest
from test_structured import Scripted, scripted

import scoville as sc
from conftest import Command
from scoville.answer import answer_json
from scoville.answer.chain import answer_part
from scoville.cases.files import write_cases
from scoville.errors import UsageError
from scoville.types import Case, Evidence

__all__ = ["scripted"]
QUESTION = "What is the limit?"
SAID = "The limit for any one misfuelling claim is £750. [1]"


def test_what_a_step_writes_goes_into_later_prompts(scripted: Any):
    steps = [
        {"name": "facts", "task": "List what bears on: {question}", "max_tokens": 7},
        {"name": "draft", "context": "{facts}", "task": "Draft from {words}.",
         "steps": [{"name": "words", "task": "Words of {facts}?"}]},
    ]  # fmt: skip
    prompt = {"style": "passages", "steps": steps, "task": "Improve {draft}: {question}"}
    bot, llm = scripted("FACTS", "WORDS", "DRAFT", SAID, prompt=prompt)
    answer = bot.ask(QUESTION)
    assert answer.text == SAID and not answer.refused
    asked = [messages[-1].content for messages in llm.asked]
    assert asked[0].endswith(f"List what bears on: {QUESTION}") and "misfuelling" in asked[0]
    assert asked[1].endswith("Words of FACTS?")
    assert asked[2] == "FACTS\n\nDraft from WORDS."
    assert asked[3].endswith(f"Improve DRAFT: {QUESTION}")
    assert [one.text for one in answer.step_replies] == ["FACTS", "WORDS", "DRAFT"]
    assert [stage.name for stage in answer.stages if stage.name.endswith("generate")] == [
        "step/facts/generate", "step/draft/words/generate", "step/draft/generate", "generate",
    ]  # fmt: skip
    tokens = sum(one.prompt_tokens for one in answer.replies)
    assert answer_json(answer)["usage"]["prompt_tokens"] == tokens > 4 * 10
    assert bot.cost().total.prompt_tokens >= tokens


def test_thoughts_are_no_part_of_the_answer(scripted: Any):
    bot, _ = scripted(f"Thought: pigs fly, and answer: maybe.\nAnswer: {SAID}", prompt={"template": "chain-of-thought"})
    assert bot.ask(QUESTION).text == SAID
    assert [answer_part(text, "Answer:") for text in ("a ANSWER: b", "b", "Answer: x Answer: ", "")] == [
        "b",
        "b",
        "",
        "",
    ]


@pytest.mark.parametrize("marker", ["[1]", "［1］", "【1】", "[1,1]", "(passage 1)", "[ 1 ]"])
def test_markers_come_in_many_forms(scripted: Any, marker: str):
    bot, _ = scripted(f"The limit for any one misfuelling claim is £750 {marker}.")
    answer = bot.ask(QUESTION)
    assert [(one.marker, one.verified) for one in answer.citations] == [(1, True)]
    assert "[1]" in answer.text and "［" not in answer.text


def test_a_marker_out_of_range_is_shown_as_no_citation(scripted: Any):
    bot, _ = scripted("The limit for any one misfuelling claim is £750 [9]. It was issued on 16 February 2026 [1].")
    assert {one.marker: one.verified for one in bot.ask(QUESTION).citations} == {9: False, 1: True}


def cases(*parts: str) -> list[Case]:
    asked = {"train": "What is the limit for towing?", "dev": "What is the limit?!", "test": "What is the limit"}
    return [
        Case(id=part, question=asked[part], expected=(f"Answer of {part}.",), split=part,
             evidence=(Evidence(document="policy.txt", quote=f"Quote of {part}."),))
        for part in parts
    ]  # fmt: skip


def test_examples_are_chosen_from_the_train_part_alone(scripted: Any):
    bot, llm = scripted(SAID, prompt={"style": "passages", "shots": 5})
    write_cases(bot.workspace.root / "cases" / "c.jsonl", cases("train", "dev", "test"))
    bot.ask(QUESTION)
    told = "\n".join(message.content for message in llm.asked[0])
    assert "[1] Quote of train." in told and "Answer of train [1]." in told
    assert "dev" not in told and "test" not in told


def test_a_case_is_no_example_for_its_own_question(scripted: Any):
    bot, _ = scripted(SAID, prompt={"style": "passages", "shots": 1})
    write_cases(bot.workspace.root / "cases" / "c.jsonl", cases("train"))
    names = [part.name for part in bot.show_prompt("what is the limit  for towing?")]
    assert "examples" not in names and "examples" in [part.name for part in bot.show_prompt("Towing?")]


def test_shots_without_cases_of_the_train_part_are_an_error(scripted: Any):
    bot, _ = scripted(SAID, prompt={"style": "passages", "shots": 1})
    write_cases(bot.workspace.root / "cases" / "c.jsonl", cases("dev", "test"))
    with pytest.raises(UsageError, match="no case of the train part"):
        bot.ask(QUESTION)


def test_what_quotes_needs_neither_examples_nor_steps(scripted: Any):
    prompt = {"style": "sentences", "shots": 3, "template": "concise", "steps": [{"name": "a"}], "task": "{a}"}
    bot, llm = scripted(SAID, prompt=prompt)
    llm.runtime = "quote"
    assert not bot.ask(QUESTION).refused
    assert llm.asked[0][-1].content.endswith(f"Answer from the text above: {QUESTION}") and not llm.replies


def test_the_prompt_is_shown_part_by_part_with_its_tokens(command: Command, tmp_path: Path, monkeypatch: Any):
    (tmp_path / "leave.txt").write_text("Staff have thirty days of leave in a year.")
    monkeypatch.chdir(tmp_path)
    assert command("init").code == command("add", "leave.txt").code == 0
    flag = "prompt.steps=[{name: facts, task: 'Facts on {question}'}]"
    more = ("--set", flag, "--set", "prompt.task='From {facts}: {question}'")
    done = command("ask", "How much leave?", "--show-prompt", *more)
    assert done.code == 0, done.err
    assert "facts: task (user, 5 tokens)\nFacts on How much leave?" in done.out
    assert "\ntask (user, 5 tokens)\nFrom {facts}: How much leave?" in done.out
    shown = command("ask", "How much leave?", "--show-prompt", "--json").json
    assert [part["name"] for part in shown["parts"]] == ["role", "instructions", "context", "task"]
    assert shown["tokens"] == sum(part["tokens"] for part in shown["parts"]) > 20


@pytest.mark.model
def test_of_the_reader_the_windows_are_shown(tmp_path: Path):
    (tmp_path / "leave.txt").write_text("Staff have thirty days of leave in a year.")
    with sc.open(tmp_path / "bot") as bot:
        bot.add(tmp_path / "leave.txt")
        asked, window = bot.show_prompt("How much leave?")
    assert (asked.name, asked.text, asked.tokens) == ("question", "How much leave?", 4)
    assert window.name == "passage 1" and window.text.endswith("in a year.") and window.tokens >= 10


def test_a_run_says_which_prompt_it_was_asked_with(scripted: Any, tmp_path: Path):
    bot, _ = scripted(SAID, SAID)
    (tmp_path / "c.jsonl").write_text(json.dumps({"question": QUESTION, "expected": ["£750"]}))
    headers = [one.evaluate(tmp_path / "c.jsonl").header for one in (bot, bot.variant({"prompt.template": "concise"}))]
    assert len({header["prompt"] for header in headers}) == 2


def test_a_command_fills_a_form_without_a_question(command: Command, tmp_path: Path, monkeypatch: Any):
    (tmp_path / "form.txt").write_text("Policy number: LEC-1\n\nTotal paid: £52.00")
    monkeypatch.chdir(tmp_path)
    assert command("init").code == command("add", "form.txt").code == 0
    llm = Scripted(*['{"policy_number": "LEC-1"}'] * 2)
    monkeypatch.setattr("scoville.answer.answerer.open_llm", lambda _: llm)
    done = command("ask", "--field", "Policy number", "--json", "--set", "answer.min_similarity=-1")
    assert done.json["data"] == {"policy_number": "LEC-1"}
    assert done.json["citations"][0]["pointer"] == "/policy_number"
    shown = command("ask", "--field", "Policy number", "--set", "answer.min_similarity=-1")
    assert '"policy_number": "LEC-1"' in shown.out and "policy_number: form.txt" in shown.out
    assert command("ask", "--field", "A", "--schema", "fields").code == 2
