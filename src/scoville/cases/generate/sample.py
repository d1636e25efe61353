"""In which order passages are taken, so that every document and every page gets its share.

Enters: passages, a seed. Leaves: the same passages, dealt out. Knows no questions.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import TypeVar

from scoville.types import Passage

T = TypeVar("T")


def stratified(items: Sequence[T], passage_of: Callable[[T], Passage], seed: int) -> list[T]:
    """Deal items out: one of each document in turn, and within a document one of each page in turn.

    The order depends on the items and the seed alone, not on the order in which they come.
    """
    pages: dict[str, dict[int, list[T]]] = defaultdict(lambda: defaultdict(list))
    for item in sorted(items, key=lambda item: (passage_of(item).source, passage_of(item).number)):
        passage = passage_of(item)
        pages[passage.source][passage.page or 0].append(item)
    random_source = random.Random(seed)  # noqa: S311
    documents: list[list[T]] = []
    for source in sorted(pages):
        piles = list(pages[source].values())
        for pile in piles:
            random_source.shuffle(pile)
        random_source.shuffle(piles)
        documents.append(_in_turn(piles))
    random_source.shuffle(documents)
    return _in_turn(documents)


def _in_turn(piles: Sequence[Sequence[T]]) -> list[T]:
    absent = object()
    return [item for row in zip_longest(*piles, fillvalue=absent) for item in row if item is not absent]  # type: ignore[misc]
