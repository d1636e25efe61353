"""Which cases stand and fall together. Enters: cases. Leaves: the name of each one's cluster. Knows no score."""

from collections.abc import Iterable

from scoville.evaluate.statistics import LEAST_CLUSTERS
from scoville.types import Case


def clusters_of(cases: Iterable[Case]) -> tuple[str, dict[str, str]]:
    """Give for each case what it shares with others that stand and fall with it: the document of its evidence.

    Of fewer than ten documents nothing can be said of others, so that the pages are the clusters, and what is said
    holds for these documents. A case without evidence stands alone.
    """
    places = {case.id: case.evidence[0] if case.evidence else None for case in cases}
    documents = {place.document for place in places.values() if place}
    by = "document" if len(documents) >= LEAST_CLUSTERS else "page"
    names = {
        case_id: f"case {case_id}" if not place else place.document if by == "document"
        else f"{place.document}#{place.page}"
        for case_id, place in places.items()
    }  # fmt: skip
    return by, names
