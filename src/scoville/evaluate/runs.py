"""Runs on disk: everything that a system said to a set of cases, kept so that it can be scored again.

Enters: cases, the JSON of answers, scores. Leaves: the same, read back. Knows no system and no metric.

    .scoville/runs/<id>/
      run.json        what ran: system, recipe, models, versions, seed, the digest of the cases, whether it ended
      cases.jsonl     the cases, as they were
      results.jsonl   a line for each answer, written as it came; a kill loses at most the one under way
      scores.json     what the metrics said; written anew by each scoring
      lock            held by the process that asks; the system frees it however that process ends
"""

import json
import os
import platform
import secrets
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scoville.cases.files import case_json, cases_of, digest
from scoville.errors import UsageError, WorkspaceError
from scoville.evaluate.result import Result, result_of
from scoville.storage import Journal, storage_errors, write_whole
from scoville.types import Case, Score

FOLDER = "runs"
FORMAT = 1
LOOKING_SECONDS = 0.5
"""Who only looks whether a run is under way holds its lock for less than a millisecond; one who asks holds on."""


@dataclass(frozen=True)
class Run:
    """The folder of one run."""

    folder: Path

    @property
    def id(self) -> str:
        """The name of the run: when it began, and a random part."""
        return self.folder.name

    @property
    def header(self) -> dict[str, Any]:
        """What ran. Its ``status`` is ``stopped`` where the process that asked is gone, however it ended."""
        header = self._written_header()
        if header.get("status") == "running" and not self._is_held():
            header["status"] = "stopped"
        return header

    def _written_header(self) -> dict[str, Any]:
        try:
            header = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise WorkspaceError(f"{self.folder} is no run: {error}") from None
        if header.get("format", 0) > FORMAT:
            raise WorkspaceError(f"{self.folder} was written by a newer version of Scoville: install that")
        return header

    def cases(self) -> list[Case]:
        """Read the cases, as they were when it ran."""
        return cases_of(self.folder / "cases.jsonl")

    def saved(self) -> dict[str, dict[str, Any]]:
        """Read the JSON of every answer by the id of its case; a line that a kill cut off is left out."""
        found: dict[str, dict[str, Any]] = {}
        for value in Journal(self.folder / "results.jsonl").rows():
            if isinstance(value, dict) and isinstance(value.get("case"), str):
                found[value["case"]] = value
        return found

    def results(self) -> dict[str, Result]:
        """Read every answer by the id of its case."""
        return {name: result_of(name, saved) for name, saved in self.saved().items()}

    def scores(self) -> dict[str, dict[str, Score]]:
        """Read the scores: case id → metric → score; empty before the first scoring."""
        return {
            case: {metric: _score(metric, values) for metric, values in scores.items()}
            for case, scores in self._scored().get("cases", {}).items()
        }

    def summary(self) -> dict[str, Any]:
        """Read what was summed up over all cases; empty before the first scoring."""
        return self._scored().get("summary", {})

    def write_scores(self, scores: Mapping[str, Iterable[Score]], summary: Mapping[str, Any]) -> None:
        """Replace the scores."""
        cases = {
            case: {
                score.metric: {
                    key: value
                    for key in ("value", "reason", "version", "judge", "rounds")
                    if (value := getattr(score, key)) not in ("", 1, ()) or key == "value"
                }
                for score in found
            }
            for case, found in scores.items()
        }
        self._write("scores.json", {"cases": cases, "summary": dict(summary)})

    def update(self, **values: Any) -> None:
        """Change the header."""
        self._write("run.json", self._written_header() | values)

    @contextmanager
    def recording(self) -> Generator[Callable[[str, Mapping[str, Any]], None]]:
        """Hold the run, and give what writes the answer to a case; UsageError when another process holds it."""
        from filelock import FileLock, Timeout

        try:
            lock = FileLock(self.folder / "lock").acquire(timeout=LOOKING_SECONDS, poll_interval=0.01)
            with lock, storage_errors(self.folder):
                journal = Journal(self.folder / "results.jsonl")
                yield lambda case_id, saved: journal.add({**saved, "case": case_id})
        except Timeout:
            raise UsageError(f"run {self.id} is under way in another process") from None

    def _is_held(self) -> bool:
        """Say whether a process is asking; where that cannot be told, what the header says stands."""
        from filelock import FileLock, Timeout

        if not (self.folder / "lock").exists():
            return False
        try:
            with FileLock(self.folder / "lock").acquire(timeout=0):
                return False
        except (Timeout, OSError):
            return True

    def _scored(self) -> dict[str, Any]:
        try:
            return json.loads((self.folder / "scores.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            advice = f"scoville evaluate --score {self.id}"
            raise WorkspaceError(f"the scores of {self.id} cannot be read ({error}): {advice}") from None

    def _write(self, name: str, value: Any) -> None:
        write_whole(self.folder / name, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False))


def _score(metric: str, values: Mapping[str, Any]) -> Score:
    given: dict[str, Any] = {**values, "rounds": tuple(values.get("rounds", ()))}
    return Score(metric=metric, **given)


def create_run(runs: Path, cases: Sequence[Case], header: Mapping[str, Any]) -> Run:
    """Begin a run in the folder of runs."""
    now = datetime.now(UTC)
    milliseconds, more = divmod(now.microsecond, 1000)
    # By name is by time; the last sign parts processes that begin one at once.
    run = Run(runs / f"{now:%Y%m%d-%H%M%S}-{milliseconds:03}{more:03x}{secrets.token_hex(1)[0]}")
    with storage_errors(runs):
        run.folder.mkdir(parents=True)
    lines = (json.dumps(case_json(case), ensure_ascii=False) for case in cases)
    write_whole(run.folder / "cases.jsonl", "".join(f"{line}\n" for line in lines))
    values = {
        "format": FORMAT, "id": run.id, "status": "running", "started": now.isoformat(timespec="seconds"),
        "cases": len(cases), "cases_digest": digest(cases), "machine": machine(), **header,
    }  # fmt: skip
    write_whole(run.folder / "run.json", json.dumps(values, ensure_ascii=False, indent=1))
    return run


def list_runs(runs: Path) -> list[Run]:
    """List the runs, oldest first."""
    return [Run(folder) for folder in sorted(runs.glob("*")) if (folder / "run.json").is_file()]


def find_run(runs: Path, name: str) -> Run:
    """Find a run by its id, the beginning or the end of it, a folder, ``latest``, or the name that it was given.

    Of several with a name it is the newest.
    """
    known = list_runs(runs)
    if name == "latest" and known:
        return known[-1]
    if (Path(name) / "run.json").is_file():
        return Run(Path(name))
    ids = [run.id for run in known]
    if not any(given.startswith(name) or given.endswith(name) for given in ids):
        named = next((run for run in reversed(known) if name and run.header.get("system") == name), None)
        if named:
            return named
    return Run(runs / whole_name(name, ids, "run", "scoville evaluate CASES"))


def whole_name(given: str, known: Sequence[str], kind: str, made_by: str) -> str:
    """Find the one name that begins or ends as it was given; UsageError, with the names, where there is no such one."""
    found = [name for name in known if given and (name.startswith(given) or name.endswith(given))]
    if len(found) == 1:
        return found[0]
    listed = ", ".join((found or known)[-5:]) or f"none yet: `{made_by}` makes one"
    raise UsageError(f"{kind} {given!r}: {'several' if found else 'no'} {kind}s have that name; there are {listed}")


def machine() -> dict[str, Any]:
    """Say what it ran on."""
    return {
        "system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count(),
        "python": platform.python_version(),
    }  # fmt: skip
