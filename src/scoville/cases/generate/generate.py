"""From few examples and many passages to checked cases.

Enters: a generator, checks, the kinds that are wanted, a ledger. Leaves: cases, and how many drafts were dropped for
which reason. The kinds take turns until each has its share or nothing is left to try. The same passages, seed and
models give the same cases; more cases are asked for, the first ones stay.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scoville.at_once import in_order
from scoville.cases.generate.checks import Checks
from scoville.cases.generate.draft import Generator, Kind, Slot, finish
from scoville.cases.generate.ledger import Ledger, Tried
from scoville.errors import OverBudget
from scoville.types import Case

GIVE_UP = 30
"""After so many drafts of a kind in a row that were dropped, a generator that asks a model gives the kind up."""

OnCase = Callable[[str, int, int], None]
"""Told what was tried last, and how many cases there are, of how many."""


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
    on_case: OnCase | None = None,
) -> Generated:
    """Write and check drafts until there are ``count`` cases; as many kinds at once as there are ``workers``.

    A case is compared with others of its kind only, so that the cases do not depend on ``workers``. ``seeds`` are cases
    that new ones must not repeat. What the ledger knows is not tried again. It ends where the budget of a model does.
    """
    for seed in seeds:
        checks.accept(seed)
    turns = _Turns(generator, checks, ledger)
    cases: list[Case] = []
    waiting = deque(turns.cases(kind) for kind in kinds)
    while waiting and len(cases) < count:
        batch = [waiting.popleft() for _ in range(min(len(waiting), count - len(cases)))]
        for number, case in enumerate(in_order(lambda found: next(found, None), batch, workers)):
            if case:
                waiting.append(batch[number])
                cases.append(case)
                if on_case:
                    on_case(case.question, len(cases), count)
    return turns.report(cases, count)


class _Turns:
    """Tries the slots of each kind."""

    def __init__(self, generator: Generator, checks: Checks, ledger: Ledger) -> None:
        self.generator = generator
        self.checks = checks
        self.ledger = ledger
        self.over_budget = ""
        """Why a model is asked no more; empty while it is."""
        self.done: list[Tried] = []
        self._writing = threading.Lock()

    def cases(self, kind: Kind) -> Iterator[Case]:
        """Give the cases of a kind one after the other."""
        failures = 0
        for slot in self.generator.slots(kind):
            tried = self.ledger.tried.get(slot.id)
            if tried is None:
                try:
                    tried = self._try(slot)
                except OverBudget as error:
                    self.over_budget = str(error)
                    return
                with self._writing:
                    self.ledger.add(tried)
            self.done.append(tried)
            failures = 0 if tried.case else failures + 1
            if tried.case:
                self.checks.accept(tried.case)
                yield tried.case
            elif failures >= GIVE_UP and slot.draft is None:
                return

    def report(self, cases: Sequence[Case], count: int) -> Generated:
        dropped: dict[str, Counter[str]] = {}
        for one in self.done:
            if not one.case:
                dropped.setdefault(one.kind, Counter())[one.reason] += 1
        stopped = ""
        if len(cases) < count:
            stopped = self.over_budget or "the passages give no more"
        return Generated(
            cases=tuple(cases),
            tried=dict(Counter(tried.kind for tried in self.done)),
            accepted=dict(Counter(tried.kind for tried in self.done if tried.case)),
            dropped={kind: dict(reasons.most_common()) for kind, reasons in dropped.items()},
            stopped=stopped,
            cost_usd=self.ledger.cost_usd,
            prompt_tokens=sum(tried.prompt_tokens for tried in self.done),
            completion_tokens=sum(tried.completion_tokens for tried in self.done),
        )

    def _try(self, slot: Slot) -> Tried:
        written = self.generator.write(slot)
        if written.draft is None:
            return Tried.of(slot.id, slot.kind, None, written.reason, written.replies)
        checked = self.checks.check(written.draft)
        case = None if checked.reason else finish(written.draft)
        return Tried.of(slot.id, slot.kind, case, checked.reason, (*written.replies, *checked.replies))
