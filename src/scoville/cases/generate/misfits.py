"""Questions that no documents could answer: nonsense, other subjects, what must be refused, what needs eyes and ears.

Enters: terms and titles of the documents. Leaves: drafts, by word lists for English. After the taxonomy of UAEval4RAG
(Peng et al., Unanswerability Evaluation for Retrieval Augmented Generation, 2024); the names of its kinds are kept.
That a list serves many documents is why each of its frames is used once before any is used again.
"""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scoville.cases.generate.draft import DraftCase, Kind, Place
from scoville.cases.generate.english import ENGLISH

FRAMES: tuple[Kind, ...] = ("nonsensical", "safety", "modality")


class Term(NamedTuple):
    """What the documents speak of, as it stands inside a sentence."""

    text: str
    place: Place


def misfits(kind: Kind, terms: Sequence[Term], source: random.Random) -> Iterator[DraftCase]:
    """Ask of what the documents speak of what no document can say."""
    frames: list[str] = list(ENGLISH[kind])
    for number, term in enumerate(terms):
        if number % len(frames) == 0:
            source.shuffle(frames)
        frame = frames[number % len(frames)]
        yield DraftCase(
            kind=kind,
            question=frame.format(term=term.text),
            places=(term.place._replace(end=term.place.start + len(term.place.quote.split("\n")[0])),),
            subject=term.text,
            topic=frame,
        )


def out_of_scope(source: random.Random) -> Iterator[DraftCase]:
    """Ask of something else."""
    for question, words in source.sample([*ENGLISH["out_of_scope"].items()], len(ENGLISH["out_of_scope"])):
        yield DraftCase(kind="out_of_scope", question=question, subject=words, topic=words)
