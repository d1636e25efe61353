"""Cases written without a model: questions turned out of sentences, tables and sections by rules for English.

Enters: passages, a seed. Leaves: drafts of every kind. What cannot be read with certainty is passed over, so the yield
depends on how plainly the documents are written; documents in other languages have tables only. Asks no model.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from scoville.cases.generate.asked import cell_question, row_phrase
from scoville.cases.generate.clauses import Clause, clauses, small_words
from scoville.cases.generate.draft import DraftCase, Kind, Place, Slot, Written, slot_id
from scoville.cases.generate.entries import Entry, entries
from scoville.cases.generate.facts import Fact, fact_of
from scoville.cases.generate.misfits import FRAMES, Term, misfits, out_of_scope
from scoville.cases.generate.near import edited, left_out, missing_attributes, underspecified, unknown_entities
from scoville.cases.generate.pairs import comparisons, follow_ups, multi_hops
from scoville.cases.generate.premises import false_premises
from scoville.cases.generate.scopes import names, scopes
from scoville.cases.generate.singles import Single, key, of_cell, of_entry, of_fact, small_first, with_strangers
from scoville.cases.generate.tables import Cell, cells
from scoville.sentences import content_words
from scoville.types import Passage

IS_DEFINED = re.compile(r"(?:What|Who) (?:is|are|does) (?:the purpose of )?(?:(?:an?|the) )?[^\d,:]{1,40}\?")
"""What means the same in documents that are made alike."""
RULES = 1 / 3
"""Where so many passages speak to somebody, a document says what people must do."""
ADDRESSED = re.compile(r"\b(?:you|your|employees?|customers?|must)\b", re.IGNORECASE)
OFTEN = 3
"""So many sentences speak of what is surely a name."""
NO_TERM = re.compile(
    r"(?:what|when|where|how|why|who|is|are|if|about|at|in|on|to|your|our|author|data|ethics|supporting|study|good|next"
    r"|still|ask|see|note|table of)\b",
    re.IGNORECASE,
)
PLURAL = re.compile(r"[^s\W]s$")
TERM = re.compile(r"(?:(?:an?|the|your) )?(?:[A-Za-z][\w-]+ ){1,4}[\w-]+|[a-z]{6,}")


class Rules:
    """Writes drafts by rules."""

    name = "templates"

    def __init__(self, passages: Sequence[Passage], seed: int = 0) -> None:
        self.passages = passages
        self.seed = seed
        self._writers: dict[Kind, Callable[[], Iterable[DraftCase]]] = {
            "fact": lambda: self._plain("fact"), "table": lambda: self._plain("table"),
            "multi_hop": lambda: multi_hops(self.singles), "comparison": lambda: comparisons(self.singles),
            "follow_up": lambda: follow_ups(self.singles), "left_out": lambda: left_out(self.singles),
            "missing_attribute": lambda: missing_attributes(self.singles, {one.question for one in self.entries}),
            "unknown_entity": lambda: unknown_entities(self.singles), "edited": lambda: edited(self.singles),
            "underspecified": lambda: underspecified(self.singles),
            "false_premise": lambda: false_premises(
                self.clauses, self.singles, self.rules, self._random("false_premise")
            ),
            "out_of_scope": lambda: out_of_scope(self._random("out_of_scope")),
            **{kind: lambda kind=kind: misfits(kind, self.terms(kind), self._random(kind)) for kind in FRAMES},
        }  # fmt: skip

    def slots(self, kind: Kind) -> Sequence[Slot]:
        """Write every draft of a kind, in an order that depends on the seed alone."""
        written = [self._scoped(draft) for draft in self._writers[kind]() if draft.question]
        self._random(kind).shuffle(written)
        slots: dict[str, Slot] = {}
        for draft in written:
            told = (turn.content for turn in draft.history)
            name = slot_id(kind, draft.question, *(place.passage.id for place in draft.places), *told)
            slots.setdefault(name, Slot(name, kind, draft.places, draft))
        return list(slots.values())

    def write(self, slot: Slot) -> Written:
        """Give the draft of a slot."""
        return Written(slot.draft)

    @cached_property
    def clauses(self) -> list[Clause]:
        """The sentences that could be read."""
        small = small_words(self.passages)
        found = [clause for passage in self.passages for clause in clauses(passage, small)]
        often = {subject for subject, count in Counter(clause.subject for clause in found).items() if count >= OFTEN}
        return [clause for clause in found if not _runs_in(clause.subject, often)]

    @cached_property
    def stated(self) -> list[Fact]:
        """What they say."""
        return [fact for clause in self.clauses if (fact := fact_of(clause))]

    @cached_property
    def facts(self) -> list[Fact]:
        """What they say that is an answer of its own.

        Left out are questions that several sentences answer differently, and what something includes or is for of which
        much is said: every sentence says a part.
        """
        answers: dict[str, set[str]] = defaultdict(set)
        asked = [key(self.in_scope(fact.question, fact.place.passage.source)) for fact in self.stated]
        for question, fact in zip(asked, self.stated, strict=True):
            answers[question].add(key(fact.answer))
        often = {name for name, count in Counter(clause.subject for clause in self.clauses).items() if count >= OFTEN}
        return [
            fact
            for question, fact in zip(asked, self.stated, strict=True)
            if len(answers[question]) == 1
            and fact.subject not in self._shorter
            and not (fact.form in ("list", "purpose") and fact.subject in often and "responsible" not in fact.question)
        ]

    @cached_property
    def _shorter(self) -> set[str]:
        """The names that longer names begin with: "the Manager" of "the Manager of Sales"."""
        matches = (re.match(r"(.+?) (?:of|for) [A-Z]", clause.subject) for clause in self.clauses)
        return {match[1] for match in matches if match}

    @cached_property
    def entries(self) -> list[Entry]:
        """What sections say, each once."""
        found = entries(self.passages)
        asked = Counter(key(entry.question) for entry in found)
        return [entry for entry in found if asked[key(entry.question)] == 1]

    @cached_property
    def all_cells(self) -> list[Cell]:
        """What stands in tables, and what does not; rows of one name are parts of one."""
        found = [cell for passage in self.passages for cell in cells(passage)]
        places: dict[tuple[str, str, str], set[tuple[str, int, int]]] = defaultdict(set)
        for cell in found:
            places[_row(cell)].add(cell.place.id)
        return [cell for cell in found if len(places[_row(cell)]) == 1]

    @cached_property
    def cells(self) -> list[Cell]:
        """The cells that can be asked for, without what two tables say differently."""
        found = [(cell, question) for cell in self.all_cells if (question := cell_question(cell))]
        values: dict[str, set[str]] = defaultdict(set)
        for cell, question in found:
            values[key(question)].add(key(cell.value))
        return [cell for cell, question in found if len(values[key(question)]) == 1]

    @cached_property
    def singles(self) -> list[Single]:
        """The questions that one place answers."""
        sources = [fact.place.passage.source for fact in self.facts]
        found = [
            *(of_fact(fact, self.in_scope(fact.question, source), self.scopes.get(source, ""))
              for fact, source in zip(self.facts, sources, strict=True)),
            *map(of_entry, filter(lambda one: one.answer, self.entries)), *map(of_cell, self.cells),
        ]  # fmt: skip
        known = {word for passage in self.passages for word in content_words(passage.content)}
        return with_strangers(found, set(self.scopes.values()), known)

    @cached_property
    def rules(self) -> frozenset[str]:
        """The documents that say what people must do, and not how things are."""
        said: dict[str, list[bool]] = defaultdict(list)
        for passage in self.passages:
            said[passage.source].append(bool(ADDRESSED.search(passage.text)))
        return frozenset(source for source, found in said.items() if sum(found) >= RULES * len(found))

    @cached_property
    def scopes(self) -> Mapping[str, str]:
        """How the documents are called that have twins."""
        return scopes(self.passages)

    def terms(self, kind: Kind) -> list[Term]:
        """List what the documents speak of, in an order of its own for each kind."""
        found = [Term(fact.subject, fact.place) for fact in self.stated]
        found += [Term(row_phrase(cell), cell.place) for cell in self.cells]
        labelled = (one for one in self.entries if one.label and one.subject != one.place.passage.title)
        found += [Term(f"the {entry.subject}", entry.place) for entry in labelled]
        found += [Term(headed, Place(one, 0, len(one.text))) for one in self.passages if (headed := _headed(one))]
        fitting = [term for term in found if TERM.fullmatch(term.text) and not PLURAL.search(term.text)]
        fitting = [term for term in fitting if not term.text.startswith("your ") and term.text not in self._shorter]
        terms = list({key(term.text): term for term in fitting}.values())
        self._random(kind).shuffle(terms)
        return terms

    def in_scope(self, question: str, source: str) -> str:
        """Say of which of several documents that are made alike a question is asked."""
        scope = self.scopes.get(source, "")
        if not scope or names(scope, question) or IS_DEFINED.fullmatch(question):
            return question
        return f"{'Under' if source in self.rules else 'According to'} {scope}, {small_first(question)}"

    def _plain(self, kind: Kind) -> Iterator[DraftCase]:
        for one in self.singles:
            if one.kind == kind:
                yield one.draft(kind, one.question, expected=one.expected)

    def _scoped(self, draft: DraftCase) -> DraftCase:
        """Name the document of a premise where it has a twin."""
        if draft.kind != "false_premise":
            return draft
        return replace(draft, question=self.in_scope(draft.question, draft.places[0].passage.source))

    def _random(self, kind: Kind) -> random.Random:
        return random.Random(f"{self.seed} {kind}")  # noqa: S311


def _row(cell: Cell) -> tuple[str, str, str]:
    return cell.place.passage.source, cell.label, cell.row


def _headed(passage: Passage) -> str:
    """Give the heading above a passage as a term, where it is one."""
    heading = re.sub(r"^\d[\d.]* ", "", passage.headings[-1]) if passage.headings else ""
    fits = re.fullmatch(r"[A-Z][a-z]+(?: [a-z-]+){1,3}", heading) and not NO_TERM.match(heading)
    return small_first(heading) if fits and heading != passage.title else ""


def _runs_in(subject: str, often: Collection[str]) -> bool:
    """Say whether a heading runs into the subject: "Exceptions Northwind Standard"."""
    words = subject.split(" ")
    tails = (" ".join(words[start:]) for start in range(1, len(words)))
    return any(tail[:1].isupper() and (tail in often or tail.casefold() in often) for tail in tails)
