"""Answers that people called wrong become cases, and what would mend them is tried before it is said."""

import re
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from serving import serving

import scoville
from conftest import Command
from scoville.bot import Bot
from scoville.cases.files import cases_of, write_cases
from scoville.errors import UsageError
from scoville.llm import fake
from scoville.types import Case, Message

QUESTION = "How many fish does the lynx of ward 3 eat each day?"


@pytest.fixture
def bot(tmp_path: Path, fakes: None):
    docs = tmp_path / "docs"
    docs.mkdir()
    for ward in range(8):
        (docs / f"ward-{ward}.txt").write_text(f"The lynx of ward {ward} eats {ward + 3} fish each day.")
    (docs / "late.txt").write_text("On Sundays the gate of the northern meadow closes at 16 o'clock.")
    with scoville.open(tmp_path, search={"passages": 1}) as bot:
        bot.add(docs)
        yield bot


def judge(bot: Bot, question: str, answer: str = "", *, answerable: bool = True, rating: str = "down") -> None:
    trace = bot.asked(question, ()).trace_id
    bot.flush()
    with closing(sqlite3.connect(bot.workspace.folder / "track.db")) as database, database:
        database.execute(
            "INSERT INTO feedback (time, caller, trace_id, rating, reason, answer, answerable) "
            "VALUES (?, '', ?, ?, '', ?, ?)",
            (time.time(), trace, rating, answer, answerable),
        )


def test_a_wrong_answer_becomes_a_case_with_the_sentence_that_it_stands_in(bot: Bot):
    judge(bot, "When does the northern gate close on Sundays?", "at 16 o'clock")
    judge(bot, QUESTION, rating="up")
    (found,) = bot.route_feedback()
    assert found.case and [one.document for one in found.case.evidence] == ["docs/late.txt"]
    assert "closes at 16" in found.case.evidence[0].quote
    assert not (bot.workspace.root / "cases").exists()
    bot.route_feedback(write=True)
    bot.route_feedback(write=True)
    assert [case.question for case in cases_of(bot.workspace.root / "cases" / "feedback.jsonl")] == [found.question]


def test_more_passages_mend_what_was_ranked_too_low_and_the_other_cases_are_asked_too(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
):
    """The model here says when the gate closes wherever its passage is among those that it is given."""
    first = fake.quote_first_passage

    def gate_first(messages: Sequence[Message]) -> str:
        gate = re.search(r"\[(\d+)\][^[]*16 o'clock", messages[-1].content)
        return f"The gate closes at 16 o'clock. [{gate[1]}]" if gate else first(messages)

    monkeypatch.setattr(fake, "quote_first_passage", gate_first)
    lynx = Case(
        id="lynx", question="How many fish does the lynx of ward 0 eat each day?", expected=("3 fish each day",)
    )
    write_cases(bot.workspace.root / "cases" / "own.jsonl", [lynx])
    judge(bot, "What does the lynx of ward 3 eat each day?", "at 16 o'clock")
    (found,) = bot.route_feedback()
    assert found.stage == "ranked_too_low" and "1 were given" in found.detail
    assert [set(one.values) for one in found.tried] == [{"search.passages"}] * len(found.tried)
    assert [one.right for one in found.tried] == [False] * (len(found.tried) - 1) + [True]
    assert found.tried[-1].others == 1
    assert bot.recipe.search.passages == 1


def test_without_the_right_answer_it_is_asked_for_and_an_answer_that_people_wrote_comes_first(bot: Bot):
    judge(bot, QUESTION)
    (found,) = bot.route_feedback()
    assert (found.stage, found.case) == ("unknown", None) and "what is right" in found.advice
    golden = Case(id="golden", question=QUESTION.upper(), expected=("6 fish",))
    write_cases(bot.workspace.root / "cases" / "own.jsonl", [golden])
    (found,) = bot.route_feedback()
    assert found.is_golden and found.case == golden


def test_the_command_writes_what_it_found(bot: Bot, command: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(bot.workspace.root)
    assert "No answer was called wrong" in command("feedback", "route").err
    judge(bot, "When does the northern gate close on Sundays?", "at 17 o'clock")
    assert "northern gate" in command("feedback", "route").out
    assert command("feedback", "route", "--json").json[0]["case"]["expected"]


GATE = "When does the northern gate close on Sundays?"


def test_what_a_person_said_is_the_answer_once_it_was_accepted(
    bot: Bot, command: Command, monkeypatch: pytest.MonkeyPatch
):
    judge(bot, GATE, "It closes at 16 o'clock.")
    judge(bot, QUESTION, "down", rating="down")
    ((gate, _), _) = [(one.trace, one) for one in bot.route_feedback()]
    monkeypatch.chdir(bot.workspace.root)
    assert "closes at 16" in command("feedback", "accept", gate[:12]).out
    assert command("feedback", "accept", gate, "--json").json["question"] == GATE
    answer = bot.ask(GATE)
    assert answer.golden and answer.text == "It closes at 16 o'clock. [1]"
    assert len(cases_of(bot.workspace.root / "cases" / "golden.jsonl")) == 1  # accepted twice, kept once
    assert bot.monitor().outdated == ()
    quote = cases_of(bot.workspace.root / "cases" / "golden.jsonl")[0].evidence[0].quote
    file = next(path for path in bot.workspace.root.rglob("*.txt") if quote in path.read_text())
    file.write_text(file.read_text().replace(quote, "It is shut."))
    bot.add(file)
    assert not bot.ask(GATE).golden
    assert list(bot.monitor().outdated) == [GATE]
    assert GATE in command("monitor").out


@pytest.mark.parametrize(
    ("answer", "message"),
    [("", "nobody said what the right answer"), ("at dawn, by the keeper's son", "no passage says")],
)
def test_what_nobody_said_or_no_document_says_is_not_accepted(bot: Bot, answer: str, message: str):
    judge(bot, GATE, answer)
    with pytest.raises(UsageError, match=message):
        bot.accept_feedback(bot.route_feedback()[0].trace)
    with pytest.raises(UsageError, match="found 0"):
        bot.accept_feedback("ffff")


def test_the_studio_says_what_would_mend_an_answer_and_has_it_answered_so(bot: Bot):
    judge(bot, GATE, "It closes at 16 o'clock.")
    trace = bot.route_feedback()[0].trace
    with serving(bot) as served, served.client(Accept="text/html") as client:
        assert "Find what would mend it" in client.get(f"/traces/{trace}").text
        said = client.post(f"/traces/{trace}/mend", data={"then": "look"})
        assert said.status_code == 200 and "is answered rightly by now" in said.text
        assert "The case is in feedback.jsonl." in client.post(f"/traces/{trace}/mend", data={"then": "case"}).text
        assert "From now on" in client.post(f"/traces/{trace}/mend", data={"then": "golden"}).text
        assert client.post("/api/ask", json={"question": GATE}).json()["golden"]
