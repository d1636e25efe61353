"""What one place answers: a question about a thing, and what it takes to ask the same of another thing.

Enters: what sentences, tables and sections say. Leaves: singles, of which all other cases are made: a question without
its thing is a frame, and things of one group can be put into the same frames. Asks no model.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from scoville.cases.generate.asked import GOODS, PEOPLE, TEAMS, TYPE_OF, cell_question, row_phrase
from scoville.cases.generate.draft import DraftCase, Kind, Place
from scoville.cases.generate.english import ENGLISH
from scoville.cases.generate.entries import Entry
from scoville.cases.generate.facts import Fact
from scoville.cases.generate.tables import Cell
from scoville.sentences import content_words

COMPOUND = re.compile(r"\b(?:in|out-of|non|pre|on|off|up|down)-[a-z]+")
"""Words that differ in a stop word alone."""
HEAD = re.compile(r"(?:the )?(?P<head>[A-Z]\w+(?: [A-Z]\w+){0,2}) (?:of|for) [A-Z].*")
OFFICE = re.compile(r"\b(?:Officer|Manager|Director|President|Head|Representative|Specialist)\b")
STAFF = "staff"
MEASURED = frozenset({"money", "percent", "count", "date", "year"})


class Single(NamedTuple):
    """A question that one place answers."""

    kind: Kind
    question: str
    answer: str
    place: Place
    thing: str
    """The words of the question that say what it is about."""
    name: str
    """How that is called where it stands."""
    group: str
    """Things of one group are of one kind, such as the rows of a table, or documents made alike."""
    topic: str
    """What is asked for, such as the name of a column."""
    generic: str = ""
    """What stands instead of the thing where it is left open which one is meant."""
    strangers: tuple[str, ...] = ()
    """Things of its kind that no document names."""
    alike: tuple[str, ...] = ()
    """Other ways of writing the answer."""

    @property
    def frame(self) -> str:
        """The question without its thing."""
        return self.question.replace(self.thing, "*", 1) if self.thing else self.question

    @property
    def expected(self) -> tuple[str, ...]:
        """The answer, and other ways of writing it."""
        return tuple(dict.fromkeys((self.answer, *self.alike)))

    @property
    def source(self) -> str:
        """The document."""
        return self.place.passage.source

    def of(self, thing: str) -> str:
        """Ask the same of another thing."""
        return self.frame.replace("*", thing)

    def draft(self, kind: Kind, question: str, **values: object) -> DraftCase:
        """Make a draft of another kind of it."""
        given: dict[str, object] = {"subject": self.thing, "topic": self.topic, "places": (self.place,), **values}
        return DraftCase(kind=kind, question=question, **given)  # type: ignore[arg-type]


def of_fact(fact: Fact, question: str, scope: str) -> Single:
    """Ask what a sentence says; ``scope`` names its document among those made alike."""
    thing = scope if scope and scope in question else fact.subject if fact.subject in question else ""
    match = HEAD.fullmatch(fact.subject)
    article = "the " if fact.subject.startswith("the ") else ""
    generic = "" if thing == scope or not match else f"{article}{match['head']}"
    return Single(
        "fact", question, fact.answer, fact.place, thing, fact.subject, "documents" if thing == scope else "",
        fact.form, generic, alike=fact.alike,
    )  # fmt: skip


def of_entry(entry: Entry) -> Single:
    """Ask what a section says under a label, or as its heading asks."""
    match = HEAD.fullmatch(entry.subject)
    group = f"sections of {entry.place.passage.source}" if entry.subject else ""
    return Single(
        "fact", entry.question, entry.answer, entry.place, f"the {entry.subject}" if entry.subject else "",
        entry.subject, group, entry.label, f"the {match['head']}" if match else "",
    )  # fmt: skip


def of_cell(cell: Cell) -> Single:
    """Ask for a cell of a table."""
    label = cell.label
    group = STAFF if PEOPLE.fullmatch(label) or TEAMS.fullmatch(label) else label.casefold()
    others = ENGLISH["roles"], ENGLISH["departments"], ENGLISH["goods"]
    names = next((one for one, of in zip(others, (PEOPLE, TEAMS, GOODS), strict=True) if of.fullmatch(label)), ())
    kind_of = TYPE_OF.fullmatch(label)
    row = row_phrase(cell)
    return Single(
        "table", cell_question(cell), cell.value, cell.place, row, cell.row, group, cell.column,
        f"the {kind_of['what'] if kind_of else label.lower()}" if row.startswith(("the ", "a ", "an ")) else "",
        tuple(row_phrase(cell._replace(row=name)) for name in names),
    )  # fmt: skip


def with_strangers(singles: Sequence[Single], goods: Collection[str], known: Collection[str]) -> list[Single]:
    """Find names that differ in one word, such as "Chief Sales Officer" and "Chief Legal Officer", and more like them.

    ``goods`` are things that are no offices, such as two plans; ``known`` are the words of the documents.
    """
    members: dict[str, set[str]] = defaultdict(set)
    for thing in {single.thing for single in singles}:
        words = thing.split(" ")
        for number, word in enumerate(words):
            if len(words) > 1 and word[:1].isupper():
                members[" ".join([*words[:number], "*", *words[number + 1 :]])].add(thing)
    found: dict[str, list[str]] = defaultdict(list)
    for template, things in sorted(members.items()):
        rest = template.replace("*", "").strip()
        if len(things) > 1 and re.search(r"[A-Z]", rest):
            for thing in things:
                names = ENGLISH["offices"] if OFFICE.search(rest) else ENGLISH["goods"] if thing in goods else ()
                found[thing] += [template.replace("*", name) for name in names]
    return [
        one._replace(strangers=tuple(
            name for name in (*one.strangers, *found.get(one.thing, ())) if content_words(name) - {*known}
        ))
        for one in singles
    ]  # fmt: skip


def by_frame(singles: Iterable[Single]) -> list[list[Single]]:
    """Put together what asks the same of several things of one group or document: one single for each thing."""
    frames: dict[tuple[str, str], dict[str, Single]] = defaultdict(dict)
    for single in singles:
        if "*" in single.frame:
            frames[single.frame, single.group or single.source].setdefault(single.thing, single)
    return [list(found.values()) for found in frames.values()]


def small_first(question: str) -> str:
    """Write a beginning as it stands inside a sentence."""
    return f"{question[:1].lower()}{question[1:]}"


def key(text: str) -> str:
    """Give what two texts that say the same have in common."""
    return " ".join(sorted(content_words(text) | set(COMPOUND.findall(text.casefold()))))
