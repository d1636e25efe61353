"""From passages to checked cases.

Enters: a generator, checks, the kinds that are wanted, a ledger. Leaves: cases, and how many drafts were dropped for
which reason. Kinds take turns, two answerable ones and one that is not. Of its drafts a kind takes one of a
document that has no case, else that whose topic has the fewest cases, then its document, then its section. No sentence
is asked about twice. The same passages, seed and models give the same cases; where more are asked for, the first stay.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scoville.at_once import in_order
from scoville.cases.generate.checks import Checks, gives
from scoville.cases.generate.draft import ANSWERABLE, EASY, Generator, Kind, Slot, finish
from scoville.cases.generate.ledger import Ledger, Tried
from scoville.errors import OverBudget
from scoville.types import Case

GIVE_UP = 30
"""After so many drafts of a kind in a row that were dropped, a generator that asks a model gives the kind up."""
WINDOW = 6
"""So many drafts are chosen before any of them is tried, so that what is chosen does not depend on the workers."""
MOST_EASY = 0.5
"""Of the answerable cases, at most so many are easy."""
UNTOLD: frozenset[Kind] = frozenset(
    {"nonsensical", "safety", "modality", "underspecified", "missing_attribute", "unknown_entity"}
)
"""Their questions are not what the sentence says, which is left to others."""
TOO_EASY = "easy, as half of the others are"

OnCase = Callable[[str, int, int], None]
"""Told what was tried last, and how many cases there are, of how many."""
Quote = Callable[[Case], str]
"""What the nearest sentence alone answers: the level that needs no model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Generated:
    """What a generation gave."""

    cases: tuple[Case, ...]
    tried: Mapping[str, int]
    """How many drafts of each kind were tried."""
    accepted: Mapping[str, int]
    dropped: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    """Kind → reason → how many."""
    stopped: str = ""
    """Why there are fewer cases than were asked for; empty when there are not."""
    cost_usd: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0


def generate_cases(
    generator: Generator,
    checks: Checks,
    ledger: Ledger,
    kinds: Sequence[Kind],
    count: int,
    *,
    seeds: Sequence[Case] = (),
    workers: int = 1,
    quote: Quote | None = None,
    on_case: OnCase | None = None,
) -> Generated:
    """Write and check drafts until there are ``count`` cases, ``workers`` drafts at a time.

    ``seeds`` are cases that new ones must not repeat. What ``quote`` answers is marked easy, and at most half of the
    answerable cases are. What the ledger knows is not tried again. It ends where the budget of a model does.
    """
    for seed in seeds:
        checks.accept(seed)
    turns = _Turns(generator, checks, ledger, kinds, quote)
    while len(turns.cases) < count and (window := turns.choose()):
        for slot, tried in zip(window, in_order(turns.attempt, window, workers), strict=False):
            if tried is None:
                break
            turns.settle(slot, tried)
            if on_case and tried.case and len(turns.cases) <= count:
                on_case(tried.case.question, len(turns.cases), count)
        if turns.over_budget:
            break
    return turns.report(count)


