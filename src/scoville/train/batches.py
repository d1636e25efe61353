"""Rows in batches of like lengths, of a few shapes only.

Enters: rows of tokens. Leaves: an endless stream of batches, the same each time it is begun. Widths are multiples of 32
and the number of learned tokens is one of 64: each new shape costs the CPU's kernels memory that they keep, and a loop
over all shapes grew to 17 GB.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from scoville.train.loop import Batch
from scoville.train.tokens import Tokens

WIDTH, TARGETS = 32, 64
NOT_LEARNED = -100
"""The label that torch's cross-entropy leaves out."""
POOL = 64
"""How many batches are sorted by length together: more pad less, fewer mix better."""


@dataclass(frozen=True, kw_only=True)
class Batches:
    """Goes through the rows again and again, in another order each time."""

    rows: Sequence[Tokens]
    most_tokens: int
    """Of a batch, with padding; a longer row is a batch by itself."""
    seed: int

    def __iter__(self) -> Iterator[Batch]:
        epoch = 0
        while True:
            for part in self.plan(epoch):
                yield batch_of([self.rows[place] for place in part])
            epoch += 1

    def plan(self, epoch: int) -> list[list[int]]:
        """Say which rows are in each batch of a turn."""
        chance = random.Random(f"{self.seed}:{epoch}")
        order = list(range(len(self.rows)))
        chance.shuffle(order)
        longest = max(_width(len(row.ids)) for row in self.rows)
        pool = POOL * max(1, self.most_tokens // longest)
        parts: list[list[int]] = []
        for start in range(0, len(order), pool):
            near = sorted(order[start : start + pool], key=lambda place: -len(self.rows[place].ids))
            parts += self._cut(near)
        chance.shuffle(parts)
        return parts

    def _cut(self, places: Sequence[int]) -> Iterator[list[int]]:
        """Cut rows, the longest first, into batches."""
        start = 0
        while start < len(places):
            count = max(1, self.most_tokens // _width(len(self.rows[places[start]].ids)))
            yield list(places[start : start + count])
            start += count


def batch_of(rows: Sequence[Tokens]) -> Batch:
    """Pad rows on the right, where causal attention does not look: ``ids`` [rows, width], ``kept`` and ``labels`` [n].

    ``kept`` are the places, of all rows one behind the other, whose next token is learned; ``labels`` are these tokens.
    """
    width = max(_width(len(row.ids)) for row in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    kept: list[int] = []
    labels: list[int] = []
    for number, row in enumerate(rows):
        ids[number, : len(row.ids) - 1] = torch.tensor(row.ids[:-1])
        kept += range(number * width + row.learned - 1, number * width + len(row.ids) - 1)
        labels += row.ids[row.learned :]
    filling = -len(labels) % TARGETS
    return Batch(
        tensors={
            "ids": ids,
            "kept": torch.tensor(kept + [0] * filling),
            "labels": torch.tensor(labels + [NOT_LEARNED] * filling),
        },
        targets=len(labels),
        tokens=sum(len(row.ids) - 1 for row in rows),
    )


def _width(tokens: int) -> int:
    """Give the width of a row: its last token is only ever a label."""
    return max(WIDTH, (tokens - 1 + WIDTH - 1) // WIDTH * WIDTH)
