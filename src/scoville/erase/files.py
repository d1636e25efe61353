"""The files of a workspace without a document or a person in them.

Enters: a file and a subject. Leaves: the file without it, and how much of it there was. A line of JSON or a row of a
spreadsheet that is of a document goes; a whole JSON file, such as the header of a run, stays with marks in it; any
other text, such as a drawn page, is deleted. Each file is replaced by one rename. Weights, indexes and databases are
not for here.
"""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoville.erase.subject import GONE, Subject
from scoville.index import Workspace
from scoville.release.release import FOLDER as RELEASES
from scoville.storage import storage_errors, write_whole

FORGETTING = "forgetting.json"
"""The journal of one under way: hashes of words, and of a person the name."""
OWN = frozenset({"workspace.json", "seen.json", "failures.json", "forgotten.json", FORGETTING, "lock"})
"""What others here see to, or what holds no text."""
ERASURES = "erasures"
"""The folder of receipts, which name what was forgotten."""
BESIDE = ("cases", "rows")
"""Folders beside `.scoville` that Scoville writes to."""
CASES = frozenset({".jsonl", ".csv", ".json", ".state", ".tmp"})
"""What of these folders is Scoville's to change; the last is what a kill left of a file that was being replaced."""
LINES = frozenset({".jsonl", ".state", ".log"})
WEIGHTS = frozenset({".safetensors", ".gguf", ".pt", ".bin", ".onnx", ".lance"})


@dataclass(frozen=True, kw_only=True)
class Found:
    """What of a subject is in one place."""

    place: str
    """A file, from the folder of the workspace, or a table of a database or an index."""
    times: int


def own_files(workspace: Workspace) -> Iterator[tuple[Path, Path]]:
    """List the files that are Scoville's to change, each with its path within its folder."""
    for folder in (workspace.folder, *(workspace.root / name for name in BESIDE)):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and (folder == workspace.folder or path.suffix in CASES):
                yield path, path.relative_to(folder)


def text_files(workspace: Workspace) -> Iterator[Path]:
    """List those that may hold text; those of indexes, databases and releases are left out."""
    for path, within in own_files(workspace):
        is_apart = within.parts[0] in (*OWN, ERASURES, RELEASES) or any(
            part.endswith(".lance") for part in within.parts
        )
        if not (is_apart or path.is_symlink() or path.suffix in WEIGHTS or is_database(path)):
            yield path


def is_database(path: Path) -> bool:
    """Say whether a file is one of SQLite, or of those beside it."""
    return path.name.endswith((".db", ".db-wal", ".db-shm", ".db-journal"))


def erase_file(path: Path, subject: Subject, *, apply: bool) -> int:
    """Take a subject out of a file, or with ``apply`` False only count in how many places it is there."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, UnicodeDecodeError):  # the latter no text of ours: the check looks at its bytes
        return 0
    kept, count = _without(path.suffix, text, subject)
    if count and apply:
        if kept is None or not kept.strip():  # a file of no cases is an error to whoever reads it
            with storage_errors(path.parent):
                path.unlink(missing_ok=True)
        else:
            write_whole(path, kept)
    return count


def remove_empty_runs(workspace: Workspace) -> None:
    """Remove the runs of which no case is left."""
    for header in (workspace.folder / "runs").glob("*/run.json"):
        if not (header.parent / "cases.jsonl").exists():
            shutil.rmtree(header.parent)


def _without(suffix: str, text: str, subject: Subject) -> tuple[str | None, int]:
    """Give a text without a subject, None where the file is to go, and in how many places it was."""
    if suffix in LINES:
        return _lines(text, subject)
    if suffix == ".csv":
        return _rows(text, subject)
    if suffix == ".json":
        try:
            value = json.loads(text)
        except ValueError:
            pass
        else:
            blotted = subject.blotted(value)
            return json.dumps(blotted, ensure_ascii=False, indent=1), int(blotted != value)
    if not subject.touches(text):
        return text, 0
    return (subject.without(text) if subject.kind == "person" else None), 1


def _lines(text: str, subject: Subject) -> tuple[str, int]:
    kept: list[str] = []
    changed = 0
    for line in text.split("\n"):
        try:
            value: Any = json.loads(line)
        except ValueError:  # of a log, or cut off by a kill
            value = line
        left = subject.pruned(value)
        changed += left != value
        if left == value:
            kept.append(line)
        elif left is not GONE:
            kept.append(left if isinstance(left, str) else json.dumps(left, ensure_ascii=False))
    return "\n".join(kept), changed


def _rows(text: str, subject: Subject) -> tuple[str, int]:
    rows = list(csv.reader(io.StringIO(text)))
    left = [subject.pruned(row) for row in rows]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(row for row in left if row is not GONE)
    return out.getvalue(), sum(one != row for one, row in zip(left, rows, strict=True))
