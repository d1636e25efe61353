"""Files read, split and embedded by workers: the same rows as in one process, whatever becomes of a worker."""

import logging
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import Bench
from scoville.errors import MachineFault, UsageError
from scoville.index.elsewhere import open_executor
from scoville.index.executor import TRIES, Executor, Order, WorkerLost
from scoville.index.look import Writers
from scoville.index.on_ray import connect
from scoville.recipe import Recipe
from scoville.sources import Content

FILES = {
    "leave.txt": "Staff have thirty days of leave in a year. " * 60,
    "law/notice.md": "# Notice\n\nNotice must be given in writing.\n\n# Table\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    "people.csv": "name,room\nAda Example,12\nBo Example,14\n",
    "mail.eml": "From: ada@example.com\nTo: bo@example.com\nSubject: Parking\n\nParking is free on Sundays.\n",
    "page.html": "<html><title>Cover</title><body><h1>Cover</h1><p>Cover ends in May.</p></body></html>",
}


def rows(bench: Bench) -> list[dict[str, Any]]:
    return sorted(bench.index._table.to_arrow().to_pylist(), key=lambda row: row["id"])


@pytest.fixture
def files(bench: Bench) -> Bench:
    for name, text in FILES.items():
        bench.write(name, text)
    (bench.docs / "broken.pdf").write_bytes(b"%PDF-1.7\n" + bytes(range(256)))
    return bench


@pytest.fixture
def alone(files: Bench) -> tuple[list[dict[str, Any]], Any]:
    report = files.add()
    return rows(files), report


def check_the_same(bench: Bench, alone: tuple[list[dict[str, Any]], Any], on: str) -> None:
    report = bench.add(rebuild=True, on=on)
    before, first = alone
    assert len(before) >= len(FILES)
    assert rows(bench) == before
    assert [(one.path, one.reason) for one in report.failed] == [(one.path, one.reason) for one in first.failed]
    assert report.tokens == first.tokens


class TestProcesses:
    def test_rows_are_those_of_one_process(self, files: Bench, alone: tuple[list[dict[str, Any]], Any]):
        check_the_same(files, alone, "processes:2")

    @pytest.mark.parametrize("on", ["processes", "processes:0", "processes:-1", "cluster", "ray:auto"])
    def test_another_place_is_refused(self, files: Bench, on: str):
        with pytest.raises(UsageError, match="expected processes:N"):
            files.add(on=on)

    def test_a_worker_of_another_version_is_refused_with_both(self, bench: Bench):
        executor = open_executor("processes:1", bench.recipe, "another")
        try:
            with pytest.raises(MachineFault, match=r"build [0-9a-f]{16}.*build another"):
                executor.make("a.txt", Content(data=b"Leave", file_name="a.txt"), {})
        finally:
            executor.close()


class Dying:
    """A worker that a process stands for, which dies of the items whose names say so, so many times."""

    deaths = 0

    def __init__(self, inner: Any, most: int) -> None:
        self.inner, self.most = inner, most

    def ask(self, order: Order | None) -> Any:
        if order and order.name.endswith("leave.txt") and Dying.deaths < self.most:
            Dying.deaths += 1
            self.inner.process.kill()
            self.inner.process.wait()
        return self.inner.ask(order)

    def stop(self) -> None:
        self.inner.stop()


class TestPaid:
    @pytest.mark.parametrize(
        ("section", "keys"),
        [("embed", {"model": "openai:small"}), ("metadata", {"model": {"model": "openai:small"}})],
    )
    def test_models_that_are_paid_for_are_refused(self, bench: Bench, section: str, keys: dict[str, Any]):
        bench.set(**{section: keys})
        with pytest.raises(UsageError, match="within the budget of one process"):
            bench.add(on="processes:1", writers=Writers(describe=str))


