"""What answers without reading: it can be asked as any system, and no measure that decides is fooled by it."""

from pathlib import Path
from typing import Any

import pytest

import scoville as sc
from conftest import Bench, Command
from scoville.cases.files import write_cases
from scoville.errors import UsageError
from scoville.evaluate.cheats import CHEATS
from scoville.types import Case

LEAVE = "Parental leave at Larkspur takes 16 weeks and is fully paid. It is taken within a year of the birth."
BICYCLES = "Bicycles may be left in the yard behind the mill. The yard is locked at eight in the evening."
DENTAL = (
    "The Gold plan covers two dental check-ups a year. Half of each crown is paid by it as well. The Silver plan "
    "covers neither."
)
PREMIUMS = "The employer pays 80 percent of each premium; the rest is taken from the wage each month."
NOTICE = (
    "Whoever leaves gives notice in writing to the manager. One month ahead is enough until five years are over, then "
    "it takes two months."
)
RIVER = (
    "The Ashwater rises in the Corbel hills and flows 214 kilometres to the sea at Port Hale. In 1872 Ida Fenwick "
    "built the first weir across it. Salmon returned in 1996, after the paper mill at Stowe had closed."
)
BRIDGE = (
    "Hale bridge was opened in 1931 by the mayor, Tom Aldous. It carries trains on its lower deck and cars above. "
    "Its towers are 88 metres high."
)
MORE = (
    "Forms lie at the reception and on the shared drive; a signed copy is kept by the office for seven years. Whoever "
    "has a question asks the office, which answers within three working days. Exceptions are decided by the head of "
    "the department together with the works council, and are put on record. These rules hold for all sites and all "
    "contracts, also for those that began before the merger, unless a contract says otherwise in a clause of its own."
)
"""A passage is longer than what is asked for."""
PAGES = {
    "handbook.md": f"# Leave\n\n{LEAVE} {MORE}\n\n# Notice\n\n{NOTICE} {MORE}\n\n# Bicycles\n\n{BICYCLES} {MORE}",
    "benefits.md": f"# Dental care\n\n{DENTAL} {MORE}\n\n# Premiums\n\n{PREMIUMS} {MORE}",
    "river.md": f"# Ashwater\n\n{RIVER}\n\n# Hale bridge\n\n{BRIDGE}",
}
HANDBOOK = {
    "How long is parental leave at Larkspur?": (
        "Parental leave takes 16 weeks and is fully paid.", "It is 16 weeks, fully paid."),
    "How and when is notice given?": (
        "In writing to the manager, one month ahead, after five years two months.",
        "You write to your manager one month ahead; after five years it is two months."),
    "What dental care does the Gold plan cover?": (
        "Two check-ups a year, and half of each crown.", "It covers two check-ups a year and half of each crown."),
    "Who pays the premiums?": (
        "The employer pays 80 percent, the rest is taken from the wage.",
        "80 percent is paid by the employer; the rest comes out of the monthly wage."),
    "Which pets may be brought to the Larkspur office?": ("", "I don't know."),
    "How long is adoption leave at Larkspur?": ("", "The documents do not mention it."),
    "What dental care does the Platinum plan cover?": ("", "I don't know."),
}  # fmt: skip
"""Questions with whole sentences as answers, and what an honest bot says, as of a company's handbook."""
ARTICLES = {
    "How long is the Ashwater?": ("214 kilometres", "214 kilometres"),
    "Who built the first weir across the Ashwater?": ("Ida Fenwick", "Ida Fenwick did."),
    "When did salmon return?": ("1996", "In 1996."),
    "What does the lower deck of Hale bridge carry?": ("trains", "Trains."),
    "Who built the second weir across the Ashwater?": ("", "I don't know."),
    "When was the paper mill at Port Hale closed?": ("", "The text does not say."),
    "Who opened the lower deck of Hale bridge?": ("", "I do not know."),
    "How deep is the Ashwater at Hale bridge?": ("", "That is not mentioned in the passages."),
}
"""Questions with short answers and near ones without, as in SQuAD 2."""


def cases_of(asked: dict[str, tuple[str, str]]) -> list[Case]:
    return [
        Case(id=question, question=question, expected=(expected,) if expected else (), answerable=bool(expected))
        for question, (expected, _) in asked.items()
    ]


CASES = cases_of(HANDBOOK)
ASKED = HANDBOOK | ARTICLES


