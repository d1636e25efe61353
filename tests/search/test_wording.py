"""Questions in other words than the documents': ratios."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import scoville as sc
from scoville.search.wording import with_parts

DOCUMENTS = {
    "bills.md": "# Bills\n\nCompare each bill with what was agreed before you pay it.\n",
    "operations.md": "# Operations\n\n| | 2023 |\n|---|---|\n| Revenue | 120 |\n| Operating income | 12 |\n",
    "margins.md": "# Paper\n\nThe margin of a page is two centimetres wide when operating the old printer.\n",
}
WORDS_ONLY: dict[str, Any] = {"embed.model": "fake", "llm.model": "fake", "search.dense_weight": 0.0}


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[sc.Bot]:
    for name, text in DOCUMENTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with sc.open(tmp_path / "bot", **WORDS_ONLY) as opened:
        opened.add(*(tmp_path / name for name in DOCUMENTS))
        yield opened


def found(bot: sc.Bot, question: str) -> set[str]:
    return {hit.passage.source.rpartition("/")[2] for hit in bot.search(question)}


def test_a_ratio_finds_the_statement_that_holds_its_parts(bot: sc.Bot):
    assert "operations.md" in found(bot, "What was the operating margin?")
    assert "operations.md" not in found(bot, "What was the margin?")


def test_what_is_searched_is_told_and_what_is_asked_stays_the_question(bot: sc.Bot):
    search = bot.searcher().search("What was the operating margin?")
    assert [step.note for step in search.steps if step.name == "wording"] == [
        "What was the operating margin? operating income, revenue"
    ]
    assert search.question == "What was the operating margin?"
    assert not [step for step in bot.searcher().search("What is a bill?").steps if step.name == "wording"]


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("What was Halden's gross margin?", "gross profit, revenue"),
        ("What is the debt-to-equity ratio?", "long-term debt, total shareholders' equity"),
        ("How wide is the margin?", ""),
    ],
)
def test_a_ratio_is_searched_with_its_parts(question: str, parts: str):
    assert with_parts(question) == f"{question} {parts}".strip()
