"""What a search found, as a list that shows itself. Enters: a search's result. Leaves: hits, best first."""

from collections.abc import Sequence
from typing import overload

from scoville.html import place, shorten, table
from scoville.search import Found
from scoville.types import Hit


class HitList(Sequence[Hit]):
    """Hits, best first; ``found`` says how the search went."""

    def __init__(self, found: Found) -> None:
        self.found = found

    @overload
    def __getitem__(self, index: int) -> Hit: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Hit]: ...

    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        """Give a hit, or some."""
        return self.found.hits[index]

    def __len__(self) -> int:
        """Count them."""
        return len(self.found.hits)

    def __repr__(self) -> str:
        """Name each by its document and page, with its score."""
        named = [f"{one.passage.source}, page {one.passage.page}: {one.score:.3f}" if one.passage.page
                 else f"{one.passage.source}: {one.score:.3f}" for one in self]  # fmt: skip
        return f"[{'; '.join(named)}]"

    def _repr_html_(self) -> str:
        rows = [
            (
                str(number), hit.passage.source, place(hit.passage.page, hit.passage.anchor),
                " > ".join(hit.passage.headings), shorten(hit.passage.text), f"{hit.score:.3f}",
            )
            for number, hit in enumerate(self, start=1)
        ]  # fmt: skip
        return table(("", "document", "page", "section", "passage", "score"), rows)