@pytest.fixture
def bot(bench: Bench, fakes: None) -> Any:
    for name, text in PAGES.items():
        bench.write(name, text)
    with sc.open(bench.workspace.root) as bot:
        bot.add(bench.docs)
        yield bot


def answers(bot: sc.Bot, cheat: str) -> dict[str, Any]:
    return bot.evaluate(CASES, system=f"cheat:{cheat}").saved()


def test_each_cheat_says_what_its_name_says(bot: sc.Bot):
    said = {cheat: answers(bot, cheat) for cheat in CHEATS}
    assert {name: one["answer"] for name, one in said["echo"].items()} == {one.id: one.question for one in CASES}
    assert all(one["refused"] for one in said["always-refuse"].values())
    for case in CASES:
        texts = [passage["text"] for passage in said["echo"][case.id]["passages"]]
        first = said["first-passage"][case.id]
        assert first["answer"] == first["citations"][0]["quote"] == texts[0]
        assert all(text in said["all-passages"][case.id]["answer"] for text in texts)
        assert any(said["random-sentence"][case.id]["answer"] in text for text in texts)
        quoted = said["quote"][case.id]
        assert quoted["refused"] or any(quoted["citations"][0]["quote"] in text for text in texts)


def scored(bot: sc.Bot, asked: dict[str, tuple[str, str]], system: Any) -> dict[str, float]:
    found = bot.evaluate(cases_of(asked), system=system).summary()["metrics"]
    return {name: found[name]["mean"] for name in ("answered_right", "refused_right", "quality", "correctness_words")}


@pytest.mark.parametrize("asked", [HANDBOOK, ARTICLES], ids=["handbook", "articles"])
def test_every_cheat_ranks_below_an_honest_bot(bot: sc.Bot, asked: dict[str, tuple[str, str]]):
    honest = scored(bot, asked, lambda question: ASKED[question][1])
    assert honest["answered_right"] == honest["refused_right"] == 1.0
    for cheat in CHEATS:
        found = scored(bot, asked, f"cheat:{cheat}")
        both = found["answered_right"] + found["refused_right"]
        assert found["quality"] < honest["quality"] - 0.2, cheat
        assert both <= 1.5 < honest["answered_right"] + honest["refused_right"], cheat
        if cheat != "quote":  # whose nearest sentence may be a right answer
            assert found["answered_right"] <= 0.25, cheat


@pytest.mark.parametrize("asked", [HANDBOOK, ARTICLES], ids=["handbook", "articles"])
def test_an_answer_padded_with_passages_is_worth_less_than_the_answer_alone(
    bot: sc.Bot, asked: dict[str, tuple[str, str]]
):
    def padded(question: str) -> dict[str, Any]:
        hits = bot.search(question)
        texts = [hit.passage.text for hit in hits]
        passages = [{"id": hit.passage.id, "document": hit.passage.source, "text": hit.passage.text} for hit in hits]
        return {"answer": "\n\n".join([ASKED[question][1], *texts]), "refused": False, "passages": passages}

    alone = scored(bot, asked, lambda question: ASKED[question][1])
    with_passages = scored(bot, asked, padded)
    assert with_passages["correctness_words"] < 0.5 * alone["correctness_words"]
    assert with_passages["quality"] < alone["quality"]


def test_chance_is_seeded_by_the_case(bot: sc.Bot):
    first, again = ({name: one["answer"] for name, one in answers(bot, "random-sentence").items()} for _ in range(2))
    assert first == again


def test_a_cheat_that_there_is_not_is_refused_with_the_names(bot: sc.Bot):
    with pytest.raises(UsageError, match="no such cheat; expected one of echo, first-passage"):
        bot.evaluate(CASES, system="cheat:guess")


def test_cheats_are_compared_by_name(bot: sc.Bot):
    found = sc.compare([bot, "cheat:echo", "cheat:quote"], CASES, bot=bot).json()
    assert {one["system"] for one in found["systems"]} == {bot.name, "cheat:echo", "cheat:quote"}


def test_the_command_takes_a_cheat(bot: sc.Bot, command: Command):
    write_cases(Path("cases.jsonl"), CASES)
    done = command("evaluate", "cases.jsonl", "--system", "cheat:always-refuse", "--json")
    assert (done.code, done.json["counts"]["refused"]) == (0, len(CASES)), done.err
    assert command("evaluate", "cases.jsonl", "--system", "cheat:nothing").code == 2
