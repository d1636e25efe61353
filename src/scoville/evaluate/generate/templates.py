"""Cases written without a model: questions turned out of sentences and tables by rules for English.

Enters: passages, a seed. Leaves: drafts of every kind. What cannot be read with certainty is passed over, so the yield
depends on how plainly the documents are written; documents in other languages have tables only. Asks no model.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property

from scoville.evaluate.generate.clauses import Clause, clauses, small_words
from scoville.evaluate.generate.draft import Draft, Kind, Place, Slot, Written, slot_id
from scoville.evaluate.generate.facts import Fact, fact_of, stands_alone
from scoville.evaluate.generate.pairs import (
    MEASURED,
    bare,
    cell_question,
    follow_ups,
    key,
    multi_hops,
    small_first,
)  # fmt: skip
from scoville.evaluate.generate.reword import contradict, reword
from scoville.evaluate.generate.sample import stratified
from scoville.evaluate.generate.tables import Cell, cells
from scoville.sentences import content_words
from scoville.types import Passage

PREMISE_WORDS = 20
SWAPPED_WORDS = 3
"""A question that says more of a thing is about nothing else."""
OFTEN = 3
"""So many sentences speak of what is surely a name."""
ATTRIBUTES = (
    "Who came up with the idea of {}?",
    "How many people asked about {} last year?",
    "How much money was spent on {} last year?",
    "In which year did people first hear of {}?",
)
"""What people could ask of anything, and few documents say."""
TRIES = 4
"""How many wrong subjects are tried for one unanswerable question."""


class Templates:
    """Writes drafts by rules."""

    name = "templates"

    def __init__(self, passages: Sequence[Passage], seed: int = 0) -> None:
        self.passages = passages
        self.seed = seed
        self._writers: dict[Kind, Callable[[], Iterable[Draft]]] = {
            "fact": self._fact,
            "table": self._table,
            "multi_hop": lambda: multi_hops(self.facts),
            "paraphrase": self._paraphrase,
            "follow_up": lambda: follow_ups(self.facts, self._certain_cells()),
            "unanswerable": self._unanswerable,
            "false_premise": self._false_premise,
            "conflicting": self._conflicting,
        }

    def slots(self, kind: Kind) -> Sequence[Slot]:
        """Write every draft of a kind."""
        drafts = stratified(list(self._writers[kind]()), lambda draft: draft.places[0].passage, self.seed)
        slots: dict[str, Slot] = {}
        for draft in drafts:
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
        for fact in self.stated:
            answers[key(fact.question)].add(key(fact.answer))
        often = {name for name, count in Counter(clause.subject for clause in self.clauses).items() if count >= OFTEN}
        return [
            fact
            for fact in self.stated
            if len(answers[key(fact.question)]) == 1
            and not (fact.form in ("list", "purpose") and fact.subject in often)
        ]

    @cached_property
    def cells(self) -> list[Cell]:
        """What stands in tables."""
        return [cell for passage in self.passages for cell in cells(passage)]

    def _random(self, kind: Kind) -> random.Random:
        return random.Random(f"{self.seed} {kind}")  # noqa: S311

    def _fact(self) -> Iterator[Draft]:
        for fact in self.facts:
            yield Draft(kind="fact", question=fact.question, expected=fact.expected, places=(fact.place,))

    def _certain_cells(self) -> list[Cell]:
        """Leave out what two tables say differently."""
        values: dict[str, set[str]] = defaultdict(set)
        for cell in self.cells:
            values[key(cell_question(cell))].add(key(cell.value))
        return [cell for cell in self.cells if len(values[key(cell_question(cell))]) == 1]

    def _table(self) -> Iterator[Draft]:
        for cell in self._certain_cells():
            yield Draft(kind="table", question=cell_question(cell), expected=(cell.value,), places=(cell.place,))

    def _paraphrase(self) -> Iterator[Draft]:
        source = self._random("paraphrase")
        for fact in self.facts:
            if question := reword(fact.question, source, defines=_is_term(fact)):
                yield Draft(
                    kind="paraphrase", question=question, expected=fact.expected, places=(fact.place,),
                    original=fact.question,
                )  # fmt: skip

    def _unanswerable(self) -> Iterator[Draft]:
        """Ask of one thing what is said of another, of which no passage says it."""
        source = self._random("unanswerable")
        subjects: dict[tuple[str, str, str, bool], set[str]] = defaultdict(set)
        swappable = [fact for fact in self.facts if _is_swappable(fact)]
        for fact in swappable:
            subjects[_class(fact)].add(fact.subject)
        for fact in swappable:
            own = content_words(fact.place.quote)
            others = sorted(name for name in subjects[_class(fact)] if not content_words(name) & own)
            for other in source.sample(others, min(TRIES, len(others))):
                yield Draft(
                    kind="unanswerable", question=fact.question.replace(fact.subject, other, 1), places=(fact.place,),
                    original=fact.question, missing=other,
                )  # fmt: skip
        for fact in self.facts:
            if _is_term(fact):
                question = source.choice(ATTRIBUTES).format(fact.subject)
                yield Draft(kind="unanswerable", question=question, places=(fact.place,), missing=fact.subject)
        yield from self._unanswerable_cells(source)

    def _unanswerable_cells(self, source: random.Random) -> Iterator[Draft]:
        """Ask a row of one table for the column of another whose document lies in the same folder."""
        columns: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for cell in self.cells:
            columns[_folder(cell)].add((cell.label, cell.column))
        for cell in self.cells:
            others = sorted(column for label, column in columns[_folder(cell)] if label != cell.label)
            for column in source.sample(others, min(1, len(others))):
                question = cell_question(cell._replace(column=column))
                yield Draft(kind="unanswerable", question=question, places=(cell.place,), missing=cell.row)

    def _false_premise(self) -> Iterator[Draft]:
        """Ask why something is so that is not."""
        source = self._random("false_premise")
        for clause in self.clauses:
            defines = clause.auxiliary in ("is", "are") and re.match(r"(?:an?|the) ", clause.rest)
            changed = (
                ""
                if defines
                else contradict(clause.predicate, source, numbers=clause.auxiliary not in ("can", "may", "could"))
            )
            question = f"Why {clause.asked(changed)}{f' {small_first(clause.lead)}' if clause.lead else ''}?"
            if changed and len(question.split()) <= PREMISE_WORDS and stands_alone(question, clause.subject):
                yield Draft(
                    kind="false_premise", question=question, places=(clause.place,), original=clause.place.quote
                )

    def _conflicting(self) -> Iterator[Draft]:
        """One question that two passages answer with different numbers."""
        stated: dict[str, list[tuple[str, str, Place]]] = defaultdict(list)
        for fact in self.stated:
            if fact.form in MEASURED:
                stated[key(fact.question)].append((fact.question, fact.answer, fact.place))
        for cell in self.cells:
            question = cell_question(cell)
            stated[key(question)].append((question, cell.value, cell.place))
        for (question, answer, place), *others in stated.values():
            for _, other, elsewhere in others:
                if key(other) != key(answer) and elsewhere.passage.id != place.passage.id:
                    expected = f"{answer} ({_name(place.passage)}) or {other} ({_name(elsewhere.passage)})"
                    yield Draft(
                        kind="conflicting", question=question, expected=(expected,), places=(place, elsewhere),
                        held=(answer, other),
                    )  # fmt: skip
                    break


def _runs_in(subject: str, often: Collection[str]) -> bool:
    """Say whether a heading runs into the subject: "Exceptions Northwind Standard"."""
    words = subject.split(" ")
    tails = (" ".join(words[start:]) for start in range(1, len(words)))
    return any(tail[:1].isupper() and tail in often for tail in tails)


def _folder(cell: Cell) -> str:
    return cell.place.passage.source.rpartition("/")[0]


def _is_term(fact: Fact) -> bool:
    """Say whether a fact says what a word means, and not which thing it is."""
    words = fact.subject.split(" ")
    return fact.form == "definition" and words[0] not in ("the", "your") and "'s" not in fact.subject and len(words) < 4


def _is_swappable(fact: Fact) -> bool:
    plain = fact.form in MEASURED | {"purpose", "list", "agent"} and fact.subject != "you" and not fact.clause.lead
    told = content_words(fact.question.replace(fact.subject, ""))
    return plain and fact.subject in fact.question and len(fact.subject.split()) <= 5 and len(told) <= SWAPPED_WORDS


def _class(fact: Fact) -> tuple[str, str, str, bool]:
    """Name what may take the place of what: the same is said of it, and both are names or neither."""
    verb = fact.clause.predicate.split(" ")[0] if fact.form in MEASURED else ""
    return fact.form if not verb else "", fact.clause.auxiliary, verb, bare(fact.subject)[:1].isupper()


def _name(passage: Passage) -> str:
    return f"{passage.source.rpartition('/')[2]}{f', page {passage.page}' if passage.page else ''}"
