"""Which passages of an index hold the evidence of cases.

Enters: cases, an index. Leaves: passages. Evidence names a document, mostly a page, and at best the words themselves;
where it names no words, the passages of the page that hold most of the answer are taken. Only what everyone may read
is looked at: what a model was trained on, it says to whoever asks it.
"""

from collections.abc import Iterator, Sequence

from scoville.answer.grounding import quote_stands_in
from scoville.index import Index
from scoville.sentences import content_words
from scoville.types import Case, Evidence, Passage

EVERYONE: Sequence[str] = ()
"""The groups of a reader who has none."""
HELD = 0.6
"""A passage holds a quote or an answer when it has this share of its content words: people write it in their own."""


class Places:
    """Finds the passages of evidence; each document is read once."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._states = index.documents()
        self._read: dict[str, list[Passage]] = {}

    def sources(self) -> list[str]:
        """Name the documents."""
        return sorted(self._states)

    def passages(self, source: str) -> list[Passage]:
        """Give the passages of a document, in order."""
        if source not in self._read:
            self._read[source] = self._index.neighbours(source, 0, self._states[source].passages, groups=EVERYONE)
        return self._read[source]

    def of(self, case: Case) -> list[Passage]:
        """Give the passages that hold the evidence of a case, each once; none where it is not in the index."""
        found = {passage.id: passage for one in case.evidence for passage in self._of(one, case.expected)}
        return list(found.values())

    def near(self, cases: Sequence[Case]) -> set[str]:
        """Give the ids of all passages on the pages that the evidence of cases names, or with its words."""
        found: set[str] = set()
        for case in cases:
            for one in case.evidence:
                near = list(self._candidates(one))
                held = [passage for passage in near if one.quote and quote_stands_in(one.quote, passage.content)]
                if held or one.page is not None:
                    found |= {passage.id for passage in held or near}
                else:
                    found |= {passage.id for passage in self.of(case)}
        return found

    def _of(self, evidence: Evidence, expected: Sequence[str]) -> list[Passage]:
        near = list(self._candidates(evidence))
        exact = [passage for passage in near if evidence.quote and quote_stands_in(evidence.quote, passage.content)]
        if exact:
            return exact
        wanted = content_words(evidence.quote or " ".join(expected[:1]))
        shares = {passage.id: share(wanted, passage) for passage in near}
        best = max(shares.values(), default=0.0)
        return [passage for passage in near if best >= HELD and shares[passage.id] == best]

    def _candidates(self, evidence: Evidence) -> Iterator[Passage]:
        for source in self._states:
            if evidence.is_in(source):
                for passage in self.passages(source):
                    pages = {box.page for box in passage.boxes()} | {passage.page}
                    if evidence.page is None or evidence.page in pages:
                        yield passage


def share(wanted: set[str], passage: Passage) -> float:
    """Say what share of some words a passage has."""
    return len(wanted & content_words(passage.content)) / len(wanted) if wanted else 0.0
