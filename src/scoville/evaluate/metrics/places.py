"""Whether a passage or a citation is where the evidence of a case stands.

Enters: evidence, documents, pages, texts. Leaves: which evidence is met. Knows no ranking and no score.
"""

from collections.abc import Sequence
from functools import lru_cache

from scoville.answer.grounding import quote_stands_in
from scoville.evaluate.result import Cited, Retrieved
from scoville.sentences import content_words
from scoville.types import Evidence

PAGE_TOLERANCE = 1
"""People cite the page that they look at or the one printed on it: these are often one apart."""
HELD = 0.8
"""A passage holds a quote when it has this share of the quote's content words."""


def on_page(place: Retrieved | Cited, evidence: Evidence, tolerance: int = PAGE_TOLERANCE) -> bool:
    """Say whether a place touches the page of the evidence, or one at most ``tolerance`` away."""
    wanted = evidence.page
    return (
        evidence.is_in(place.document)
        and wanted is not None
        and any(abs(page - wanted) <= tolerance for page in place.pages)
    )


def holds_quote(place: Retrieved, evidence: Evidence) -> bool:
    """Say whether a passage of the document holds the quote: word for word, or most of its content words."""
    if not evidence.quote.strip() or not evidence.is_in(place.document):
        return False
    wanted = _words(evidence.quote)
    if wanted and len(wanted & _words(place.text)) >= HELD * len(wanted):
        return True
    return quote_stands_in(evidence.quote, place.text)


def points_at(place: Retrieved | Cited, evidence: Evidence, tolerance: int = PAGE_TOLERANCE) -> bool:
    """Say whether a place is the evidence's page, or its document where it names no page."""
    if evidence.page is None:
        return evidence.is_in(place.document)
    return on_page(place, evidence, tolerance)


def met_on_page(place: Retrieved | Cited, evidence: Sequence[Evidence], tolerance: int = PAGE_TOLERANCE) -> set[int]:
    """Give the numbers of the evidence at which a place points; where it is exactly on some pages, only those."""
    exact = {number for number, one in enumerate(evidence) if points_at(place, one, 0)}
    return exact or {number for number, one in enumerate(evidence) if points_at(place, one, tolerance)}


@lru_cache(maxsize=256)
def _words(text: str) -> frozenset[str]:
    return frozenset(content_words(text))
