"""What a ranker learns: a question, a text that answers it, and texts that the search finds beside it and that do not.

Enters: questions with their passages, a tokenizer. Leaves: pairs, and their batches without end. Knows no network.
"""

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from scoville.embed.network import LENGTH_STEP
from scoville.train.rows.grounded import Question

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A question with the texts that are, and are not, to be found for it."""

    id: str
    question: str
    texts: tuple[str, ...]
    """Each answers it."""
    negatives: tuple[str, ...]
    group: str = ""


def pairs_of(questions: Sequence[Question]) -> list[Pair]:
    """Make the pairs of the questions that have an answer; what is searched of a passage is what is learned."""
    return [
        Pair(
            id=one.id, question=one.searched or one.question,
            texts=tuple(dict.fromkeys(passage.searched for passage in one.evidence)),
            negatives=tuple(dict.fromkeys(passage.searched for passage in one.distractors)), group=one.group or one.id,
        )
        for one in questions
        if one.answer and one.evidence
    ]  # fmt: skip


def pairs_digest(pairs: Sequence[Pair]) -> str:
    """Hash what pairs hold, in whatever order."""
    written = sorted(json.dumps([one.question, one.texts, one.negatives]) for one in pairs)
    return hashlib.sha256("\n".join(written).encode()).hexdigest()[:16]


def batches_of(pairs: Sequence[Pair], size: int, seed: int) -> Iterator[list[Pair]]:
    """Give batches without end, each time the same; every pair comes once before any comes again.

    No two of a batch ask the same, since one's answer would count as wrong for the other.
    """
    for epoch in count():
        order = random.Random(f"{seed}:{epoch}").sample(pairs, len(pairs))
        for at in range(0, len(order), size):
            yield list({one.question: one for one in order[at : at + size]}.values())


def negatives_of(batch: Sequence[Pair], each: int, draw: random.Random) -> list[list[str]]:
    """Give each pair of a batch so many texts that do not answer it: hard ones first, then those of other pairs."""
    chosen: list[list[str]] = []
    for one in batch:
        hard = draw.sample(one.negatives, min(each, len(one.negatives)))
        others = [text for other in batch for text in other.texts if text not in {*one.texts, *hard}]
        chosen.append([*hard, *draw.sample(others, min(each - len(hard), len(others)))])
    return chosen


def padded(lists: Sequence[Sequence[int]], longest: int) -> "tuple[Tensor, Tensor]":
    """Write token ids as a tensor [n, length] with its mask; the length is rounded up, so that shapes stay few."""
    import torch

    most = max(len(ids) for ids in lists)
    length = min(-(-most // LENGTH_STEP) * LENGTH_STEP, longest)
    ids, mask = torch.zeros(len(lists), length, dtype=torch.long), torch.zeros(len(lists), length, dtype=torch.long)
    for line, tokens in enumerate(lists):
        ids[line, : len(tokens)] = torch.tensor(tokens)
        mask[line, : len(tokens)] = 1
    return ids, mask


def encode(tokenizer: "Tokenizer", texts: Sequence[str], longest: int) -> list[list[int]]:
    """Write texts as token ids of at most a length; the closing special token stays."""
    found = (encoding.ids for encoding in tokenizer.encode_batch(list(texts)))
    return [ids if len(ids) <= longest else ids[: longest - 1] + ids[-1:] for ids in found]
