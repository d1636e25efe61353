"""Questions that need a second one: turns of a conversation.

Enters: facts and cells. Leaves: drafts. Asks no model.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from scoville.cases.generate.cell_questions import cell_question, for_row
from scoville.cases.generate.draft import DraftCase, Place
from scoville.cases.generate.facts import Fact
from scoville.cases.generate.tables import Cell
from scoville.sentences import content_words
from scoville.types import Message

COMPOUND = re.compile(r"\b(?:in|out-of|non|pre|on|off|up|down)-[a-z]+")
"""Words that differ in a stop word alone."""
MEASURED = frozenset({"money", "percent", "count", "date", "year"})


def follow_ups(facts: Sequence[Fact], cells: Sequence[Cell]) -> Iterator[DraftCase]:
    """Leave what a question is about to the one before it."""
    for first, second in pairs(facts):
        if question := pronoun_for(second):
            yield _turn(first, second, f"And {small_first(question)}", second.subject)
    for first, second in mentions(facts):
        pronoun = "them" if first.clause.is_plural else "it"
        name = re.compile(rf"(?:(?:the|an?|your) )?{re.escape(bare(first.subject))}", re.IGNORECASE)
        yield _turn(first, second, f"And {small_first(name.sub(pronoun, second.question, count=1))}", first.subject)
    for first, second in alike(facts):
        frame = second.question.replace(second.subject, "", 1)
        yield _turn(first, second, f"And what about {second.subject}?", frame)
    columns: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell_question(cell):
            columns[cell.place.passage.id, cell.column].append(cell)
    for one, other in (pair for column in columns.values() for pair in pairwise(column)):
        yield _turn_of(
            cell_question(one), one.value, question=f"And{for_row(other)}?", expected=(other.value,),
            place=other.place, original=cell_question(other), missing=other.column,
        )  # fmt: skip


def pairs(facts: Sequence[Fact]) -> Iterator[tuple[Fact, Fact]]:
    """Two questions about one thing; the second does not ask what it is."""
    by_subject: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.form != "duty" and fact.subject != "you":
            by_subject[fact.place.passage.source, fact.subject.casefold()].append(fact)
    for together in by_subject.values():
        for first, second in pairwise(sorted(together, key=lambda fact: fact.form != "definition")):
            if second.form != "definition" and key(first.answer) != key(second.answer):
                yield first, second


def mentions(facts: Sequence[Fact]) -> Iterator[tuple[Fact, Fact]]:
    """What something is, and a question that names it behind a verb or a preposition."""
    by_source: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_source[fact.place.passage.source].append(fact)
    for first in facts:
        if first.form != "definition" or first.clause.is_plural:
            continue
        name = re.escape(bare(first.subject))
        named = re.compile(
            r"\b(?:of|for|about|under|by|need|require|obtain|receive|request|get|file) "
            rf"(?:(?:the|an?|your) )?{name}\?$",
            re.IGNORECASE,
        )
        for second in by_source[first.place.passage.source]:
            if named.search(second.question):
                yield first, second


def alike(facts: Sequence[Fact]) -> Iterator[tuple[Fact, Fact]]:
    """The same asked of two things, each in its passage."""
    by_frame: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.form in MEASURED and fact.subject in fact.question:
            by_frame[fact.place.passage.source, fact.question.replace(fact.subject, "*", 1)].append(fact)
    for group in by_frame.values():
        for one, other in pairwise(sorted(group, key=lambda fact: (fact.subject, fact.place.passage.id))):
            if one.place.passage.id != other.place.passage.id and key(one.subject) != key(other.subject):
                yield one, other


def _turn(first: Fact, second: Fact, question: str, missing: str) -> DraftCase:
    return _turn_of(
        first.question, first.answer, question=question, expected=second.expected, place=second.place,
        original=second.question, missing=missing,
    )  # fmt: skip


def _turn_of(
    asked: str, told: str, *, question: str, expected: tuple[str, ...], place: Place, original: str, missing: str
) -> DraftCase:
    history = (Message(role="user", content=asked), Message(role="assistant", content=_sentence(told)))
    return DraftCase(
        kind="follow_up", question=question, expected=expected, places=(place,), history=history, original=original,
        missing=missing,
    )  # fmt: skip


def pronoun_for(fact: Fact) -> str:
    """Ask without saying of what; nothing where a person might be meant."""
    if fact.clause.auxiliary == "did" and not re.match(r"(?:the|an?) [a-z]", fact.subject):
        return ""
    pronoun = "they" if fact.clause.is_plural else "it"
    question = re.sub(rf" {re.escape(fact.subject)}(?=[ ?])", f" {pronoun}", fact.question, count=1)
    return question if question != fact.question else ""


def small_first(question: str) -> str:
    """Write a beginning as it stands inside a sentence."""
    return f"{question[:1].lower()}{question[1:]}"


def bare(subject: str) -> str:
    """Leave out the article."""
    return re.sub(r"^(?:the|an?|your) ", "", subject)


def key(text: str) -> str:
    """Give what two texts that say the same have in common."""
    return " ".join(sorted(content_words(text) | set(COMPOUND.findall(text.casefold()))))


def _sentence(answer: str) -> str:
    return f"{answer[:1].upper()}{answer[1:].rstrip('.')}."
