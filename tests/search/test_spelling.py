"""A question with a typing error finds what the question without it finds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import scoville as sc

DOCUMENTS = {
    "leave.md": "# Leave\n\nParental leave lasts sixteen weeks.\n",
    "travel.md": "# Travel\n\nRail tickets are booked by the travel desk.\n",
    "reisen.md": "# Reisen\n\nBei Reisen zahlt die Firma eine Verpflegungspauschale, die nicht versteuert wird.\n",
    "отпуск.md": "# Отпуск\n\nНеиспользованные дни сгорают летом, если их не взять до этого.\n",
}
WORDS_ONLY: dict[str, Any] = {"embed.model": "fake", "llm.model": "fake", "search.dense_weight": 0.0}


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[sc.Bot]:
    for name, text in DOCUMENTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with sc.open(tmp_path / "bot", **WORDS_ONLY) as opened:
        opened.add(*(tmp_path / name for name in DOCUMENTS))
        yield opened


def first(bot: sc.Bot, question: str) -> str:
    hits = bot.search(question)
    return hits[0].passage.source.rpartition("/")[2] if len(hits) else ""


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("parnetal", "leave.md"), ("parentall", "leave.md"), ("tikcets", "travel.md"), ("tickts", "travel.md"),
        ("сгорабт", "отпуск.md"), ("zoology", ""), ("Verpflegumgspauschale", "reisen.md"),
    ],
)  # fmt: skip
def test_a_word_one_letter_away_is_found(bot: sc.Bot, question: str, document: str):
    assert first(bot, question) == document


def test_what_was_put_right_is_said_and_a_question_without_errors_is_left_alone(bot: sc.Bot):
    def steps(question: str) -> list[str]:
        return [step.note for step in bot.searcher().search(question).steps if step.name == "spelling"]

    assert steps("How long is parnetal leave?") == ["How long is parental leave?"]
    assert steps("How long is parental leave?") == []


def test_words_of_documents_that_may_not_be_read_put_nothing_right(bot: sc.Bot):
    found = bot.searcher().search("parnetal", where=['document = "*travel.md"'])
    assert not found.hits


@pytest.mark.parametrize("question", ["Pauschale für Verpflegung", "Verpflegung und Pauschale"])
def test_a_compound_is_found_by_its_parts(bot: sc.Bot, question: str):
    assert first(bot, question) == "reisen.md"


def test_parts_are_found_by_their_compound(bot: sc.Bot):
    assert first(bot, "Firmenreisen") == "reisen.md"