class _Turns:
    """Chooses the next drafts, tries them, and keeps what became of them."""

    def __init__(
        self, generator: Generator, checks: Checks, ledger: Ledger, kinds: Sequence[Kind], quote: Quote | None
    ) -> None:
        self.generator = generator
        self.checks = checks
        self.ledger = ledger
        self.quote = quote
        self.cases: list[Case] = []
        self.over_budget = ""
        """Why a model is asked no more; empty while it is."""
        self._done: list[Tried] = []
        self._waiting = {kind: list(generator.slots(kind)) for kind in kinds}
        self._failures: Counter[Kind] = Counter()
        self._spread: Counter[tuple[str, str]] = Counter()
        """How many cases each document, section and topic has."""
        self._asked: set[tuple[str, str]] = set()
        """Documents and sentences that were asked about."""
        self._answerable: deque[Kind] = deque(kind for kind in kinds if kind in ANSWERABLE)
        self._others: deque[Kind] = deque(kind for kind in kinds if kind not in ANSWERABLE)
        self._only_others = not self._answerable
        self._writing = threading.Lock()

    def choose(self) -> list[Slot]:
        """Take the drafts that are tried next; none where nothing is left."""
        chosen: list[Slot] = []
        held, settled = self._spread.copy(), self._asked.copy()
        blocked: set[Kind] = set()
        while len(chosen) < WINDOW and (kind := self._next_kind(chosen, blocked)):
            if slot := self._take(kind, settled):
                self._count(slot)
                chosen.append(slot)
            else:
                blocked.add(kind)
        self._spread, self._asked = held, settled
        return chosen

    def attempt(self, slot: Slot) -> Tried | None:
        """Write and check a draft, unless it is known what became of it; None where the budget is spent."""
        if known := self.ledger.tried.get(slot.id):
            return known
        try:
            tried = self._try(slot)
        except OverBudget as error:
            self.over_budget = str(error)
            return None
        with self._writing:
            self.ledger.add(tried)
        return tried

    def settle(self, slot: Slot, tried: Tried) -> None:
        """Keep what became of a draft; a kind whose draft was dropped has its turn again."""
        case, reason = tried.case, tried.reason
        if case and (like := self.checks.repeats(case)):
            case, reason = None, like
        easy = [EASY in one.tags for one in self.cases if one.answerable]
        if case and case.answerable and EASY in case.tags and 0 < sum(easy) > MOST_EASY * (len(easy) + 1) - 1:
            case, reason = None, TOO_EASY
        self._done.append(Tried.of(slot.id, slot.kind, case, reason, ()))
        if case:
            self.checks.accept(case)
            self.cases.append(case)
            self._count(slot)
            self._failures[slot.kind] = 0
            return
        self._failures[slot.kind] += 1
        turns = self._answerable if slot.kind in ANSWERABLE else self._others
        if slot.kind in turns:
            turns.remove(slot.kind)
            turns.appendleft(slot.kind)
        if slot.draft is None and self._failures[slot.kind] >= GIVE_UP:
            self._waiting[slot.kind].clear()

    def report(self, count: int) -> Generated:
        """Say what there is."""
        dropped: dict[str, Counter[str]] = {}
        for one in self._done:
            if not one.case:
                dropped.setdefault(one.kind, Counter())[one.reason] += 1
        enough = len(self.cases) >= count
        known = self.ledger.tried
        return Generated(
            cases=tuple(self.cases[:count]),
            tried=dict(Counter(tried.kind for tried in self._done)),
            accepted=dict(Counter(tried.kind for tried in self._done if tried.case)),
            dropped={kind: dict(reasons.most_common()) for kind, reasons in dropped.items()},
            stopped="" if enough else self.over_budget or "the passages give no more",
            cost_usd=self.ledger.cost_usd,
            prompt_tokens=sum(known[tried.slot].prompt_tokens for tried in self._done),
            completion_tokens=sum(known[tried.slot].completion_tokens for tried in self._done),
        )

    def _next_kind(self, chosen: Sequence[Slot], blocked: Collection[Kind]) -> Kind | None:
        """Take an unanswerable kind where fewer than a third are; alone they go on until they are half."""
        answerable: list[Kind] = [kind for kind in self._answerable if self._waiting[kind]]
        others: list[Kind] = [kind for kind in self._others if self._waiting[kind]]
        self._answerable, self._others = deque(answerable), deque(others)
        count = len(self.cases) + len(chosen) + 1
        unanswerable = 1 + sum(not case.answerable for case in self.cases)
        unanswerable += sum(slot.kind not in ANSWERABLE for slot in chosen)
        parts = 3 if self._answerable else 1 if self._only_others else 2
        turns: deque[Kind] = self._others if unanswerable * parts <= count and self._others else self._answerable
        kind: Kind | None = next((kind for kind in turns if kind not in blocked), None)
        if kind:
            turns.remove(kind)
            turns.append(kind)
        return kind

    def _take(self, kind: Kind, settled: set[tuple[str, str]]) -> Slot | None:
        """Take the best draft whose sentences nobody asks about; those that are only being tried may come free."""
        waiting = [slot for slot in self._waiting[kind] if not set(_sentences(slot)) & settled]
        free = [slot for slot in waiting if not set(_sentences(slot)) & self._asked]
        best = min(free, key=self._rank, default=None)
        self._waiting[kind] = [slot for slot in waiting if slot is not best]
        return best

    def _rank(self, slot: Slot) -> list[int]:
        """Documents without a case come first, then topics, documents and sections with few."""
        counts = [self._spread[name] for name in _strata(slot)]
        is_new = slot.places and slot.kind not in UNTOLD and not counts[1]
        return [0 if is_new else 1, *counts]

    def _count(self, slot: Slot) -> None:
        self._spread.update(_strata(slot))
        self._asked.update(_sentences(slot))

    def _try(self, slot: Slot) -> Tried:
        written = self.generator.write(slot)
        if written.draft is None:
            return Tried.of(slot.id, slot.kind, None, written.reason, written.replies)
        checked = self.checks.check(written.draft)
        case = None if checked.reason else finish(written.draft)
        if case and self.quote and case.expected and gives(self.quote(case), written.draft):
            case = replace(case, tags=(*case.tags, EASY))
        return Tried.of(slot.id, slot.kind, case, checked.reason, (*written.replies, *checked.replies))


def _strata(slot: Slot) -> list[tuple[str, str]]:
    """Name the topic, the document and the section of a draft, in the order in which they are to be spread."""
    topic = (slot.kind, slot.draft.topic if slot.draft else "")
    if not slot.places:
        return [topic]
    passage = slot.places[0].passage
    section = passage.headings[-1] if passage.headings else str(passage.page or passage.number)
    return [topic, ("document", passage.source), ("section", f"{passage.source} {section}")]


def _sentences(slot: Slot) -> Iterator[tuple[str, str]]:
    """Name the sentences of a draft; a row of a table holds several cells, a list is one sentence."""
    for place in slot.places if slot.kind not in UNTOLD else ():
        row = slot.draft.topic if slot.draft and place.quote.startswith("|") else ""
        yield place.passage.source, f"{' '.join(place.quote.split())} {row}".strip()
