"""How far long work is, as the library tells it: nobody, a function, or a bar in a notebook.

The library draws nothing by itself. Work that takes long opens a bar for what it counts and tells it what is done;
who calls decides what a bar is. The command line has its own.
"""

import importlib
import sys
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

OnProgress = Callable[[str, int, int | None], None]
"""Told what is worked on, how many are done, and of how many (None: not known yet)."""
Bars = Callable[[str], AbstractContextManager[OnProgress]]
"""Opens a bar for so-called units: ``files``, ``cases``, ``bytes``."""
EVERY_SECONDS = 0.2


def default_bars() -> Bars:
    """Give bars for where this runs: drawn in a notebook, else nothing."""
    return notebook_bars if "ipykernel" in sys.modules else silent_bars


def bars_of(on_progress: OnProgress) -> Bars:
    """Give bars that tell a function, whatever is counted."""

    @contextmanager
    def bars(_unit: str) -> Generator[OnProgress]:
        yield on_progress

    return bars


@contextmanager
def silent_bars(_unit: str) -> Generator[OnProgress]:
    """Tell nobody."""
    yield lambda _what, _done, _total: None


@contextmanager
def notebook_bars(unit: str) -> Generator[OnProgress]:
    """Draw a bar below the cell of a notebook; it goes when the work is done. Needs no widgets."""
    from scoville.html import progress_html

    shown = importlib.import_module("IPython.display")
    handle = shown.display(shown.HTML(""), display_id=True)
    drawn = 0.0

    def draw(what: str, done: int, total: int | None) -> None:
        nonlocal drawn
        now = time.monotonic()
        if now - drawn >= EVERY_SECONDS:
            drawn = now
            handle.update(shown.HTML(progress_html(what, done, total, unit)))

    try:
        yield draw
    finally:
        handle.update(shown.HTML(""))
