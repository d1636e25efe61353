"""Cases written without a model: questions turned out of sentences and tables by rules for English.

Enters: passages, a seed. Leaves: drafts of every kind. What cannot be read with certainty is passed over, so the yield
depends on how plainly the documents are written; documents in other languages have tables only. Asks no model.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from scoville.cases.generate.cell_questions import cell_question
from scoville.cases.generate.clauses import Clause, clauses, small_words
from scoville.cases.generate.conflicts import conflicts
from scoville.cases.generate.context import NAME, is_placed, stands_alone
from scoville.cases.generate.draft import DraftCase, Kind, Slot, Written, slot_id
from scoville.cases.generate.facts import Fact, fact_of
from scoville.cases.generate.hops import multi_hops
from scoville.cases.generate.pairs import follow_ups, key, small_first
from scoville.cases.generate.reword import contradict, reword
from scoville.cases.generate.sample import stratified
from scoville.cases.generate.scopes import names, scopes
from scoville.cases.generate.tables import Cell, cells
from scoville.cases.generate.unanswerable import is_term, unanswerables
from scoville.types import Passage

PREMISE_WORDS = 20
IS_DEFINED = re.compile(r"(?:What|Who) (?:is|are) (?:meant by )?(?:the purpose of )?(?:(?:an?|the) )?[^\d,:]{1,40}\?")
"""What means the same in documents that are made alike."""
RULES = 1 / 3
"""Where so many passages speak to somebody, a document says what people must do."""
ADDRESSED = re.compile(r"\b(?:you|your|employees?|customers?|must)\b", re.IGNORECASE)
OFTEN = 3
"""So many sentences speak of what is surely a name."""


class Templates:
    """Writes drafts by rules."""

    name = "templates"

    def __init__(self, passages: Sequence[Passage], seed: int = 0) -> None:
        self.passages = passages
        self.seed = seed
        self._writers: dict[Kind, Callable[[], Iterable[DraftCase]]] = {
            "fact": self._fact,
            "table": self._table,
            "multi_hop": lambda: multi_hops(self.facts, self._definitions(), self.certain_cells),
            "paraphrase": self._paraphrase,
            "follow_up": lambda: follow_ups(self.facts, self.certain_cells),
            "unanswerable": lambda: unanswerables(
                self.facts, self.certain_cells, self.rules, self._random("unanswerable")
            ),
            "false_premise": self._false_premise,
            "conflicting": lambda: conflicts(self.stated, self.cells),
        }

    def slots(self, kind: Kind) -> Sequence[Slot]:
        """Write every draft of a kind."""
        written = [self._scoped(draft) for draft in self._writers[kind]()]
        drafts = stratified(written, lambda draft: draft.places[0].passage, self.seed)
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
        asked = [key(self._in_scope(fact.question, fact.place.passage.source)) for fact in self.stated]
        for question, fact in zip(asked, self.stated, strict=True):
            answers[question].add(key(fact.answer))
        often = {name for name, count in Counter(clause.subject for clause in self.clauses).items() if count >= OFTEN}
        return [
            fact
            for question, fact in zip(asked, self.stated, strict=True)
            if len(answers[question]) == 1 and not (fact.form in ("list", "purpose") and fact.subject in often)
        ]

    @cached_property
    def cells(self) -> list[Cell]:
        """What stands in tables."""
        return [cell for passage in self.passages for cell in cells(passage) if cell_question(cell)]

    @cached_property
    def certain_cells(self) -> list[Cell]:
        """Leave out what two tables say differently."""
        values: dict[str, set[str]] = defaultdict(set)
        for cell in self.cells:
            values[key(cell_question(cell))].add(key(cell.value))
        return [cell for cell in self.cells if len(values[key(cell_question(cell))]) == 1]

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

    def _definitions(self) -> list[Fact]:
        return [fact for fact in self.stated if fact.form == "definition"]

    def _scoped(self, draft: DraftCase) -> DraftCase:
        """Say of which of several documents that are made alike a question is asked, or the one before it."""
        if len({place.passage.source for place in draft.places}) > 1:
            return draft
        source = draft.places[0].passage.source
        if not draft.history:
            return replace(draft, question=self._in_scope(draft.question, source))
        asked, *told = draft.history
        return replace(draft, history=(replace(asked, content=self._in_scope(asked.content, source)), *told))

    def _in_scope(self, question: str, source: str) -> str:
        scope = self.scopes.get(source, "")
        if not scope or names(scope, question) or IS_DEFINED.fullmatch(question):
            return question
        return f"For {scope}: {small_first(question)}"

    def _random(self, kind: Kind) -> random.Random:
        return random.Random(f"{self.seed} {kind}")  # noqa: S311

    def _fact(self) -> Iterator[DraftCase]:
        for fact in self.facts:
            yield DraftCase(kind="fact", question=fact.question, expected=fact.expected, places=(fact.place,))

    def _table(self) -> Iterator[DraftCase]:
        for cell in self.certain_cells:
            yield DraftCase(kind="table", question=cell_question(cell), expected=(cell.value,), places=(cell.place,))

    def _paraphrase(self) -> Iterator[DraftCase]:
        source = self._random("paraphrase")
        for fact in self.facts:
            if question := reword(fact.question, source, defines=is_term(fact)):
                yield DraftCase(
                    kind="paraphrase", question=question, expected=fact.expected, places=(fact.place,),
                    original=fact.question,
                )  # fmt: skip

    def _false_premise(self) -> Iterator[DraftCase]:
        """Ask why something is so that is not."""
        source = self._random("false_premise")
        for clause in self.clauses:
            if clause.auxiliary in ("is", "are") and re.match(r"(?:an?|the) ", clause.rest):
                continue  # it defines
            if re.search(r"\balso\b", clause.place.quote) and not clause.denies:
                continue  # something else may be so too
            if clause.denies and clause.auxiliary in ("can", "may", "could", "would"):
                continue  # what may not be may be
            is_exact = clause.auxiliary not in ("can", "may", "could")
            changed = contradict(clause.predicate, source, numbers=is_exact)
            question = f"Why {clause.asked(changed)}{f' {small_first(clause.lead)}' if clause.lead else ''}?"
            is_clear = stands_alone(question, clause.subject) and is_placed(clause, question)
            is_clear &= clause.passage.source in self.rules or bool(NAME.search(question))
            is_clear &= not re.search(r" and .*\b(?:will|can|is|are|was|were|must|may)\b|, and ", changed)
            is_clear &= not (clause.lead and "," in changed)
            if changed and is_clear and len(question.split()) <= PREMISE_WORDS:
                yield DraftCase(
                    kind="false_premise", question=question, places=(clause.place,), original=clause.place.quote
                )


def _runs_in(subject: str, often: Collection[str]) -> bool:
    """Say whether a heading runs into the subject: "Exceptions Northwind Standard"."""
    words = subject.split(" ")
    tails = (" ".join(words[start:]) for start in range(1, len(words)))
    return any(tail[:1].isupper() and tail in often for tail in tails)
