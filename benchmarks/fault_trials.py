"""Commands that are killed, or that the machine fails, at a chosen file-system call; and what is left of the index.

Enters: a folder to work in. Leaves: for each command and each place what was wrong afterwards, as sentences. Nothing is
wrong when what was good before is still there, the next search works, the command can be repeated, and repeating it
gives what an undisturbed run gives. The calls are counted by a small library (faults.c) that a C compiler makes; they
are those of native libraries, too. Models are the fakes: what is tried is storage.
"""

import contextlib
import io
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple
from unittest import mock

from scoville.errors import EmptyIndex
from scoville.evaluate.runs import list_runs
from scoville.index import Workspace
from scoville.index.open import open_index
from scoville.recipe.file import load_recipe

HERE = Path(__file__).parent
FAKES = {"SCOVILLE_EMBED__MODEL": "fake", "SCOVILLE_LLM__MODEL": "fake", "SCOVILLE_PROMPT__STYLE": "passages"}
SECONDS = 120
SEARCH = ("search", "leave", "--json")
MAIL = """From: kim@example.com
Subject: Parking
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

Parking is free on Sundays.
--x
Content-Type: text/plain
Content-Disposition: attachment; filename=map.txt

The car park lies behind the mill.
--x--
"""
Kind = Literal["count", "kill", "full", "broken", "handles", "memory"]


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    err: str
    calls: int


@dataclass(frozen=True)
class Fault:
    """What fails, and where."""

    kind: Kind
    at: int
    """The call, from 1; of ``memory`` the address space in MB."""
    length: int = 0
    """How many calls fail; 0: all that follow."""

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}" + (f", {self.length} calls" if self.length else "")


@dataclass(frozen=True)
class Scenario:
    """A command, and what there is before it."""

    name: str
    words: tuple[str, ...]
    prepare: tuple[tuple[str, ...], ...] = ()
    """Commands that are run before."""
    change: Callable[[Path], None] = lambda root: None
    """What is done to the folder after them."""


@dataclass(frozen=True)
class State:
    """What an index holds, and what the workspace says of it."""

    documents: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """Text and groups by name."""
    failures: frozenset[str] = frozenset()
    answers: frozenset[tuple[str, str]] = frozenset()
    """Of the newest run: case and answer."""


def scenarios() -> tuple[Scenario, ...]:
    """List the commands that are tried."""
    add = (("add", "docs"),)
    return (
        Scenario("add", ("add", "docs")),
        Scenario("add what changed", ("add", "docs"), add, _change),
        Scenario("add --rebuild", ("add", "--rebuild"), add),
        Scenario("add --rebuild, new settings", ("add", "--rebuild"), add, _new_settings),
        Scenario("remove", ("remove", "docs/leave-1.txt", "docs/more"), add),
        Scenario("sync", ("sync",), (("sync",),), _change),
        Scenario("evaluate", ("evaluate", "cases.jsonl"), add),
    )


def make_folder(root: Path) -> None:
    """Write documents, one of which cannot be read, cases and a recipe with a folder for one group."""
    for name, text in {
        **{f"docs/leave-{number}.txt": f"Leave of kind {number} lasts {number} weeks." for number in range(1, 7)},
        "docs/more/a.md": "# Pay\n\nThe pay rises in May.", "docs/more/b.csv": "Name,Town\nMill,Example Town\n",
        "docs/mail.eml": MAIL, "docs/broken.pdf": "%PDF-1.7 and nothing else", "hr/board.txt": "The board meets.",
        "recipe.yaml": "sources:\n  - path: docs\n  - {path: hr, groups: [hr]}\n",
        "cases.jsonl": "".join(json.dumps({
            "id": f"c{number}", "question": f"How long is leave of kind {number}?", "expected": [f"{number} weeks"],
        }) + "\n" for number in range(1, 7)),
    }.items():  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def _change(root: Path) -> None:
    (root / "docs/leave-1.txt").write_text("Leave of kind 1 lasts 40 weeks.")
    (root / "docs/leave-2.txt").unlink()
    (root / "docs/new.txt").write_text("Bicycles stand in the yard.")


def _new_settings(root: Path) -> None:
    with (root / "recipe.yaml").open("a") as file:
        file.write("split: {size: 64}\n")


def build_library(folder: Path) -> Path | None:
    """Compile what makes calls fail; None where there is no C compiler, or no LD_PRELOAD."""
    compiler = shutil.which("cc")
    if not compiler or not sys.platform.startswith("linux"):
        return None
    library = folder / "faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, HERE / "faults.c", "-ldl"], check=True)
    return library


