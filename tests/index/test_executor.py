"""Files read, split and embedded by workers: the same rows as in one process, whatever becomes of a worker."""

from collections.abc import Iterator
from typing import Any

import pytest

from conftest import Bench
from scoville.errors import MachineFault, UsageError
from scoville.index.elsewhere import open_executor
from scoville.index.executor import TRIES, Order
from scoville.index.look import Writers
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


class TestRay:
    def test_rows_are_those_of_one_process(self, files: Bench, alone: Any):
        ray = pytest.importorskip("ray")
        ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, object_store_memory=80 << 20)
        try:
            check_the_same(files, alone, "ray")
        finally:
            ray.shutdown()
