"""The turns of conversations, in the workspace's database.

Enters: turns, without personal data where the recipe says so. Leaves: the turns of a conversation, and a list of all.
What is older than the recipe's retention time is deleted whenever this is opened; what is deleted is gone from the
disk, and so are the traces of these questions. Knows no model.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from scoville.errors import UsageError
from scoville.personal import Redact
from scoville.track.store import FILE_NAME, Store

NAME = re.compile(r"[\w.-]{1,100}")
ALL = "all"
DAY_SECONDS = 86_400


class Turn(NamedTuple):
    """A question and its answer."""

    question: str
    answer: str
    """Without the numbers of its citations."""
    refused: bool
    time: float
    """When it was asked, in Unix time."""


class Listed(NamedTuple):
    """A conversation in a list."""

    id: str
    turns: int
    first_question: str
    last_time: float
    """When its last question was asked, in Unix time."""


class Conversations:
    """All conversations of one workspace; several processes may use them."""

    def __init__(self, folder: Path, redact: Redact, retention_days: float | None, flush: Callable[[], None]) -> None:
        """``folder`` is that of the workspace's records; ``flush`` waits until all traces are among them."""
        self._path = folder / FILE_NAME
        self._redact = redact
        self._flush = flush
        if retention_days is not None:
            self._delete("time < ?", time.time() - retention_days * DAY_SECONDS)

    def all(self) -> list[Listed]:
        """List the conversations, the one that was asked last first."""
        with Store(self._path) as store:
            rows = store.query(
                "SELECT conversation, count(*), (SELECT question FROM turns WHERE conversation = t.conversation "
                "ORDER BY id LIMIT 1), max(time) FROM turns t GROUP BY conversation ORDER BY max(time) DESC"
            )
        return [Listed(*row) for row in rows]

    def turns(self, conversation: str) -> list[Turn]:
        """Give the turns of a conversation in their order; none where there is no such conversation."""
        with Store(self._path) as store:
            rows = store.query(
                "SELECT question, answer, refused, time FROM turns WHERE conversation = ? ORDER BY id", (conversation,)
            )
        return [Turn(question, answer, bool(refused), asked) for question, answer, refused, asked in rows]

    def add(self, conversation: str, turn: Turn, trace_id: str) -> None:
        """Store a turn, without personal data."""
        row = (conversation, turn.time, self._redact(turn.question), self._redact(turn.answer), turn.refused, trace_id)
        with Store(self._path) as store:
            store.write(
                "INSERT INTO turns (conversation, time, question, answer, refused, trace_id) VALUES (?, ?, ?, ?, ?, ?)",
                [row],
            )

    def forget(self, conversation: str) -> int:
        """Delete a conversation, or ``all``, with its traces; give how many turns that were."""
        return self._delete("1") if conversation == ALL else self._delete("conversation = ?", conversation)

    def _delete(self, which: str, *values: object) -> int:
        self._flush()
        with Store(self._path) as store:
            with store.writing():
                count: int = store.query(f"SELECT count(*) FROM turns WHERE {which}", values)[0][0]  # noqa: S608
                if count:
                    traces = f"SELECT trace_id FROM turns WHERE {which} AND trace_id != ''"  # noqa: S608
                    store.write(f"DELETE FROM spans WHERE trace_id IN ({traces})", [values])  # noqa: S608
                    store.write(f"DELETE FROM turns WHERE {which}", [values])  # noqa: S608
            if count:
                store.overwrite_deleted()
        return count


def check_name(name: str) -> str:
    """Give the id of a conversation; UsageError where it is none."""
    if name == ALL or not NAME.fullmatch(name):
        raise UsageError(
            f"conversation {name!r:.120}: expected at most 100 letters, digits, dots, - and _, and not {ALL!r}"
        )
    return name
