"""A workspace with the fakes, and the command line as one function: both quick, offline and without a subprocess."""

import gc
import importlib
import io
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from scoville.index import AddReport, LanceIndex, Workspace, add_paths
from scoville.recipe import Recipe
from scoville.types import Case, Evidence

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ.setdefault("OMP_NUM_THREADS", "1")
"""Before torch is imported: sums do not depend on the machine, and threads of tests side by side do not spin in wait of
each other, which takes more than half of the processor time of trainings."""
READ_APART = LanceIndex._outlive_reading
ANIMALS = ("otter", "badger", "heron", "lynx", "marten", "osprey")


def fish_cases(count: int = 12) -> list[Case]:
    """Give questions about six animals, each of several wards, whose answers differ."""
    made = [(animal, ward) for ward in range(6) for animal in ANIMALS][:count]
    return [
        Case(
            id=f"{animal}-{ward}", question=f"How many fish does the {animal} of ward {ward} eat each day?",
            expected=(f"{ward + 3} fish",), evidence=(Evidence(document=f"docs/{animal}.txt"),),
        )
        for animal, ward in made
    ]  # fmt: skip


class Done(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Done]


def quickest(call: Callable[[], object], times: int = 3) -> float:
    """Give the seconds that a call takes of its thread's processor, the least of some; neither other work on the
    machine nor the garbage of earlier tests counts."""
    seconds: list[float] = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(times):
            started = time.thread_time()
            call()
            seconds.append(time.thread_time() - started)
    finally:
        gc.enable()
    return min(seconds)


def set_fakes(patch: pytest.MonkeyPatch) -> None:
    """Make the fakes the default models, by the environment."""
    patch.setenv("SCOVILLE_EMBED__MODEL", "fake")
    patch.setenv("SCOVILLE_LLM__MODEL", "fake")
    patch.setenv("SCOVILLE_PROMPT__STYLE", "passages")  # what the fake quotes from


def command_line(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Give the command line as a function that runs it in this process: `command("add", "docs", stdin=b"")`."""
    from scoville.cli import main

    def run(*words: object, stdin: bytes = b"", encoding: str = "utf-8") -> Done:
        out, err = io.BytesIO(), io.BytesIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["scoville", *map(str, words)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding=encoding))
            patch.setattr(sys, "stderr", io.TextIOWrapper(err, encoding="utf-8", errors="backslashreplace"))
            patch.setattr(logging.getLogger("scoville"), "handlers", [])  # they keep the stderr of their first command
            with pytest.raises(SystemExit) as ended:
                main()
            sys.stdout.flush()
            sys.stderr.flush()
            return Done(int(ended.value.code or 0), out.getvalue().decode(encoding), err.getvalue().decode())

    return run


@pytest.fixture(autouse=True)
def _models_at_hand(request: pytest.FixtureRequest) -> None:  # pyright: ignore[reportUnusedFunction]
    """Fetch the default models, once, for the tests that use them."""
    if request.node.get_closest_marker("model"):
        from scoville.models import catalogue, is_cached, pull

        for entry in (one for one in catalogue() if not one.hub):  # those of the hub are large
            if entry.kind != "speech" and not is_cached(entry):
                pull(entry.name)


@pytest.fixture(autouse=True)
def _no_libreoffice(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """What is installed on the machine does not change what tests see; nor does an Ollama or a vLLM that runs on it."""
    monkeypatch.setattr("scoville.read.legacy.convert._PROGRAMS", ())
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setattr("scoville.endpoint.VLLM_URL", "http://127.0.0.1:9/v1")


@pytest.fixture(autouse=True)
def _no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Leave it to the system when bytes reach the disk: ten milliseconds a file, and no test cuts the power."""
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture(autouse=True)
def rows_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no rows in another process before they are read here: that takes a second, and some bytes to need it."""
    monkeypatch.setattr(LanceIndex, "_outlive_reading", lambda _: None)


@pytest.fixture
def rows_read_apart(rows_read_here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read them there first all the same, as users do: for tests that damage rows."""
    monkeypatch.setattr(LanceIndex, "_outlive_reading", READ_APART)


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    set_fakes(monkeypatch)


@pytest.fixture
def command(fakes: None, monkeypatch: pytest.MonkeyPatch) -> Command:
    return command_line(monkeypatch)


@pytest.fixture
def models_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what reads by a model here instead of in a child, so that a stand-in can take its place."""

    def here(module: str, function: str, *arguments: Any, settings: object, model_bytes: int) -> Any:
        return getattr(importlib.import_module(f"scoville.read.{module}"), function)(*arguments)

    for reader in ("sound", "pdf"):
        monkeypatch.setattr(f"scoville.read.{reader}.reader.read_by_model", here)


class Bench:
    """A workspace with documents in `docs`, added by calling the library."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace(root)
        self.docs = root / "docs"
        self.docs.mkdir(parents=True)
        self.recipe = Recipe.model_validate({"embed": {"model": "fake"}, "llm": {"model": "fake"}})

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def add(self, *paths: Path | str, **options: Any) -> AddReport:
        return add_paths(self.workspace, self.recipe, paths or (self.docs,), **options)

    def set(self, **sections: dict[str, Any]) -> None:
        values = self.recipe.model_dump(mode="json")
        for section, keys in sections.items():
            values[section] |= keys
        self.recipe = Recipe.model_validate_json(json.dumps(values))

    @property
    def index(self) -> LanceIndex:
        built = self.workspace.require_built()
        return LanceIndex(self.workspace.index_folder, built.table, built.dimension)

    @property
    def sources(self) -> list[str]:
        return sorted(self.index.documents())

    @property
    def failures(self) -> dict[str, str]:
        return {failure.path: failure.reason for failure in self.workspace.failures()}

    def found(self, question: str) -> list[str]:
        """Give the sources that a question finds, best first."""
        from scoville.search import open_searcher

        hits = open_searcher(self.workspace, self.recipe).search(question).hits
        return list(dict.fromkeys(hit.passage.source for hit in hits))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fakes: None) -> Bench:
    bench = Bench(tmp_path / "work")
    monkeypatch.chdir(bench.workspace.root)
    return bench


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Start a headless Chromium, for the tests of pages."""
    from browsing import CHROMIUM
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()
