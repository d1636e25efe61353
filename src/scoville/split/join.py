"""Neighbouring passages become one, which is again a slice of their document.

Enters: consecutive passages of one document. Leaves: a passage. Needs no document, no embedder and no index.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from scoville.types import Passage


def join_passages(passages: Sequence[Passage]) -> Passage:
    """Join consecutive passages of one document to one exact slice of it.

    It begins as the first does: with its prefix, headings, page, number and joint. Its tokens are an estimate: what the
    later prefixes take is left out by their share of the characters. Raises ValueError for passages that do not follow
    each other.
    """
    if not passages:
        raise ValueError("no passages: expected at least one to join")
    first = passages[0]
    if len(passages) == 1:
        return first
    text, tokens = first.text, first.tokens
    for before, after in zip(passages, passages[1:], strict=False):
        _check_neighbours(before, after)
        overlap = max(before.end - after.start, 0)
        text += after.text[overlap:] if overlap else after.joint + after.text
        tokens += round(after.tokens * len(after.text) / max(len(after.content), 1))
    end = first.start + len(text)
    regions = sorted({region for passage in passages for region in passage.regions}, key=lambda region: region[:2])
    later = {(passage.start, passage.anchor) for passage in passages[1:] if passage.anchor}
    anchors = later.union(*(passage.anchors for passage in passages))
    return replace(
        first, id=passage_id(first.source, first.document_id, first.start, end, first.prefix),
        end=end, text=text, anchors=tuple(sorted(anchors)), regions=tuple(regions), tokens=tokens, summary="",
    )  # fmt: skip


def passage_id(source: str, document_id: str, start: int, end: int, prefix: str) -> str:
    """Name a passage by its source, content and place."""
    identity = "\x1f".join((source, document_id, str(start), str(end), prefix))
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def _check_neighbours(before: Passage, after: Passage) -> None:
    same = (before.source, before.document_id) == (after.source, after.document_id)
    if not same or after.number != before.number + 1:
        raise ValueError(
            f"passage {after.number} of {after.source!r} does not follow passage {before.number} of {before.source!r}; "
            "join neighbours of one document, in their order"
        )
