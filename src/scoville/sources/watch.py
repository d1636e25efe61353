"""When files change: folders in, a tick for each burst of changes out.

Enters: paths. Leaves: one tick after the files below them have been quiet for a moment, and one every so often if that
is asked. Uses ``watchfiles`` (extra ``watch``) where it is installed and the system lets it, else looks at names, sizes
and times. Ticks say that something changed, not what: the next look finds that out, and so nothing can be missed.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from scoville.sources.files import folder_of
from scoville.sources.walk import walk

QUIET_SECONDS = 0.5
"""How long files are quiet at the end of a burst."""
LONGEST_BURST_SECONDS = 10.0
POLL_SECONDS = 2.0


def changes(
    places: Sequence[Path], *, every_seconds: float | None = None, announce: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    """Give a tick for each burst of changes below ``places``, and at least one every ``every_seconds``; never ends."""
    watched = sorted({_nearest(folder_of(place)) for place in places})
    if not watched:
        while True:
            time.sleep(every_seconds or POLL_SECONDS)
            yield
    try:
        import watchfiles
    except ImportError:
        announce(f'Looking every {POLL_SECONDS:g} s; `pip install "scoville[watch]"` lets the system tell at once.')
        yield from _poll(places, every_seconds)
        return

    def matters(_change: object, path: str) -> bool:
        below = (path[len(str(place)) :] for place in watched if path.startswith(str(place)))
        return not any(part.startswith(".") for name in below for part in name.split(os.sep))

    stop = threading.Event()
    try:
        for _ in watchfiles.watch(
            *watched, watch_filter=matters, debounce=int(LONGEST_BURST_SECONDS * 1000), step=int(QUIET_SECONDS * 1000),
            rust_timeout=int((every_seconds or 3600) * 1000), yield_on_timeout=every_seconds is not None,
            stop_event=stop, ignore_permission_denied=True,
        ):  # fmt: skip
            yield
    except OSError as error:  # too many folders for inotify
        announce(f"The system cannot watch these folders ({error}); looking every {POLL_SECONDS:g} s instead.")
        yield from _poll(places, every_seconds)
    finally:
        stop.set()


def _poll(places: Sequence[Path], every_seconds: float | None) -> Iterator[None]:
    before = _snapshot(places)
    due = time.monotonic() + (every_seconds or float("inf"))
    while True:
        time.sleep(min(POLL_SECONDS, max(0.0, due - time.monotonic())))
        now = _snapshot(places)
        if now != before:
            begun = time.monotonic()
            while time.monotonic() - begun < LONGEST_BURST_SECONDS:
                time.sleep(QUIET_SECONDS)
                before, now = now, _snapshot(places)
                if now == before:
                    break
        elif time.monotonic() < due:
            continue
        before = now
        due = time.monotonic() + (every_seconds or float("inf"))
        yield


def _snapshot(places: Sequence[Path]) -> dict[str, tuple[int, int, int]]:
    found: dict[str, tuple[int, int, int]] = {}
    for place in places:
        for file in walk(folder_of(place)).files:
            try:
                status = file.stat()
            except OSError:
                continue
            found[str(file)] = (status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def _nearest(path: Path) -> Path:
    """Give the nearest folder that is there: a file is often replaced, and its folder sees that."""
    path = path.absolute()
    while not os.path.isdir(path):
        path = path.parent
    return path