class TestDeaths:
    @pytest.fixture
    def dying(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        from scoville.index import elsewhere

        real = elsewhere.ProcessWorker
        monkeypatch.setattr(Dying, "deaths", 0)

        def set_most(most: int) -> None:
            monkeypatch.setattr(elsewhere, "ProcessWorker", lambda recipe: Dying(real(recipe), most))

        return set_most

    def test_an_item_is_tried_again_when_its_worker_dies(self, files: Bench, alone: Any, dying: Any):
        dying(TRIES - 1)
        check_the_same(files, alone, "processes:1")
        assert Dying.deaths == TRIES - 1

    def test_an_item_that_kills_every_worker_is_set_aside(self, files: Bench, dying: Any):
        dying(TRIES)
        report = files.add(on="processes:1")
        assert report.added == len(FILES) - 1
        assert any(
            one.path == "docs/leave.txt" and "ended each of the 3 workers" in one.reason for one in report.failed
        )


class FakeRay(ModuleType):
    """Ray as far as it is connected to; keeps what it was given, and fails if it is told how."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__("ray")
        self.error = error
        self.given: dict[str, Any] = {}
        self.exceptions = ModuleType("ray.exceptions")
        self.exceptions.RayError = type("RayError", (Exception,), {})

    def is_initialized(self) -> bool:
        return False

    def init(self, **given: Any) -> None:
        self.given = given
        warnings.warn("lancedb fork support is experimental", RuntimeWarning, stacklevel=2)
        warnings.warn("Ray Client connection timed out. Ensure that", UserWarning, stacklevel=2)
        logging.getLogger("ray.worker").warning("Token authentication is enabled")
        if self.error:
            raise self.error

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 4.0}


class TestConnecting:
    LOCAL = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"

    @pytest.fixture
    def fake(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., FakeRay]:
        for name in ("RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", self.LOCAL):
            monkeypatch.setenv(name, "")  # so that what is set here is taken back
            monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(tmp_path))

        def put(error: Exception | None = None) -> FakeRay:
            ray = FakeRay(error)
            monkeypatch.setitem(sys.modules, "ray", ray)
            monkeypatch.setitem(sys.modules, "ray.exceptions", ray.exceptions)
            return ray

        return put

    def test_a_cluster_of_this_machine_listens_on_its_own_address_alone(self, fake: Callable[..., FakeRay]):
        ray = fake()
        assert connect(None) == 4
        assert os.environ[self.LOCAL] == "0"
        assert ray.given["address"] == "local"

    def test_one_elsewhere_is_reached_from_every_address(
        self, fake: Callable[..., FakeRay], monkeypatch: pytest.MonkeyPatch
    ):
        ray = fake()
        connect("ray://head:10001")
        assert ray.given["address"] == "ray://head:10001"
        monkeypatch.setenv("RAY_ADDRESS", "head:6379")
        connect(None)
        assert ray.given["address"] == "head:6379"
        assert self.LOCAL not in os.environ and "RAY_AUTH_MODE" not in os.environ

    def test_the_token_of_a_cluster_is_sent_where_there_is_one(self, fake: Callable[..., FakeRay], tmp_path: Path):
        fake()
        (tmp_path / ".ray").mkdir()
        (tmp_path / ".ray/auth_token").write_text("t" * 64)
        connect("ray://head:10001")
        assert os.environ["RAY_AUTH_MODE"] == "token"

    @pytest.mark.parametrize(
        "error",
        [
            ValueError("needs\n ray[client]"),
            ConnectionError("timeout"),
            OSError("Traceback (x):\n a\n\x1b[36mno\x1b[39m"),
        ],
    )
    def test_what_cannot_be_reached_is_one_line(self, fake: Callable[..., FakeRay], error: Exception):
        fake(error)
        with pytest.raises(UsageError, match=r"^--on ray://head:10001: (needs ray\[client\]|timeout|no); expected .*$"):
            connect("ray://head:10001")

    def test_ray_itself_is_silent(self, fake: Callable[..., FakeRay], capfd: pytest.CaptureFixture[str]):
        fake()
        connect(None)  # a warning would be an error here
        assert "".join(capfd.readouterr()) == ""

    def test_a_worker_that_cannot_be_made_is_a_fault_of_the_machine(self, bench: Bench):
        def start(recipe: Recipe) -> Any:
            raise WorkerLost("No module named 'scoville'")

        executor = Executor(bench.recipe, "b", 1, start)
        with pytest.raises(MachineFault, match="no worker can be started .*No module named 'scoville'"):
            executor.make("a.txt", Content(data=b"Leave", file_name="a.txt"), {})


CLUSTER = (
    "import ray; ray.init(address='local', num_cpus=1, include_dashboard=False, log_to_driver=False, "
    "object_store_memory=80 << 20)"
)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[None]:
    """A cluster of this machine, if it can start one: tried in a process that ends, since Ray may hang or abort."""
    ray = pytest.importorskip("ray")
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    log = tmp_path / "ray.log"
    with log.open("w") as said:  # no pipe: what Ray leaves behind would keep it open
        tried = subprocess.Popen(
            [sys.executable, "-c", CLUSTER], stdout=said, stderr=said, env=environment, start_new_session=True
        )
        try:
            tried.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(tried.pid, signal.SIGKILL)
            tried.wait()
    if tried.returncode:
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        pytest.skip(f"Ray starts no cluster on this machine: {' '.join(last) or 'not within 60 s'}")
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, object_store_memory=80 << 20)
    yield
    ray.shutdown()


class TestRay:
    def test_rows_are_those_of_one_process(self, files: Bench, alone: Any, cluster: None):
        check_the_same(files, alone, "ray")
