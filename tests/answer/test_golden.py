"""Answers that people have checked come before the model's, and for the same question only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import scoville as sc
from conftest import Command
from scoville.answer.contract import answer_json
from scoville.answer.golden import golden_answer
from scoville.cases.files import write_cases
from scoville.types import Case, Evidence

QUOTE = "Parental leave under the Standard plan is 16 weeks in 2026."
CASE = Case(
    id="leave", question="How long is parental leave under the Standard plan in 2026?",
    expected=("Sixteen weeks, all of them paid.",), evidence=(Evidence(document="docs/leave.txt", quote=QUOTE),),
)  # fmt: skip


@pytest.fixture
def bot(tmp_path: Path, fakes: None) -> Iterator[sc.Bot]:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "leave.txt").write_text(f"{QUOTE} It is paid.")
    (docs / "other.txt").write_text("Adoption leave is 12 weeks. Nobody needs a reason.")
    write_cases(tmp_path / "cases" / "golden.jsonl", [CASE])
    with sc.open(tmp_path) as opened:
        opened.add(docs)
        yield opened


@pytest.mark.parametrize(
    "question",
    [
        "How long is parental leave under the Standard plan in 2026?",
        "how long is the parental leave under standard plan in 2026",
        "How long are parental leaves under the Standard plan in 2026, please?",
    ],
)
def test_the_same_question_in_another_form_gets_the_checked_answer(bot: sc.Bot, question: str):
    answer = bot.ask(question)
    assert (answer.golden, answer.text) == ("leave", "Sixteen weeks, all of them paid. [1]")
    (citation,) = answer.citations
    assert (citation.document, citation.quote, citation.state) == ("docs/leave.txt", QUOTE, "supported")
    assert answer_json(answer)["golden"] == "leave"


@pytest.mark.parametrize(
    "question",
    [
        "How long is parental leave under the Standard plan in 2025?",
        "How long is parental leave under the Plus plan in 2026?",
        "How long is adoption leave under the Standard plan in 2026?",
        "How long is parental leave not under the Standard plan in 2026?",
        "When is parental leave under the Standard plan in 2026?",
        "How long is unpaid parental leave under the Standard plan in 2026?",
        "How long is parental leave?",
        "How long is the Standard plan under parental leave in 2026?",
        "How long was parental leave under the Standard plan in 2026?",
    ],
)
def test_another_year_plan_denial_or_word_is_another_question(bot: sc.Bot, question: str):
    assert bot.ask(question).golden == ""


def test_a_file_that_is_empty_or_wrong_ends_no_answers(bot: sc.Bot, caplog: pytest.LogCaptureFixture):
    file = bot.workspace.root / "cases" / "golden.jsonl"
    file.write_text("")
    assert bot.ask(CASE.question).golden == "" and bot.train_cases() == []
    assert bot.monitor().total.asked == 1
    file.write_text("{no JSON\n")
    assert "16 weeks" in bot.ask(CASE.question).text
    assert "golden.jsonl" in caplog.text


def test_an_answer_whose_document_changed_or_went_is_not_given(bot: sc.Bot):
    file = bot.workspace.root / "docs" / "leave.txt"
    file.write_text("Parental leave under the Standard plan is 18 weeks in 2026.")
    bot.add(file)
    assert "18 weeks" in bot.ask(CASE.question).text
    bot.remove("docs/leave.txt")
    assert bot.ask(CASE.question).golden == ""


def test_an_answer_from_a_document_that_one_may_not_read_is_not_given(bot: sc.Bot):
    bot.add(bot.workspace.root / "docs" / "leave.txt", groups=["hr"])
    assert bot.ask(CASE.question, groups=["sales"]).golden == ""
    assert bot.ask(CASE.question, groups=["hr"]).golden == "leave"


def test_a_filter_that_keeps_its_document_out_keeps_the_answer_out(bot: sc.Bot):
    assert bot.ask(CASE.question, where='document = "docs/other.txt"').golden == ""


def test_an_evaluation_asks_the_system_and_not_the_answers_that_were_given_to_it(bot: sc.Bot):
    run = bot.evaluate([CASE])
    assert "Sixteen" not in run.results()["leave"].text


def test_without_evidence_nothing_can_be_checked_and_nothing_is_given():
    case = Case(id="a", question="How long?", expected=("16 weeks",))
    assert golden_answer("How long?", [case], lambda _: pytest.fail("nothing to look for")) is None


def test_the_command_line_says_that_a_person_checked_it(bot: sc.Bot, command: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(bot.workspace.root)
    done = command("ask", CASE.question)
    assert "Sixteen weeks" in done.out
    assert "checked by a person" in done.err + done.out