class Trials:
    """Trials of one scenario."""

    def __init__(self, scenario: Scenario, work: Path, library: Path) -> None:
        self.scenario = scenario
        self.work = work
        self.library = library
        self.base = work / "base"
        self.temporary = work / "tmp"
        shutil.rmtree(self.base, ignore_errors=True)
        make_folder(self.base)
        for words in scenario.prepare:
            in_process(self.base, words)
        scenario.change(self.base)
        self.searchable = not in_process(self.base, SEARCH)[0]
        self.before = state_of(self.base)
        root = self._copy()
        undisturbed = self.run(root, Fault("count", 0))
        if undisturbed.code < 0 or "Traceback" in undisturbed.err:
            raise RuntimeError(undisturbed.err)
        self.calls = undisturbed.calls
        """That change something."""
        self.after = state_of(root)
        self.code = undisturbed.code

    def count(self, kind: Kind) -> int:
        """Say how many calls of an undisturbed run a kind of fault could hit."""
        return self.run(self._copy(), Fault(kind, 1 << 40)).calls

    def run(self, root: Path, fault: Fault) -> Ended:
        """Run the command in a process of its own."""
        counter = self.work / "calls"
        counter.write_bytes(bytes(8))
        faults = {
            "FAULTS_KIND": fault.kind, "FAULTS_AT": str(fault.at), "FAULTS_LENGTH": str(fault.length),
            "FAULTS_ROOT": f"{root}:{self.temporary}", "FAULTS_COUNTER": str(counter), "LD_PRELOAD": str(self.library),
        } if fault.kind != "memory" else {}  # fmt: skip
        environment = {
            **os.environ,
            **FAKES,
            **faults,
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        words = [sys.executable, "-m", "scoville", *self.scenario.words]
        if fault.kind == "memory":
            words = ["sh", "-c", 'ulimit -v "$0" && exec "$@"', str(fault.at << 10), *words]
        done = subprocess.run(
            words, cwd=root, env=environment, capture_output=True, text=True, errors="replace", timeout=SECONDS,
            check=False,
        )  # fmt: skip
        return Ended(done.returncode, done.stderr, struct.unpack("q", counter.read_bytes())[0])

    def attempt(self, fault: Fault) -> list[str]:
        """Run the command with a fault, then again without; say what is wrong."""
        root = self._copy()
        try:
            ended = self.run(root, fault)
        except subprocess.TimeoutExpired:
            return [f"hangs for {SECONDS} s"]
        with mock.patch.object(tempfile, "tempdir", str(self.temporary)):
            return [*_wrong_end(ended, fault), *self._wrong_state(root), *self._wrong_repeat(root)]

    def _copy(self) -> Path:
        root = self.work / "trial"
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.base, root, symlinks=True)
        return root

    def _wrong_state(self, root: Path) -> Iterator[str]:
        """Say what is wrong before anything is repeated."""
        try:
            now = state_of(root)
        except Exception as error:
            yield f"index cannot be read: {type(error).__name__}: {error}"
            return
        for name in sorted(self.before.documents.keys() & self.after.documents.keys()):
            if name not in now.documents:
                yield f"lost {name}"
            elif now.documents[name] not in (self.before.documents[name], self.after.documents[name]):
                yield f"{name} is neither the old nor the new"
        code, out, err = in_process(root, SEARCH)
        if code and self.searchable:
            yield f"search afterwards: exit {code}, {_last(err)}"
        elif not code and now.documents and not json.loads(out):
            yield "search afterwards finds nothing"

    def _wrong_repeat(self, root: Path) -> Iterator[str]:
        begun = bool(list_runs(root / ".scoville" / "runs"))  # of an evaluation, which can be gone on with
        code, _, err = in_process(root, ("evaluate", "--resume", "latest") if begun else self.scenario.words)
        already_gone = self.scenario.name == "remove" and code == 2 and "is not in the index" in err
        if code != self.code and not already_gone:
            yield f"repeated: exit {code} instead of {self.code}, {_last(err)}"
        try:
            now = state_of(root)
        except Exception as error:
            yield f"repeated, the index cannot be read: {type(error).__name__}: {error}"
            return
        if now != self.after:
            yield f"repeated, the index differs: {_difference(now, self.after)}"
        code, out, err = in_process(root, SEARCH)
        if code or not json.loads(out):
            yield f"search after repeating: exit {code}, {_last(err) or 'finds nothing'}"
        files = (path for path in self.temporary.rglob("*") if path.is_file())
        left = [*(root / ".scoville").glob("*.tmp"), *files]
        if left:
            yield f"left behind: {', '.join(path.name for path in left)}"


