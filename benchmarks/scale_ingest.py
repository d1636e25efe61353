"""Adding by many workers, simulated: where it stops growing, and what deaths, slow files and poisoned ones cost.

    python benchmarks/scale_ingest.py

It is the order of events of `scoville add --on …` (`index/ingest.py`, `index/executor.py`): one process lists, hands
items to the worker that is free first, takes what was made in the order of the list, at most so many ahead, and commits
what has 50,000 tokens or waited for five seconds; nothing is handed out during a commit. A worker that dies is started
again and its item tried again, three times in all. Lives are exponential, work is lognormal. Writes results/scale_ingest.md.
"""

import argparse
import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

HERE = Path(__file__).parent
COMMIT_TOKENS, COMMIT_SECONDS, TRIES = 50_000, 5.0, 3
FOREVER = float("inf")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A run. Seconds, items, tokens."""

    items: int = 20_000
    workers: int = 2
    ahead: float = 2
    """Items handed out ahead of what was taken, by worker."""
    work: float = 0.25
    """Mean of an item: reading, splitting, embedding, by one core."""
    spread: float = 1.0
    """Of its logarithm."""
    tokens: int = 600
    commit: float = 0.1
    """Of each commit, whatever is in it."""
    token_commit: float = 2.0e-6
    """Of each token in it."""
    life: float = FOREVER
    """Mean seconds that a worker lives."""
    start: float = 4.0
    """Until a new worker works."""
    slow: float = 0.0
    """Share of items that take ``slower`` times as long."""
    slower: float = 50.0
    poisoned: float = 0.0
    """Share of items that kill each worker, half-way."""
    seed: int = 0


class Outcome(NamedTuple):
    seconds: float
    busy: float
    """Share of the workers' time in which they worked on items."""
    set_aside: int
    """Items that ended as failures."""
    innocent: int
    """Of these, those that were not poisoned."""


def simulate(given: Setting) -> Outcome:
    """Run it."""
    rng = np.random.default_rng(given.seed)
    work = rng.lognormal(np.log(given.work) - given.spread**2 / 2, given.spread, given.items)
    work *= np.where(rng.random(given.items) < given.slow, given.slower, 1.0)
    poisoned = rng.random(given.items) < given.poisoned
    free = [given.start] * given.workers
    pending: deque[float] = deque()
    clock = since = worked = 0.0
    tokens = set_aside = innocent = 0

    def take() -> None:
        nonlocal clock, since, tokens
        clock = max(clock, pending.popleft())
        tokens += given.tokens
        if tokens >= COMMIT_TOKENS or clock - since >= COMMIT_SECONDS:
            clock += given.commit + tokens * given.token_commit
            since, tokens = clock, 0

    for seconds, kills in zip(work.tolist(), poisoned.tolist(), strict=True):
        taken, is_made = time_of(given, seconds, kills, rng.exponential)
        begun = max(clock, heapq.heappop(free))
        heapq.heappush(free, begun + taken)
        pending.append(begun + taken)
        worked += seconds if is_made else 0.0
        set_aside += not is_made
        innocent += not is_made and not kills
        if len(pending) > given.ahead * given.workers:
            take()
    while pending:
        take()
    clock += given.commit + tokens * given.token_commit
    return Outcome(clock, worked / clock / given.workers, set_aside, innocent)


def time_of(given: Setting, seconds: float, kills: bool, life: Callable[[float], float]) -> tuple[float, bool]:
    """Give how long an item holds its worker, with new workers in the place of dead ones, and whether it was made."""
    taken = 0.0
    for _ in range(TRIES):
        left = seconds / 2 if kills else (FOREVER if given.life == FOREVER else life(given.life))
        if left >= seconds:
            return taken + seconds, True
        taken += left + given.start
    return taken, False


def lost(seconds: float, life: float) -> float:
    """Give the chance that an item of so many seconds is set aside though nothing is wrong with it."""
    return (1 - float(np.exp(-seconds / life))) ** TRIES


def table() -> list[str]:
    """Give the Markdown table of each case with each number of workers."""
    plain = Setting()
    cases = {
        "nothing goes wrong": plain,
        "a worker lives 10 minutes": replace(plain, life=600),
        "a worker lives 1 minute": replace(plain, life=60),
        "a worker lives 10 s": replace(plain, life=10),
        "1 % of files take 50 times as long": replace(plain, slow=0.01),
        "the same, 8 files ahead by worker": replace(plain, slow=0.01, ahead=8),
        ".1 % of files kill every worker": replace(plain, poisoned=0.001),
        "large files: 5 s each": replace(plain, work=5, tokens=12_000, items=4_000),
        "large files, a worker lives 1 minute": replace(plain, work=5, tokens=12_000, items=4_000, life=60),
    }
    workers = (1, 2, 8, 32, 128, 512)
    rows = [
        "| Case | " + " | ".join(f"{count} workers" for count in workers) + " | set aside wrongly |",
        "|---" * (len(workers) + 2) + "|",
    ]
    for name, case in cases.items():
        found = [simulate(replace(case, workers=count)) for count in workers]
        shown = [f"{case.items / one.seconds:.1f} ({one.busy:.2f})" for one in found]
        rows.append(f"| {name} | {' | '.join(shown)} | {found[0].innocent / case.items:.3%} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "results/scale_ingest.md")
    given = parser.parse_args()
    head = [
        "# Adding by many workers, simulated",
        "",
        "Files a second, and the share of the workers' time spent on files (`benchmarks/scale_ingest.py`, which says what is assumed).",
        "",
    ]
    given.out.write_text("\n".join([*head, *table()]) + "\n")
    print(given.out.read_text())


if __name__ == "__main__":
    main()
