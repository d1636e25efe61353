"""What became of each slot, on disk, so that a killed generation goes on where it was.

Enters: slots that were tried. Leaves: the same, read back. A line is written and flushed for each; a kill loses at most
the one under way. Knows no generator and no check.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from scoville.cases.files import case_json, case_of
from scoville.errors import UsageError
from scoville.storage import Journal, storage_errors
from scoville.types import Case, Reply

FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """What became of one slot."""

    slot: str
    kind: str
    case: Case | None
    reason: str = ""
    """Why there is no case."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0

    @classmethod
    def of(cls, slot: str, kind: str, case: Case | None, reason: str, replies: Sequence[Reply]) -> Self:
        """Add up what the replies took."""
        return cls(
            slot=slot, kind=kind, case=case, reason=reason,
            prompt_tokens=sum(reply.prompt_tokens for reply in replies),
            completion_tokens=sum(reply.completion_tokens for reply in replies),
            cost_usd=sum(reply.cost_usd or 0.0 for reply in replies),
        )  # fmt: skip


class Ledger:
    """A file of tried slots."""

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        """Open a file, or begin it; UsageError when it was begun with other settings."""
        self.path = path
        self.tried: dict[str, Tried] = {}
        self._journal = Journal(path)
        header = {"format": FORMAT, **settings}
        with storage_errors(path):
            rows = list(self._journal.rows())
        if rows:
            self._read(rows, header)
        else:
            self._journal.add(header)

    @property
    def cost_usd(self) -> float:
        """What the models took so far, over all runs."""
        return sum(tried.cost_usd for tried in self.tried.values())

    def add(self, tried: Tried) -> None:
        """Write down what became of a slot."""
        self.tried[tried.slot] = tried
        self._journal.add({**asdict(tried), "case": case_json(tried.case) if tried.case else None})

    def _read(self, rows: Sequence[dict[str, Any]], header: Mapping[str, Any]) -> None:
        try:
            begun, found = {"format": rows[0]["format"], **rows[0]}, [_tried(row) for row in rows[1:]]
        except (TypeError, KeyError, UsageError):
            raise UsageError(f"{self.path} is damaged: remove it to begin again") from None
        others = [key for key, value in header.items() if begun.get(key) != value]
        if others:
            raise UsageError(
                f"{self.path} was begun with other settings ({', '.join(others)}): remove it to begin again, or write "
                "to another file with --out"
            )
        self.tried = {tried.slot: tried for tried in found}


def _tried(row: dict[str, Any]) -> Tried:
    values: dict[str, Any] = {**row, "case": case_of(row["case"]) if row["case"] else None}
    return Tried(**values)