def _wrong_end(ended: Ended, fault: Fault) -> Iterator[str]:
    if fault.kind == "kill":
        return
    if ended.code < 0:
        if fault.kind != "memory":  # a native library that gets no memory aborts, and nobody can catch that
            yield f"ended by signal {-ended.code}"
        return
    if "Traceback" in ended.err or "panicked" in ended.err:
        yield f"traceback: {_last(ended.err)}"
    elif ended.code and not ended.err.strip():
        yield f"exit {ended.code} without a word"
    elif ended.code == 1 and len(_last(ended.err)) > 600:
        yield "the reason is longer than 600 characters"


def state_of(root: Path) -> State:
    """Read what the index of a folder holds."""
    workspace = Workspace(root)
    failures = frozenset(failure.path for failure in workspace.failures())
    answers = _answers(workspace.folder / "runs")
    built = workspace.built()
    if built is None:
        return State(failures=failures, answers=answers)
    try:
        index = open_index(workspace, load_recipe(workspace.recipe_path).recipe.index, built)
    except EmptyIndex:
        return State(failures=failures, answers=answers)
    documents = {
        name: ("".join(passage.text for passage in index.neighbours(name, 0, 1 << 30)), state.groups)
        for name, state in index.documents().items()
    }
    return State(documents, failures, answers)


def _answers(runs: Path) -> frozenset[tuple[str, str]]:
    found = list_runs(runs)
    return frozenset((name, result.text) for name, result in found[-1].results().items()) if found else frozenset()


def in_process(root: Path, words: Sequence[str], typed: str = "") -> tuple[int, str, str]:
    """Run a command in this process, with what is typed: exit code, output, talk."""
    from scoville.cli import main

    out, err = io.StringIO(), io.StringIO()
    here = os.getcwd()
    os.chdir(root)
    code: Any = 0
    try:
        stdin = io.TextIOWrapper(io.BytesIO(typed.encode()))
        with (
            mock.patch.object(sys, "argv", ["scoville", *words]),
            mock.patch.object(sys, "stdin", stdin),
            mock.patch.dict(os.environ, FAKES),
        ):
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main()
    except SystemExit as ended:
        code = ended.code or 0
    except Exception as error:
        code, _ = 1, err.write(f"Traceback of {type(error).__name__}: {error}")
    finally:
        os.chdir(here)
    return int(code), out.getvalue(), err.getvalue()


def _last(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return re.sub(r"/\S*/(trial|tmp)/", r"\1/", lines[-1]) if lines else ""


def _difference(now: State, wanted: State) -> str:
    parts = (("document", now.documents, wanted.documents),)
    found = [
        f"{what} {name}" for what, one, other in parts for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    ]  # fmt: skip
    found += [f"failure {name}" for name in now.failures ^ wanted.failures]
    found += [f"answer {name}" for name, _ in now.answers ^ wanted.answers]
    return ", ".join(found)[:200]


def spread(count: int, points: int) -> list[int]:
    """Choose calls spread evenly over a run, the first and the last among them."""
    if count <= points:
        return list(range(1, count + 1))
    return sorted({1 + round(step * (count - 1) / max(points - 1, 1)) for step in range(points)})


def faults_of(trials: Trials, points: int, kinds: Sequence[Kind]) -> Iterator[Fault]:
    """Choose the faults to try: of each kind spread over the run; what fails, fails for good or for one call."""
    for kind in kinds:
        if kind == "memory":
            yield from (Fault(kind, megabytes) for megabytes in spread_memory(points))
            continue
        for number, at in enumerate(spread(trials.count(kind), points)):
            yield Fault(kind, at, 0 if kind == "kill" else number % 2)


def spread_memory(points: int) -> list[int]:
    """Choose limits from what hardly starts Python to what is nearly enough, in MB."""
    return [200 + round(step * 1400 / max(points - 1, 1)) for step in range(points)]


class Tried(NamedTuple):
    """A fault, and what was wrong after it."""

    scenario: str
    fault: Fault
    wrong: list[str]
    seconds: float


def campaign(
    work: Path, *, points: int, kinds: Sequence[Kind], only: Sequence[str] = (), say: Callable[[str], None] = print
) -> list[Tried]:
    """Try every scenario with every kind of fault."""
    work.mkdir(parents=True, exist_ok=True)
    library = build_library(work)
    if library is None:
        raise RuntimeError("needs Linux and a C compiler named cc")
    tried: list[Tried] = []
    for scenario in scenarios():
        if only and scenario.name not in only:
            continue
        trials = Trials(scenario, work, library)
        for fault in faults_of(trials, points, kinds):
            started = time.monotonic()
            wrong = trials.attempt(fault)
            tried.append(Tried(scenario.name, fault, wrong, time.monotonic() - started))
            for what in wrong:
                say(f"{scenario.name}, {fault}: {what}")
        say(f"{scenario.name}: {sum(one.scenario == scenario.name for one in tried)} faults")
    return tried
