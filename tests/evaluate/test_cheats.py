"""What answers without reading: it can be asked as any system, and no measure that decides is fooled by it."""

from pathlib import Path
from typing import Any

import pytest

import scoville as sc
from conftest import Bench, Command
from scoville.cases.files import write_cases
from scoville.errors import UsageError
from scoville.evaluate.cheats import CHEATS
from scoville.types import Case, Evidence

LEAVE = "Parental leave at Larkspur takes 16 weeks and is fully paid. It is taken within a year."
BICYCLES = "Bicycles may be left in the yard. The yard is locked at eight in the evening."
DENTAL = "The Gold plan covers two dental check-ups a year. The Silver plan covers none."
PREMIUMS = "The employer pays 80 percent of each premium; the rest is taken from the wage each month."
PAGES = {
    "handbook.md": f"# Leave\n\n{LEAVE}\n\n# Bicycles\n\n{BICYCLES}",
    "benefits.md": f"# Dental care\n\n{DENTAL}\n\n# Premiums\n\n{PREMIUMS}",
}
CASES = [
    Case(
        id="leave", question="How long is parental leave at Larkspur?", expected=("16 weeks, fully paid.",),
        evidence=(Evidence(document="handbook.md"),),
    ),
    Case(
        id="dental", question="What dental care does the Gold plan cover?", expected=("Two check-ups a year.",),
        evidence=(Evidence(document="benefits.md"),),
    ),
    Case(id="pets", question="Which pets may be brought to the Larkspur office?", answerable=False),
]  # fmt: skip


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
        assert said["first-passage"][case.id]["answer"] == texts[0]
        assert all(text in said["all-passages"][case.id]["answer"] for text in texts)
        assert any(said["random-sentence"][case.id]["answer"] in text for text in texts)
    assert said["quote"]["leave"]["citations"][0]["document"].endswith("handbook.md")
    assert said["first-passage"]["leave"]["citations"][0]["quote"] == said["first-passage"]["leave"]["answer"]


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
    assert (done.code, done.json["counts"]["refused"]) == (0, 3), done.err
    assert command("evaluate", "cases.jsonl", "--system", "cheat:nothing").code == 2
