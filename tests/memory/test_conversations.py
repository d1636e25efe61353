"""Conversations: what the next question gets of the ones before, what is stored of them, and what is left when they
are forgotten."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import scoville as sc
from conftest import Bench, Command
from scoville.bot.bot import turns_of
from scoville.errors import UsageError
from scoville.memory import Turn, Window
from scoville.recipe import Memory
from scoville.track.store import FILE_NAME, Store
from scoville.types import Message, Refusal

LEAVE = "Staff of Larkspur Freight have thirty days of leave in a year."
QUESTION = "How many days of leave do staff have?"
PRIVATE = "How many days of leave does Juniper Ashgrove have, juniper@ashgrove.example?"
FAKES: dict[str, Any] = {
    "embed": "fake",
    "llm": "fake",
    "prompt": {"style": "passages"},
    "answer": {"min_similarity": -1.0},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "leave.txt").write_text(LEAVE)
    with sc.open(tmp_path / "bot", **FAKES) as bot:
        bot.add(tmp_path / "docs")
    return tmp_path / "bot"


@pytest.fixture
def bot(root: Path) -> Iterator[sc.Bot]:
    with sc.open(root, **FAKES, memory={"names": ("Juniper Ashgrove",)}) as bot:
        yield bot


def on_disk(root: Path, words: str) -> bool:
    return any(words.encode() in file.read_bytes() for file in (root / ".scoville").glob(f"{FILE_NAME}*"))


class TestStored:
    def test_a_conversation_goes_on_where_another_process_left_it(self, root: Path):
        with sc.open(root, **FAKES) as bot:
            first = bot.conversation("ada").ask(QUESTION)
        with sc.open(root, **FAKES) as bot:
            talk = bot.conversation("ada")
            assert [(turn.question, turn.refused) for turn in talk.turns] == [(QUESTION, False)]
            assert "thirty days" in talk.turns[0].answer and "[1]" in first.text and "[1]" not in talk.turns[0].answer
            assert talk.ask("And in a leap year?").searched != "And in a leap year?"
            assert bot.conversation("bea").turns == []

    def test_without_an_id_nothing_is_stored_and_follow_ups_work_all_the_same(self, bot: sc.Bot):
        talk = bot.conversation()
        talk.ask(QUESTION)
        assert "leave" in talk.ask("And in winter?").searched
        assert bot.conversations().all() == []

    def test_they_are_listed_the_last_one_first(self, bot: sc.Bot):
        for name in ("ada", "bea", "ada"):
            bot.conversation(name).ask(QUESTION if name == "ada" else "How long is notice?")
        assert [(one.id, one.turns, one.first_question) for one in bot.conversations().all()] == [
            ("ada", 2, QUESTION), ("bea", 1, "How long is notice?"),
        ]  # fmt: skip

    @pytest.mark.parametrize("name", ["all", "a b", "../x", "a" * 101, "é\n"])
    def test_what_is_no_id_is_refused(self, bot: sc.Bot, name: str):
        with pytest.raises(UsageError, match="expected at most 100 letters"):
            bot.conversation(name)


class TestPrivate:
    def test_personal_data_reaches_neither_the_conversation_nor_its_trace(self, bot: sc.Bot, root: Path):
        answer = bot.conversation("ada").ask(PRIVATE)
        assert answer.question == PRIVATE
        assert bot.conversation("ada").turns[0].question == "How many days of leave does [name] have, [e-mail]?"
        assert bot.traces()[0].question == "How many days of leave does [name] have, [e-mail]?"
        bot.close()
        assert not on_disk(root, "juniper") and not on_disk(root, "Juniper")

    def test_nor_does_a_follow_up_bring_it_back(self, bot: sc.Bot, root: Path):
        talk = bot.conversation("ada")
        talk.ask(PRIVATE)
        searched = talk.ask("And in winter?").searched
        assert "leave" in searched and "mail" not in searched and "name" not in searched

    def test_it_is_kept_where_the_recipe_says_so(self, root: Path):
        with sc.open(root, **FAKES, memory={"redact": False}) as bot:
            bot.conversation("ada").ask(PRIVATE)
            assert bot.conversation("ada").turns[0].question == PRIVATE


class TestForgotten:
    def test_neither_turns_nor_traces_are_left_on_the_disk(self, bot: sc.Bot, root: Path):
        bot.conversation("ada").ask("How many days of leave do zookeepers have?")
        bot.conversation("bea").ask(QUESTION)
        assert bot.conversation("ada").forget() == 1
        bot.close()
        assert not on_disk(root, "zookeepers") and on_disk(root, QUESTION)

    def test_all_of_them_at_once(self, bot: sc.Bot):
        bot.conversation("ada").ask(QUESTION)
        bot.conversation("bea").ask(QUESTION)
        assert bot.conversations().forget("all") == 2
        assert bot.conversations().all() == [] == bot.conversation("ada").turns
        assert bot.conversations().forget("ada") == 0

    def test_what_is_older_than_the_retention_time_goes_when_conversations_are_opened(self, bot: sc.Bot, root: Path):
        bot.conversation("ada").ask("How many days of leave do zookeepers have?")
        bot.flush()
        with Store(root / ".scoville" / FILE_NAME) as store:
            store.write("UPDATE turns SET time = time - ?", [(31 * 86_400,)])
        bot.conversation("bea").ask(QUESTION)
        assert [one.id for one in bot.conversations().all()] == ["bea"]
        bot.close()
        assert not on_disk(root, "zookeepers")


def words(messages: Sequence[Message]) -> int:
    return sum(len(message.content.split()) for message in messages)


def turn(number: int, refused: bool = False) -> Turn:
    return Turn(
        f"Question {number}?", f"Answer {number}. It has another sentence of ten words in all.", refused, time.time()
    )


TURNS = [turn(1), turn(2, refused=True), turn(3), turn(4)]


class TestWindow:
    def asked(self, **settings: object) -> list[str]:
        return [one.content for one in Window(Memory(**settings), words).messages(TURNS)]  # pyright: ignore

    def test_the_last_turns_that_fit_are_given_and_refusals_are_not(self):
        everything = self.asked()
        assert everything[::2] == ["Question 1?", "Question 3?", "Question 4?"]
        assert self.asked(tokens=16) == everything[4:]

    def test_older_ones_are_given_in_short(self):
        assert self.asked(window="summary", tokens=20) == [
            "Question 3?", "Answer 3.", "Question 4?", "Answer 4. It has another sentence of ten words in all.",
        ]  # fmt: skip

    def test_a_model_that_writes_summarises_the_older_ones_once(self):
        asked: list[Sequence[Message]] = []

        def summarise(messages: Sequence[Message]) -> str:
            asked.append(messages)
            return "One\nthing."

        window = Window(Memory(window="summary", tokens=30), words, summarise)
        told = [[one.content for one in window.messages(TURNS)] for _ in range(2)]
        assert told[0] == told[1] and told[0][1] == "One thing." and told[0][2] == "Question 4?"
        assert len(asked) == 1 and "Answer 3. It has" in asked[0][1].content and "Question 4" not in asked[0][1].content

    def test_each_question_may_stand_alone(self):
        assert self.asked(window="none") == []


class TestCommand:
    def test_a_conversation_is_begun_gone_on_with_listed_and_forgotten(self, bench: Bench, command: Command):
        bench.write("a.txt", "Parental leave lasts 16 weeks for staff of grade B.")
        bench.add()
        command("chat", "--conversation", "ada", stdin=b"How long is parental leave for grade B?\n")
        again = command("chat", "--conversation", "ada", stdin=b"Who gets it?\n")
        assert "1 turn before; the last question was: How long is" in again.err
        assert "searched: Who gets it? " in again.err
        assert command("chat", "--list").out.startswith("ada  ")
        assert "2 turns deleted" in command("chat", "--forget", "ada").err
        assert "No conversation is stored" in command("chat", "--list").err
        assert command("chat", "--list", "--forget", "all").code == 2


@pytest.mark.parametrize("choices", [("Annual", "Daily"), ()])
def test_a_refusal_that_asks_back_is_leaned_on_and_no_other(bot: sc.Bot, choices: tuple[str, ...]):
    refused = replace(
        bot.ask(QUESTION), refused=True, text="Which is meant: Annual or Daily?",
        refusal=Refusal(reason="underspecified", choices=choices),
    )  # fmt: skip
    talk = bot.conversation("ada")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scoville.answer.answerer.Answerer.ask", lambda *_, **__: refused)
        talk.ask(QUESTION)
    assert len(talk.history()) == len(turns_of([refused])) == (2 if choices else 0)
