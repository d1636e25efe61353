"""Text as it is written, its markers whole: a client that draws ``[1]`` as a link never sees ``[`` alone.

Enters: what takes pieces of an answer. Leaves: the same, in pieces that do not end within a marker.
"""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager

BEGUN = re.compile(r"(?:\[[^\]\n]{0,24}|【[^】\n]{0,24})$")
"""What may become a marker; what goes on for longer is none."""


@contextmanager
def unbroken(on_text: Callable[[str], None] | None) -> Generator[Callable[[str], None] | None]:
    """Give what takes pieces and passes them on, keeping a marker that has begun until it is whole."""
    if on_text is None:
        yield None
        return
    kept = ""

    def write(piece: str) -> None:
        nonlocal kept
        text = kept + piece
        begun = BEGUN.search(text)
        cut = begun.start() if begun else len(text)
        kept = text[cut:]
        if cut:
            on_text(text[:cut])

    yield write
    if kept:
        on_text(kept)
