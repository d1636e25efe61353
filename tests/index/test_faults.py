"""Faults of the machine end a run and drop nothing; faults of a file are the file's."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Bench
from scoville.errors import MachineFault, ReadFailure, ScovilleError
from scoville.faults import machine_fault

LEAVE = "Staff have thirty days of leave in a year."


def fail(bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Callable[[], BaseException], name: str = "b.txt"):
    """Make the reading of one file fail."""
    read = sys.modules["scoville.index.making"].read_file

    def broken(path: Path, **options: object):
        if path.name == name:
            raise error()
        return read(path, **options)

    monkeypatch.setattr("scoville.index.making.read_file", broken)


def hidden(number: int) -> ReadFailure:
    """Give the failure of a reader that does not know why the system refused."""
    try:
        try:
            raise OSError(number, os.strerror(number))
        except OSError as error:
            raise ReadFailure(f"cannot be opened: {error}") from None
    except ReadFailure as failure:
        return failure


@pytest.fixture
def filled(bench: Bench) -> Bench:
    for name in "abc":
        bench.write(f"{name}.txt", f"{LEAVE} {name}")
    bench.add()
    return bench


class TestARun:
    @pytest.mark.parametrize("rebuild", [{}, {"split": {"size": 64}}, {"embed": {}}])
    @pytest.mark.parametrize("error", [
        MemoryError, lambda: OSError(errno.EMFILE, "Too many open files"), lambda: hidden(errno.EMFILE),
        lambda: hidden(errno.ENOSPC), lambda: hidden(errno.EIO), lambda: RuntimeError("can't start new thread"),
        lambda: BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
        lambda: ImportError("x.so: failed to map segment from shared object"),
        lambda: SystemError("error return without exception set"),
    ])  # fmt: skip
    def test_a_fault_of_the_machine_ends_a_rebuild_and_drops_nothing(
        self, filled: Bench, monkeypatch: pytest.MonkeyPatch, error: Callable[[], BaseException], rebuild: dict
    ):
        filled.set(**rebuild)
        with monkeypatch.context() as patch:
            fail(filled, patch, error)
            with pytest.raises(MachineFault, match="the machine failed, not a document.*run this again"):
                filled.add(rebuild=True)
        assert filled.sources == ["docs/a.txt", "docs/b.txt", "docs/c.txt"]
        assert filled.failures == {}
        filled.add(rebuild=True)
        assert filled.found("leave b")

    def test_a_folder_that_cannot_be_listed_for_want_of_handles_ends_the_run(
        self, filled: Bench, monkeypatch: pytest.MonkeyPatch
    ):
        def refuse(path: Path) -> list[str]:
            raise OSError(errno.EMFILE, "Too many open files", str(path))

        monkeypatch.setattr(os, "listdir", refuse)
        with pytest.raises(MachineFault, match="ulimit -n"):
            filled.add()
        assert len(filled.sources) == 3

    def test_what_was_read_in_the_same_way_before_stays_when_it_fails_now(
        self, filled: Bench, monkeypatch: pytest.MonkeyPatch
    ):
        with monkeypatch.context() as patch:
            fail(filled, patch, lambda: ReadFailure("took longer than 60 s"))
            report = filled.add(rebuild=True)
        assert [failure.path for failure in report.failed] == ["docs/b.txt"]
        assert filled.sources == ["docs/a.txt", "docs/b.txt", "docs/c.txt"]

    def test_a_file_that_changed_and_fails_goes(self, filled: Bench):
        filled.write("b.txt", bytes(range(256)) * 4)
        filled.add(rebuild=True)
        assert filled.sources == ["docs/a.txt", "docs/c.txt"]


@pytest.mark.parametrize("error", [
    ReadFailure("is empty"), KeyError("x"), OSError(errno.EACCES, "Permission denied"), OSError("image is truncated"),
    ValueError("too many open files"), ImportError("No module named 'x'"),
])  # fmt: skip
def test_what_files_do_is_no_fault_of_the_machine(error: Exception):
    assert machine_fault(error) is None


def test_an_add_with_few_file_handles_drops_nothing_and_says_why(filled: Bench):
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (18, 18))

    done = subprocess.run(
        [sys.executable, "-m", "scoville", "add", "--rebuild"],
        preexec_fn=few,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert filled.sources == ["docs/a.txt", "docs/b.txt", "docs/c.txt"]
    if done.returncode:
        assert "Too many open files" in done.stderr


def test_a_machine_fault_is_an_error_that_commands_report():
    assert issubclass(MachineFault, ScovilleError)
