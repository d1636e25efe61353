"""What a generator writes before it is a case: a question with the sentences that answer it.

Enters: passages. Leaves: drafts, and cases made of them. Knows no generator and no check.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from scoville.cases.files import make_id
from scoville.types import Case, Evidence, Message, Passage, Reply

Kind = Literal[
    "fact", "table", "multi_hop", "comparison", "follow_up",
    "left_out", "missing_attribute", "unknown_entity", "edited",
    "underspecified", "false_premise", "nonsensical", "out_of_scope", "safety", "modality",
]  # fmt: skip
ANSWERABLE: tuple[Kind, ...] = ("fact", "table", "multi_hop", "comparison", "follow_up")
UNANSWERABLE: tuple[Kind, ...] = (
    "left_out", "underspecified", "edited", "false_premise", "unknown_entity", "out_of_scope", "missing_attribute",
    "safety", "nonsensical", "modality",
)  # fmt: skip
"""The four that are near to what the documents say, and the six of UAEval4RAG (Peng et al., 2024), by turns."""
KINDS: tuple[Kind, ...] = (*ANSWERABLE, *UNANSWERABLE)
TAG, EASY = "generated", "easy"


class Place(NamedTuple):
    """A part of a passage that answers, or that says otherwise."""

    passage: Passage
    start: int
    end: int

    @property
    def quote(self) -> str:
        """Its text, word for word."""
        return self.passage.text[self.start : self.end]

    @property
    def id(self) -> tuple[str, int, int]:
        """Name it."""
        return self.passage.id, self.start, self.end

    @property
    def page(self) -> int | None:
        """The page that it begins on."""
        first = self.passage.start + self.start
        boxes = self.passage.boxes(first, self.passage.start + self.end)
        return boxes[0].page if boxes else self.passage.page


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftCase:
    """A case that nobody has checked yet."""

    kind: Kind
    question: str
    expected: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    """Each is needed, where there are several."""
    held: tuple[str, ...] = ()
    """What each place says of the answer; empty where each says all of it."""
    history: tuple[Message, ...] = ()
    original: str = ""
    """What was changed: the whole question of a follow-up, the answer of what is left out, the true sentence."""
    subject: str = ""
    """The words that say what is asked about; a follow-up leaves them to the turns before."""
    where: str = ""
    """What the case is asked without: see ``Case.where``."""
    topic: str = ""
    """What is asked for, such as the name of a column: topics take turns."""


class Slot(NamedTuple):
    """A task for a generator: the same for the same passages and seed, before any model was asked."""

    id: str
    kind: Kind
    places: tuple[Place, ...]
    """What is to be asked about."""
    draft: DraftCase | None = None
    """There already where no model is needed to write it."""


class Written(NamedTuple):
    """What a generator made of a slot."""

    draft: DraftCase | None
    reason: str = ""
    """Why there is no draft."""
    replies: tuple[Reply, ...] = ()


class Generator(Protocol):
    """Writes drafts from passages."""

    @property
    def name(self) -> str:
        """Name it as the command line does, with its model."""
        ...

    def slots(self, kind: Kind) -> Sequence[Slot]:
        """List the tasks of a kind in the order in which they are to be tried. Asks no model."""
        ...

    def write(self, slot: Slot) -> Written:
        """Do one task."""
        ...


def finish(draft: DraftCase) -> Case:
    """Make a case of a draft."""
    return Case(
        id=make_id(draft.question, draft.history),
        question=draft.question,
        history=draft.history,
        expected=draft.expected,
        evidence=tuple(Evidence(document=one.passage.source, page=one.page, quote=one.quote) for one in draft.places),
        answerable=draft.kind in ANSWERABLE,
        tags=(TAG, draft.kind),
        where=draft.where,
    )


def without(passage: Passage) -> str:
    """Write the filter that keeps a passage out, with its page, or its document where there are no pages."""
    source = passage.source.replace('"', '""')
    if passage.page is None:
        return f'document != "{source}"'
    return f'not (document = "{source}" and page = {passage.page})'


def is_kept_out(passage: Passage, withheld: Sequence[Place]) -> bool:
    """Say whether that filter keeps a passage out."""
    return any((one.passage.source, one.passage.page) == (passage.source, passage.page) for one in withheld)


def slot_id(kind: Kind, *parts: str) -> str:
    """Name a slot by its kind and what it is made of."""
    return f"{kind}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"
