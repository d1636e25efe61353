"""The workspace's database: two processes at once, kills, full disks, damage; runs and the ledger in it."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scoville.errors import StorageError, UsageError, WorkspaceError
from scoville.index import AddReport
from scoville.track.ledger import Entry, Ledger, save_entries, sum_up, totals
from scoville.track.runs import TrackedRun, log_metrics, save_run
from scoville.track.store import SCHEMA, Store
from scoville.types import Answer, Reply


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / ".scoville" / "track.db")
    yield store
    store.close()


def entry(**values: object) -> Entry:
    return replace(Entry(activity="generation", time=1000.0), **values)  # type: ignore[arg-type]


def reply(seconds: float = 2.0, cost_usd: float | None = 0.0, runtime: str = "openvino", model: str = "small") -> Reply:
    return Reply(
        text="Thirty days.", model=model, runtime=runtime, prompt_tokens=100, completion_tokens=10,
        first_token_seconds=0.5, total_seconds=seconds, cost_usd=cost_usd,
    )  # fmt: skip


def answer(last: Reply | None, *search: Reply) -> Answer:
    return Answer(
        question="How many days of leave?", text="Thirty.", refused=False, reason=None, citations=(), hits=(),
        reply=last, search_replies=search, search_seconds=3.0, first_token_seconds=1.0, total_seconds=6.0,
    )  # fmt: skip


class TestStore:
    def test_a_transaction_that_fails_leaves_nothing(self, store: Store):
        with pytest.raises(ZeroDivisionError), store.writing():
            save_entries(store, [entry()])
            raise ZeroDivisionError
        assert totals(store) == []
        save_entries(store, [entry()])
        assert len(totals(store)) == 1

    def test_what_was_written_is_there_after_it_is_opened_again(self, store: Store):
        save_entries(store, [entry(seconds=2.5)])
        store.close()
        again = Store(store.path, create=False)
        assert again.query("SELECT seconds FROM ledger") == [(2.5,)]
        assert again.query("PRAGMA journal_mode") == [("wal",)]
        again.close()

    def test_nothing_is_made_by_looking(self, tmp_path: Path):
        with pytest.raises(WorkspaceError, match="nothing is recorded yet"):
            Store(tmp_path / "track.db", create=False)
        assert list(tmp_path.iterdir()) == []

    def test_a_newer_file_is_refused_and_left_as_it_is(self, store: Store):
        store.write(f"PRAGMA user_version = {len(SCHEMA) + 1}", [()])
        store.close()
        before = store.path.read_bytes()
        with pytest.raises(WorkspaceError, match="install a newer Scoville, or move the file away"):
            Store(store.path)
        assert store.path.read_bytes() == before

    def test_a_file_of_version_0_becomes_one_of_this_version(self, tmp_path: Path):
        (tmp_path / "track.db").write_bytes(b"")  # as a kill right after its creation leaves it
        Store(tmp_path / "track.db").close()
        again = Store(tmp_path / "track.db")
        assert again.query("PRAGMA user_version") == [(len(SCHEMA),)]
        again.close()

    @pytest.mark.parametrize("content", [b"not a database" * 500, b"SQLite format 3\0" + b"\xff" * 5000])
    def test_a_damaged_file_is_named_with_what_to_do(self, tmp_path: Path, content: bytes):
        (tmp_path / "track.db").write_bytes(content)
        with pytest.raises(WorkspaceError, match="track.db is damaged .*: move it away"):
            Store(tmp_path / "track.db")

    def test_a_file_that_is_damaged_in_its_middle_is_named(self, store: Store):
        save_entries(store, [entry(model="x" * 200) for _ in range(2000)])
        store.query("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()
        size = store.path.stat().st_size
        with store.path.open("r+b") as file:
            file.seek(size // 4)
            file.write(b"\xff" * (size // 2))
        opened = Store(store.path)
        with pytest.raises(WorkspaceError, match="is damaged"):
            opened.query("SELECT sum(seconds), max(model) FROM ledger")
        opened.close()

    def test_a_database_of_something_else_is_left_alone(self, tmp_path: Path):
        other = sqlite3.connect(tmp_path / "track.db")
        other.execute("CREATE TABLE recipes (name TEXT)")
        other.commit()
        other.close()
        with pytest.raises(WorkspaceError, match="is a database of something else"):
            Store(tmp_path / "track.db")

    def test_a_folder_that_cannot_be_written_is_a_storage_error(self, tmp_path: Path):
        (tmp_path / "file").write_text("")
        with pytest.raises(StorageError, match="cannot (use|write to)"):
            Store(tmp_path / "file" / "track.db")

    def test_a_full_disk_is_said_and_what_was_written_stays(self, tmp_path: Path):
        disk = tmp_path / "disk"
        disk.mkdir()
        mounting = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
        if os.geteuid() or subprocess.run(mounting, capture_output=True).returncode:
            pytest.skip("mounting a small disk needs root")
        try:
            store = Store(disk / "track.db")
            save_entries(store, [entry()])
            with pytest.raises(StorageError, match="the disk is full; free some space"):
                save_entries(store, [entry(model="x" * 1000) for _ in range(5000)])
            assert sum_up(totals(store)).entries == 1
            save_entries(store, [entry()])
            assert sum_up(totals(store)).entries == 2
            store.close()
        finally:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)


WRITER = """
import sys
from pathlib import Path
from scoville.track.ledger import Entry, save_entries
from scoville.track.store import Store
store = Store(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    save_entries(store, [Entry(activity="search", model=sys.argv[3]), Entry(activity="generation", model=sys.argv[3])])
    if number == 0:
        print("started", flush=True)
"""


def write_from_another_process(path: Path, count: int, name: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", WRITER, path, str(count), name], stdout=subprocess.PIPE, text=True)


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path):
    """They also make the file at once."""
    path = tmp_path / ".scoville" / "track.db"
    writers = [write_from_another_process(path, 50, f"model-{number}") for number in range(3)]
    assert [(writer.communicate(timeout=60), writer.returncode)[1] for writer in writers] == [0, 0, 0]
    store = Store(path)
    assert {total.group: total.entries for total in totals(store, "model")} == {f"model-{n}": 100 for n in range(3)}
    store.close()


def test_a_kill_while_writing_leaves_whole_transactions(tmp_path: Path):
    path = tmp_path / "track.db"
    writer = write_from_another_process(path, 1_000_000, "small")
    assert writer.stdout and writer.stdout.readline() == "started\n"
    time.sleep(0.1)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    store = Store(path)
    assert store.query("PRAGMA integrity_check") == [("ok",)]
    found = {total.group: total.entries for total in totals(store)}
    assert found["search"] == found["generation"] > 0
    save_entries(store, [entry()])
    store.close()


def metrics_of(store: Store) -> dict[str, float]:
    """Give the last step of each metric of the one run."""
    return dict(store.query("SELECT name, value FROM metrics WHERE run_id = 'one' ORDER BY name, step"))


class TestRuns:
    def test_a_run_comes_back_as_it_was_saved(self, store: Store):
        run = TrackedRun(
            id="one", kind="evaluate", name="first", status="finished", started=10.0, finished=12.0, recipe_hash="abc",
            summary={"cases": 3}, params={"llm.model": "small", "llm.stop": None}, metrics={"token_f1": 0.5},
        )  # fmt: skip
        save_run(store, run)
        columns = "id, kind, name, status, started, finished, recipe_hash, summary"
        row = ("one", "evaluate", "first", "finished", 10.0, 12.0, "abc", '{"cases": 3}')
        assert store.query(f"SELECT {columns} FROM runs") == [row]
        kept = {"llm.model": '"small"', "llm.stop": "null"}
        assert dict(store.query("SELECT key, value FROM params WHERE run_id = 'one'")) == kept
        assert metrics_of(store) == {"token_f1": 0.5}

    def test_saving_again_replaces_and_keeps_steps(self, store: Store):
        run = TrackedRun(id="one", kind="training", started=10.0, params={"old": 1})
        save_run(store, run)
        log_metrics(store, "one", {"loss": 3.0}, step=1)
        log_metrics(store, "one", {"loss": 2.0}, step=2)
        save_run(store, replace(run, status="finished", params={"new": 2}, metrics={"f1": 1.0}))
        assert store.query("SELECT key, value FROM params") == [("new", "2")]
        assert metrics_of(store) == {"f1": 1.0, "loss": 2.0}

    def test_metrics_without_a_finite_value_are_left_out(self, store: Store):
        metrics = {"none": None, "nan": float("nan"), "infinite": float("inf"), "zero": 0.0}
        save_run(store, TrackedRun(id="one", kind="evaluate", metrics=metrics))
        assert metrics_of(store) == {"zero": 0.0}


class TestLedger:
    def test_local_work_costs_the_time_of_the_machine(self):
        made = Ledger(3.6).reply("generation", reply(seconds=2.0))
        assert made.fee_usd == 0.0
        assert made.hardware_usd == pytest.approx(0.002)  # 3.6 $/h is .001 $/s

    def test_hosted_work_costs_fees_only(self):
        made = Ledger(3.6).reply("judging", reply(cost_usd=0.25, runtime="openai", model="openai:big"))
        assert (made.fee_usd, made.hardware_usd) == (0.25, 0.0)

    def test_a_fee_that_is_not_known_is_not_0(self, store: Store):
        save_entries(store, [Ledger(1.0).reply("generation", reply(cost_usd=None)), entry(fee_usd=0.5)])
        (total,) = totals(store)
        assert (total.fee_usd, total.unknown_fees, total.hardware_usd) == (0.5, 1, 0.0)

    def test_an_answer_is_its_search_what_that_asked_and_its_reply(self):
        entries = Ledger(3.6, "run").answer(answer(reply(), reply(seconds=1.0, model="rewriter")), "minilm")
        assert [(one.activity, one.model, one.seconds) for one in entries] == [
            ("search", "minilm", 2.0), ("search", "rewriter", 1.0), ("generation", "small", 2.0),
        ]  # fmt: skip
        assert all(one.run_id == "run" for one in entries)
        assert entries[0].prompt_tokens == 6

    def test_a_refusal_before_the_model_costs_the_search(self):
        assert [one.activity for one in Ledger(1.0).answer(answer(None), "minilm")] == ["search"]

    def test_adding_with_a_hosted_embedder_costs_its_tokens(self):
        report = AddReport(
            documents=1, passages=1, added=1, changed=0, removed=0, unchanged=0, failed=(), tokens=1_000_000,
            seconds=9.0,
        )  # fmt: skip
        (hosted,) = Ledger(3.6).added(report, "openai:text-embedding-3-small")
        assert hosted.fee_usd == pytest.approx(0.02) and hosted.hardware_usd == 0.0
        (local,) = Ledger(3.6).added(report, "minilm")
        assert (local.fee_usd, local.hardware_usd) == (0.0, pytest.approx(0.009))
        assert Ledger(3.6).added(report, "openai:of-nobody")[0].fee_usd is None

    @pytest.mark.parametrize("cost_usd", [0.25, None])
    def test_what_writers_of_summaries_were_paid_is_an_entry_of_its_own(self, cost_usd: float | None):
        report = AddReport(
            documents=1, passages=1, added=1, changed=0, removed=0, unchanged=0, failed=(), tokens=10,
            seconds=9.0, cost_usd=cost_usd,
        )  # fmt: skip
        work, paid = Ledger(3.6).added(report, "minilm", "openai:gpt-4o-mini")
        assert (work.fee_usd, paid.fee_usd, paid.model) == (0.0, cost_usd, "openai:gpt-4o-mini")
        assert paid.hardware_usd == 0.0

    def test_an_idle_gpu_costs(self):
        assert Ledger(2.0).idle(1800).hardware_usd == pytest.approx(1.0)

    def test_totals_are_grouped_and_the_dearest_is_first(self, store: Store):
        save_entries(store, [
            entry(model="a", fee_usd=0.1, prompt_tokens=5, run_id="one", time=100_000.0),
            entry(model="b", fee_usd=0.3, activity="judging", run_id="two", time=300_000.0),
            entry(model="a", hardware_usd=0.1, completion_tokens=2, run_id="two", time=300_000.0),
        ])  # fmt: skip
        assert [(one.group, one.entries) for one in totals(store, "model")] == [("b", 1), ("a", 2)]
        assert [one.group for one in totals(store, "activity")] == ["judging", "generation"]
        assert len(totals(store, "day")) == 2
        assert [one.group for one in totals(store, "run", run_id="two")] == ["two"]
        assert sum_up(totals(store, since=200_000.0)).entries == 2
        assert sum_up(totals(store)).prompt_tokens == 5
        with pytest.raises(UsageError, match="expected activity, model, day, run"):
            totals(store, "hour")
