"""`--watch` and `--every`: a burst is one batch, Ctrl-C ends it cleanly, and a failure waits for the next time."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import Bench, Command
from scoville.errors import StorageError
from scoville.sources import watch

LEAVE = "Staff have thirty days of leave in a year."


@pytest.fixture(params=["told by the system", "looking"])
def quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Watch in both ways, with short pauses."""
    if request.param == "looking":
        monkeypatch.setitem(sys.modules, "watchfiles", None)
    monkeypatch.setattr(watch, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(watch, "QUIET_SECONDS", 0.2)
    return request.param


def ticks_during(places: list[Path], act: Callable[[], None], seconds: float = 1.5) -> int:
    """Count the ticks that come while something is done."""
    seen: list[float] = []

    def count(ticks: Iterator[None]) -> None:
        for _ in ticks:
            seen.append(time.monotonic())

    thread = threading.Thread(target=count, args=(watch.changes(places),), daemon=True)
    thread.start()
    time.sleep(0.5)
    act()
    time.sleep(seconds)
    return len(seen)


def test_a_burst_is_one_tick(tmp_path: Path, quick: str):
    def burst() -> None:
        for number in range(10):
            (tmp_path / f"{number}.txt").write_text(LEAVE)

    assert ticks_during([tmp_path], burst) == 1


def test_what_is_hidden_gives_none(tmp_path: Path, quick: str):
    def write() -> None:
        (tmp_path / ".scoville").mkdir()
        (tmp_path / ".scoville" / "lock").write_text("")
        (tmp_path / ".a.txt.swp").write_text("")

    assert ticks_during([tmp_path], write, 1.0) == 0


def test_without_folders_there_is_a_tick_every_so_often():
    ticks = watch.changes([], every_seconds=0.01)
    for _ in range(3):
        next(ticks)


WATCHING = """
import sys
from scoville.cli import main
from scoville.sources import watch
watch.QUIET_SECONDS = 0.1
sys.argv = ["scoville", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("words", [["add", "docs", "--watch", "--json"], ["sync", "--watch", "--json"]])
def test_changes_are_taken_in_until_ctrl_c(bench: Bench, words: list[str]):
    bench.workspace.recipe_path.write_text("sources: [{path: docs}]")
    bench.write("a.txt", LEAVE)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", WATCHING, *words], **pipes) as child:
        assert child.stdout and child.stderr
        assert '"added": 1' in child.stdout.readline()
        assert "Watching for changes" in "".join(child.stderr.readline() for _ in range(2))
        time.sleep(0.5)
        for name in ("b.txt", "c.txt"):
            bench.write(f"../more/{name}", f"{LEAVE} {name}")
        (bench.docs.parent / "more").rename(bench.docs / "more")  # at once, however busy the machine is
        assert '"added": 2' in child.stdout.readline()
        (bench.docs / "a.txt").unlink()
        assert '"removed": 1' in child.stdout.readline()
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 0
        assert "Ended" in child.stderr.read()
    assert bench.sources == ["docs/more/b.txt", "docs/more/c.txt"]


def test_a_failure_is_said_and_waits_for_the_next_time(bench: Bench, command: Command, monkeypatch: pytest.MonkeyPatch):
    bench.write("a.txt", LEAVE)
    add = sys.modules["scoville.index"].add_paths
    done: list[int] = []

    def full_once(*given: object, **options: object) -> object:
        done.append(1)
        if len(done) == 2:
            raise StorageError("the disk is full")
        return add(*given, **options)  # pyright: ignore[reportArgumentType]

    def ticks(*_: object, **__: object) -> Iterator[None]:
        bench.write("b.txt", f"{LEAVE} Two.")
        yield
        yield
        raise KeyboardInterrupt

    monkeypatch.setattr("scoville.bot.documents.add_paths", full_once)
    monkeypatch.setattr(watch, "changes", ticks)
    ended = command("add", "docs", "--watch")
    assert ended.code == 0
    assert "the disk is full" in ended.err
    assert bench.sources == ["docs/a.txt", "docs/b.txt"]
