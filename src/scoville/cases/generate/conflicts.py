"""Two places that answer one question differently: a rule and its old version, a table and its copy.

Enters: facts and cells. Leaves: drafts. Sentences count as the same only when they share every word but the numbers,
and their documents may speak of one thing: better few than wrong. Asks no model.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import combinations, islice
from typing import TypeVar

from scoville.answer.evidence import DENIAL
from scoville.cases.generate.cell_questions import STATISTIC, cell_question
from scoville.cases.generate.context import NAME, PAST
from scoville.cases.generate.draft import DraftCase, Place
from scoville.cases.generate.facts import Fact
from scoville.cases.generate.pairs import MEASURED, key
from scoville.cases.generate.reword import SYNONYMS
from scoville.cases.generate.scopes import are_twins, are_versions
from scoville.cases.generate.tables import Cell
from scoville.sentences import WORD, content_words, numbers, stem
from scoville.types import Passage

T = TypeVar("T")
LOOKED_AT = 30
"""So many values of one subject are compared."""
LIGHT = frozenset(
    stem(word)
    for word in (
        "a an the also now currently always exactly new since effective maximum minimum total at least most up to "
        "employees staff you your must"
    ).split()
)
"""Words that make no other subject."""
YEAR = re.compile(r"1[89]\d\d|20\d\d")
"""What is said of two years does not conflict."""
ALONE = 6
"""A sentence with so many words besides the number means the same twice in one document."""
SAME = {stem(other): stem(word) for word, others in SYNONYMS.items() for other in others if " " not in other}


def conflicts(facts: Sequence[Fact], cells: Sequence[Cell]) -> Iterator[DraftCase]:
    """Ask what two passages answer with different values."""
    said: dict[frozenset[str], dict[Hashable, Fact]] = defaultdict(dict)
    for fact in facts:
        if fact.form in MEASURED:
            said[_subject(fact)].setdefault((key(fact.answer), fact.place.passage.source), fact)
    for group in said.values():
        if pair := _first(group.values(), _disagree):
            yield _draft(pair[0].question, *((fact.answer, fact.place) for fact in pair))
    asked: dict[str, dict[Hashable, Cell]] = defaultdict(dict)
    for cell in cells:
        asked[cell_question(cell).casefold()].setdefault((key(cell.value), cell.place.passage.source), cell)
    for question, same in asked.items():
        if question and (pair := _first(same.values(), _differ)):
            yield _draft(cell_question(pair[0]), *((cell.value, cell.place) for cell in pair))


def _first(items: Iterable[T], disagree: Callable[[T, T], bool]) -> tuple[T, T] | None:
    """Give the first two that disagree, among the first few."""
    return next((pair for pair in combinations(islice(items, LOOKED_AT), 2) if disagree(*pair)), None)


def _subject(fact: Fact) -> frozenset[str]:
    """Give the words of a sentence without its number: of words that mean the same one, and small ones too."""
    words = (stem(word.casefold()) for word in WORD.findall(fact.place.quote) if not word[0].isdigit())
    return frozenset(SAME.get(word, word) for word in words) - LIGHT


def _disagree(one: Fact, other: Fact) -> bool:
    first, second, answers = one.place.quote, other.place.quote, f"{one.answer} {other.answer}"
    return (
        one.form == other.form
        and numbers(one.answer) != numbers(other.answer)
        and len(numbers(first)) == len(numbers(second))
        and not any(YEAR.fullmatch(number) for number in (numbers(first) ^ numbers(second)) - numbers(answers))
        and len(DENIAL.findall(first)) == len(DENIAL.findall(second))
        and _of_one_thing(one, other)
    )


def _of_one_thing(one: Fact, other: Fact) -> bool:
    """Say whether two documents may contradict each other.

    Versions of one document do. In documents of other names only rules do, and what is said of a name: the mean age in
    one study is not that in another. The conditions of two plans do not.
    """
    here, there = one.place.passage.source, other.place.passage.source
    if here == there:
        return one.place.passage.id != other.place.passage.id and len(_subject(one)) >= ALONE
    if are_versions(here, there):
        return True
    named = bool(NAME.search(one.place.quote)) and bool(NAME.search(other.place.quote))
    return not are_twins(here, there) and (named or one.clause.auxiliary not in PAST)


def _differ(one: Cell, other: Cell) -> bool:
    here, there = one.place.passage.source, other.place.passage.source
    may = are_versions(here, there) or not (are_twins(here, there) or STATISTIC.search(one.column))
    return here != there and may and one.label == other.label and content_words(one.value) != content_words(other.value)


def _draft(question: str, one: tuple[str, Place], other: tuple[str, Place]) -> DraftCase:
    (answer, place), (second, elsewhere) = one, other
    expected = f"{answer} ({_name(place.passage)}) or {second} ({_name(elsewhere.passage)})"
    return DraftCase(
        kind="conflicting", question=question, expected=(expected,), places=(place, elsewhere), held=(answer, second)
    )


def _name(passage: Passage) -> str:
    return f"{passage.source.rpartition('/')[2]}{f', page {passage.page}' if passage.page else ''}"
