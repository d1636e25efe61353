"""Which release an alias stands for: one small file, replaced whole, and a log of every switch.

Enters: what is to be served under a name. Leaves: the same for whoever serves. A reader, or a kill at any moment, finds
the state before a switch or after it. All is ordered by one number, which no clock decides.

    .scoville/releases/
      state.json        the last number; for each alias what it stood for, one after the other; the last switch
      log.jsonl         every switch: who, when, what, why
      lock              held for a switch, which takes no time: not by who adds documents
"""

import getpass
import json
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scoville.errors import DamagedRelease, StorageError, UsageError, WorkspaceError
from scoville.index import Workspace
from scoville.release.release import FOLDER, releases_of
from scoville.storage import Journal, storage_errors, write_whole

FILE = "state.json"
LOG = "log.jsonl"
PRODUCTION = "production"
MOST_KEPT = 20
"""So many switches of an alias can be taken back, one after the other."""
LOCK_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What an alias stands for."""

    release: str
    canary: str = ""
    """The release that a share of the questions is answered by."""
    percent: float = 0.0
    shadow: str = ""
    """The release that is asked as well, and whose answers nobody is shown."""

    @property
    def names(self) -> list[str]:
        """All releases that it takes."""
        return [name for name in (self.release, self.canary, self.shadow) if name]


Stack = tuple[Target, ...]
"""What an alias stood for, one after the other, the present one last."""


@dataclass(frozen=True, kw_only=True)
class State:
    """What is served."""

    number: int = 0
    """Of the last release or switch."""
    aliases: Mapping[str, Stack] = field(default_factory=dict[str, Stack])
    """By name."""
    last: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The last switch, as the log has it."""

    @property
    def targets(self) -> dict[str, Target]:
        """What each alias stands for now."""
        return {alias: stack[-1] for alias, stack in self.aliases.items()}


def read_state(workspace: Workspace) -> State:
    """Read what is served; DamagedRelease where that cannot be read."""
    path = state_path(workspace)
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        aliases = {name: tuple(Target(**one) for one in stack) for name, stack in saved["aliases"].items()}
        return State(number=saved["number"], aliases=aliases, last=saved["last"])
    except FileNotFoundError:
        return State()
    except (OSError, ValueError, KeyError, TypeError) as error:
        advice = f"remove it and promote again; {LOG} beside it says what was served"
        raise DamagedRelease(f"{path} cannot be read ({error!r:.200}): {advice}") from None


def state_path(workspace: Workspace) -> Path:
    """Give the file that says what is served; it is replaced with each switch."""
    return workspace.folder / FOLDER / FILE


def switch(
    workspace: Workspace, alias: str, change: Callable[[Stack], Stack], *, what: str, by: str, **about: Any
) -> State:
    """Change what an alias stands for, and write down who did that and why; all of it, or nothing.

    ``change`` is given what it stood for, the present one last, and gives the same as it shall be.
    """

    def changed(aliases: Mapping[str, Stack]) -> Mapping[str, Stack]:
        return {**aliases, alias: change(aliases.get(alias, ()))[-MOST_KEPT:]}

    return change_all(workspace, changed, what=what, by=by, alias=alias, **about)


def change_all(
    workspace: Workspace, change: Callable[[Mapping[str, Stack]], Mapping[str, Stack]], *, what: str, by: str,
    alias: str = "", **about: Any,
) -> State:  # fmt: skip
    """Change what all aliases stand for, as :func:`switch` does with one."""
    with _locked(workspace):
        before = read_state(workspace)
        aliases = {name: stack for name, stack in change(before.aliases).items() if stack}
        number = _next(workspace, before)
        target = asdict(aliases[alias][-1]) if alias else {}
        row = {"number": number, "time": time.time(), "by": by, "what": what, "alias": alias, **target, **about}
        after = State(number=number, aliases=aliases, last=row)
        _complete_log(workspace, before)
        _write(workspace, after)
        with suppress(StorageError):  # the switch is made, and the next one writes it into the log
            _complete_log(workspace, after)
    return after


def reserve_number(workspace: Workspace) -> int:
    """Take the next number for a release."""
    with _locked(workspace):
        before = read_state(workspace)
        number = _next(workspace, before)
        _write(workspace, State(number=number, aliases=before.aliases, last=before.last))
    return number


def read_log(workspace: Workspace) -> list[dict[str, Any]]:
    """Give every release that was made and every switch, in their order."""
    made = [
        {key: one.manifest[key] for key in ("number", "time", "by")} | {"what": "release", "release": one.name}
        for one in releases_of(workspace) if _is_whole(one)
    ]  # fmt: skip
    last = read_state(workspace).last
    rows = {row["number"]: row for row in (*made, *_journal(workspace).rows(), *([dict(last)] if last else []))}
    return [rows[number] for number in sorted(rows)]


def taken_names(workspace: Workspace) -> set[str]:
    """Give the names that no new release may have: of aliases, and of releases that were removed."""
    state = read_state(workspace)
    removed = {row["release"] for row in read_log(workspace) if row["what"] == "remove"}
    return {PRODUCTION, *state.aliases, *removed}


def whoami() -> str:
    """Name who does something at this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without users
        return ""


def _is_whole(release: Any) -> bool:
    try:
        return bool(release.manifest)
    except (DamagedRelease, UsageError):
        return False


def _next(workspace: Workspace, state: State) -> int:
    """Give the next number, also where the file was lost and the releases were not."""
    return 1 + max([state.number, *(one.manifest["number"] for one in releases_of(workspace) if _is_whole(one))])


def _complete_log(workspace: Workspace, state: State) -> None:
    """Write the last switch into the log, where a kill between both kept it from there."""
    journal = _journal(workspace)
    if state.last and all(row["number"] != state.last["number"] for row in journal.rows()):
        journal.add(dict(state.last))


def _journal(workspace: Workspace) -> Journal:
    return Journal(workspace.folder / FOLDER / LOG)


def _write(workspace: Workspace, state: State) -> None:
    aliases = {name: [asdict(one) for one in stack] for name, stack in state.aliases.items()}
    values = {"number": state.number, "aliases": aliases, "last": dict(state.last)}
    write_whole(state_path(workspace), json.dumps(values, ensure_ascii=False, indent=1))


@contextmanager
def _locked(workspace: Workspace) -> Generator[None]:
    from filelock import FileLock, Timeout

    folder = workspace.folder / FOLDER
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(folder / "lock").acquire(timeout=LOCK_SECONDS)
    except Timeout:
        raise WorkspaceError(f"{folder} is being changed for {LOCK_SECONDS:g} s: does another process hang?") from None
    with lock:
        for leftover in folder.glob("*.tmp"):  # of a process that was killed
            leftover.unlink(missing_ok=True)
        yield
