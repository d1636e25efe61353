"""What automations remember: which causes are done, which alerts are on, which messages are not delivered yet.

Enters: a workspace's folder. Leaves: values that a kill leaves as they were before or after. Nothing here holds a
question or a word of a document: names, counts and shares only.

    .scoville/automations/
      state.json    replaced whole after each event
      log.jsonl     what happened, when, why, and how it ended
      lock          held while events are looked at, so that two processes do nothing twice
"""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from scoville.errors import WorkspaceError
from scoville.storage import Journal, storage_errors, write_whole

FOLDER = "automations"
LONGEST_REST = 6 * 3600.0
"""So long is an event left alone at most that cannot be looked at."""
MOST_WAITING = 1000
"""Messages that wait for a webhook; of more the oldest are dropped."""


@dataclass(kw_only=True)
class Kept:
    """What is remembered in a folder; :meth:`save` writes it."""

    folder: Path
    done: dict[str, Any] = field(default_factory=dict[str, Any])
    """For each event, up to where it was seen to."""
    failures: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """The events that could not be looked at: how often in a row, and until when each is left alone."""
    alerts: list[str] = field(default_factory=list[str])
    """The figures that are beyond their bounds."""
    waiting: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Messages for the webhook, the oldest first."""

    @classmethod
    def read(cls, folder: Path) -> "Kept":
        """Read it; WorkspaceError where the file is no such file."""
        path = folder / FOLDER / "state.json"
        try:
            return cls(folder=folder, **json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls(folder=folder)
        except (OSError, ValueError, TypeError) as error:
            raise WorkspaceError(
                f"{path} cannot be read ({error!r:.100}): remove it; what is due is then told once more"
            ) from None

    def save(self) -> None:
        """Write it, whole or not at all."""
        values = asdict(self)
        del values["folder"]
        write_whole(self.folder / FOLDER / "state.json", json.dumps(values, indent=1))

    def rests(self, event: str, now: float) -> bool:
        """Say whether an event that could not be looked at is left alone; a clock that was set back ends that."""
        known = self.failures.get(event)
        return known is not None and known["until"] - LONGEST_REST < now < known["until"]

    def note(self, row: Mapping[str, Any], *, tell: bool) -> None:
        """Write down what happened, and with ``tell`` have the webhook told."""
        Journal(self.folder / FOLDER / "log.jsonl").add(dict(row))
        if tell:
            self.waiting.append({"id": f"msg_{uuid4().hex}", "row": dict(row), "tries": 0, "next": 0.0})
            del self.waiting[:-MOST_WAITING]
        self.save()


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Give all that happened, in its order."""
    return list(Journal(folder / FOLDER / "log.jsonl").rows())


@contextmanager
def locked(folder: Path) -> Generator[bool]:
    """Keep other processes out; gives False where one is at it already."""
    from filelock import FileLock, Timeout

    with storage_errors(folder):
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / FOLDER / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
