"""An index in object storage: what `s3://` promises beside what every index does (test_index_backends.py)."""

import logging
import multiprocessing
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scoville as sc
from bucket_server import KEY, NAME, BucketServer, bucket_server
from conftest import Bench
from scoville.errors import DamagedIndex, RecipeError, StorageError, UsageError, WorkspaceError
from scoville.index import LanceIndex
from scoville.index.bucket import FRESH_SECONDS, Bucket, committed
from scoville.types import Passage

URL = f"s3://{NAME}/hr/index"
TABLE, DIMENSION = "passages-1", 4


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[BucketServer]:
    with bucket_server() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def bot(bench: Bench, bucket: BucketServer) -> Iterator[sc.Bot]:
    """Give a bot whose index lies in the bucket, with twelve documents."""
    for ward in range(12):
        bench.write(f"{ward}.txt", f"Staff of ward {ward} have {ward + 20} days of leave.")
    with opened(bench.workspace.root) as bot:
        bot.add(bench.docs)
        yield bot


def opened(root: Path, **values: Any) -> sc.Bot:
    return sc.open(root, **{"index.url": URL, "embed.model": "fake", "llm.model": "fake", **values})


def table(**options: Any) -> LanceIndex:
    return LanceIndex(URL, TABLE, DIMENSION, **options)


def put(index: LanceIndex, item: str, *names: str) -> None:
    passages = [
        Passage(
            id=name, source=item, document_id="d", title="T", media_type="text/plain", start=0, end=6, text="Leave."
        )
        for name in names
    ]
    index.replace([item], passages, np.ones((len(names), DIMENSION), np.float32), "b")


def rows(index: LanceIndex) -> Counter[tuple[str, str]]:
    found = index._table.search().select(["id", "source"]).limit(None).to_arrow().to_pylist()
    return Counter((row["source"], row["id"]) for row in found)


class TestWorkspace:
    def test_everything_that_reads_or_writes_the_index_works_in_a_bucket(self, bot: sc.Bot, bench: Bench):
        assert not (bench.workspace.folder / "index").exists()
        assert not (bench.workspace.folder / "workspace.json").exists()
        assert bot.search("leave of ward 3")[0].passage.source == "docs/3.txt"
        assert bot.ask("How many days of leave has ward 3?").text
        assert [one.ok for one in bot.doctor() if one.name == "index"] == [True]
        bench.write("3.txt", "Staff of ward 3 travel by rail.")
        assert bot.add(bench.docs).changed == 1
        assert bot.remove("docs/4.txt") == ("docs/4.txt",)
        assert sorted(bot.documents()) == sorted(f"docs/{ward}.txt" for ward in range(12) if ward != 4)

    def test_a_rebuild_with_other_settings_is_followed_by_other_machines(
        self, bot: sc.Bot, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.setattr("scoville.index.bucket.FRESH_SECONDS", 0)
        with opened(tmp_path / "elsewhere") as reader:
            assert reader.search("leave of ward 3")[0].passage.source == "docs/3.txt"
        with opened(bench.workspace.root, **{"split.size": 64}) as other:
            assert other.add(rebuild=True).documents == 12
        with opened(tmp_path / "elsewhere", **{"split.size": 64}) as reader:
            assert reader.search("leave of ward 3")[0].passage.source == "docs/3.txt"

    def test_a_rebuild_does_not_take_the_place_of_an_index_that_another_machine_changed(
        self, bot: sc.Bot, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ):
        from scoville.index.ingest import Ingest

        run = Ingest.run

        def change_meanwhile(ingest: Ingest, specs: Any) -> None:
            run(ingest, specs)
            built = bot.workspace.require_built()
            LanceIndex(URL, built.table, built.dimension).remove(["docs/5.txt"])

        monkeypatch.setattr("scoville.index.lance.FRESH_SECONDS", 0)
        before = bot.workspace.built()
        with opened(bench.workspace.root, **{"split.size": 64}) as other:
            with (
                monkeypatch.context() as patch,
                pytest.raises(WorkspaceError, match="another machine changed the index"),
            ):
                patch.setattr(Ingest, "run", change_meanwhile)
                other.add(rebuild=True)
            assert bot.workspace.built(fresh=True) == before
            assert other.add(rebuild=True).passages == 12
        assert bot.workspace.built(fresh=True) != before

    def test_a_release_holds_a_copy_that_needs_no_bucket(self, bot: sc.Bot, bucket: BucketServer):
        bot.release("first")
        bucket.objects.clear()
        with bot.open_release("first") as released:
            assert released.search("leave of ward 3")[0].passage.source == "docs/3.txt"

    def test_what_is_forgotten_is_in_no_version_and_not_added_by_another_machine(
        self, bot: sc.Bot, bench: Bench, bucket: BucketServer, tmp_path: Path
    ):
        bench.write("secret.txt", "Quintessa Marlowe of ward 99 earns 777123 crowns.")
        bot.add(bench.docs)
        assert any(b"777123" in data for data in bucket.objects.values())
        done = bot.forget("docs/secret.txt", yes=True)
        assert done.left == ()
        assert any(one.what == URL for one in done.held)
        assert [key for key, data in bucket.objects.items() if b"777123" in data or b"Quintessa" in data] == []
        other = tmp_path / "other"
        shutil.copytree(bench.docs, other / "docs")
        with opened(other) as second:
            second.add(other / "docs")
            assert sorted(second.documents()) == sorted(f"docs/{ward}.txt" for ward in range(12))

    def test_a_table_of_somebody_else_stays(self, bot: sc.Bot, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("scoville.index.lance.FILLED_HOURS", 0)
        theirs = Bucket(URL)
        theirs.write("theirs", {"a": 1})
        built = bot.workspace.require_built()
        LanceIndex(URL, built.table, built.dimension).drop_others(())
        assert theirs.read("theirs", fresh=True) == {"a": 1}


class TestWriters:
    def test_an_item_that_two_machines_replace_at_once_is_one_of_theirs(
        self, bucket: BucketServer, monkeypatch: pytest.MonkeyPatch
    ):
        first, second = table(create=True), table()
        merge = LanceIndex._merge
        tries: list[str] = []

        def after_another(index: LanceIndex, given: Any, condition: str) -> None:
            tries.append(index.name)
            if len(tries) == 1:  # both look at the same version, and LanceDB sees no conflict
                merge(second, given.set_column(0, given.schema.field(0), [["2a", "2b"]]), condition)
            merge(index, given, condition)

        monkeypatch.setattr(LanceIndex, "_merge", after_another)
        put(first, "a.txt", "1a", "1b")
        assert rows(table()) in (
            Counter({("a.txt", "1a"): 1, ("a.txt", "1b"): 1}), Counter({("a.txt", "2a"): 1, ("a.txt", "2b"): 1})
        )  # fmt: skip

    def test_what_a_killed_machine_left_twice_is_read_again(self, bucket: BucketServer):
        index = table(create=True)
        put(index, "a.txt", "1")
        index._table.add(index._table.to_arrow().set_column(0, "id", [["2"]]).set_column(
            index._table.schema.names.index("document_id"), "document_id", [["other"]]
        ))  # fmt: skip
        assert table().documents()["a.txt"].stamp == ""

    def test_three_writers_of_which_one_is_killed_lose_and_double_nothing(self, bucket: BucketServer, tmp_path: Path):
        table(create=True)
        spawn = multiprocessing.get_context("spawn")
        writers = [spawn.Process(target=_write, args=(str(tmp_path / str(number)), number)) for number in range(2)]
        for writer in writers:
            writer.start()
        _wait(lambda: _said(tmp_path / "0") and _said(tmp_path / "1"), 60)
        _write(str(tmp_path / "2"), 2)
        _wait(lambda: len(_said(tmp_path / "0")) >= 5, 60)
        os.kill(writers[0].pid or 0, signal.SIGKILL)
        for writer in writers:
            writer.join()
        found = rows(table())
        assert set(found.values()) == {1}
        said = {item for number in range(3) for item in _said(tmp_path / str(number))}
        written = Counter(source for source, _ in found)
        assert said <= set(written) and set(written.values()) == {2}
        assert len(said) >= 2 * WRITES + 5
        table().verify()

    def test_a_commit_that_always_conflicts_ends(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("scoville.index.bucket.CONFLICT_SECONDS", 0.2)
        tries: list[int] = []

        def write() -> None:
            tries.append(1)
            raise RuntimeError("Retryable commit conflict for version 3")

        with pytest.raises(RuntimeError, match="conflict"):
            committed(write)
        assert len(tries) > 1

    def test_a_reader_follows_another_writer_within_its_time(self, bucket: BucketServer):
        writer = table(create=True)
        put(writer, "a.txt", "1")
        writer.finish()
        reader = table()
        assert [one.id for one in reader.dense(np.ones(DIMENSION, np.float32), 5)] == ["1"]
        put(writer, "b.txt", "2")
        _wait(lambda: len(reader.dense(np.ones(DIMENSION, np.float32), 5)) == 2, FRESH_SECONDS + 1)


WRITES = 8


def _write(said: str, number: int) -> None:
    index = table()
    with open(said, "w") as file:
        for count in range(WRITES):
            put(index, f"{number}-{count}.txt", f"{number}-{count}-a", f"{number}-{count}-b")
            print(f"{number}-{count}.txt", file=file, flush=True)
        index.finish()


def _wait(is_so: Callable[[], Any], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.02)


def _said(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


class TestTrouble:
    @pytest.mark.parametrize(
        ("url", "variables", "said"),
        [
            ("s3://missing/index", {}, r"s3://missing/index \(NoSuchBucket\): there is no such bucket"),
            (URL, {"AWS_ACCESS_KEY_ID": "wrong"}, r"\(InvalidAccessKeyId\): the credentials of the environment are"),
        ],
    )
    def test_a_bucket_that_refuses_is_one_line(
        self, bucket: BucketServer, monkeypatch: pytest.MonkeyPatch, url: str, variables: dict[str, str], said: str
    ):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(StorageError, match=said) as raised:
            LanceIndex(url, TABLE, DIMENSION, create=True)
        assert KEY not in str(raised.value) and "\n" not in str(raised.value)

    def test_credentials_that_expire_in_the_middle_are_told_and_lose_nothing(self, bucket: BucketServer):
        index = table(create=True)
        put(index, "a.txt", "1")
        bucket.refuses = "ExpiredToken"
        with pytest.raises(StorageError, match=r"\(ExpiredToken\): the credentials have expired"):
            put(index, "b.txt", "2")
        bucket.refuses = ""
        put(index, "b.txt", "2")
        assert rows(table()) == Counter({("a.txt", "1"): 1, ("b.txt", "2"): 1})

    def test_a_bucket_that_may_only_be_read_is_searched_and_not_written(self, bucket: BucketServer):
        index = table(create=True)
        put(index, "a.txt", "1")
        bucket.writable = False
        assert len(table().dense(np.ones(DIMENSION, np.float32), 5)) == 1
        with pytest.raises(StorageError, match="AccessDenied"):
            put(table(), "b.txt", "2")

    def test_requests_that_are_told_to_slow_down_are_sent_again(self, bucket: BucketServer):
        bucket.slow_share = 0.2
        index = table(create=True)
        put(index, "a.txt", "1")
        assert index.count() == 1

    def test_a_bucket_that_is_always_busy_is_no_damage(self, bucket: BucketServer, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("scoville.index.bucket.RETRIES", 1)
        put(table(create=True), "a.txt", "1")
        bucket.slow_share = 1
        with pytest.raises(StorageError, match=r"\(SlowDown\): it does not answer: run this again later"):
            table()

    def test_data_that_is_gone_is_damage(self, bucket: BucketServer):
        index = table(create=True)
        put(index, "a.txt", "1")
        for key in [key for key in bucket.objects if "/data/" in key]:
            del bucket.objects[key]
        with pytest.raises(DamagedIndex, match="add --rebuild"):
            table().verify()

    def test_no_credential_is_logged(
        self, bot: sc.Bot, bench: Bench, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ):
        caplog.set_level(logging.DEBUG)
        bot.search("leave")
        bot.doctor()
        said = caplog.text + "".join(capfd.readouterr())
        said += "".join(path.read_text(errors="replace") for path in bench.workspace.root.rglob("*") if path.is_file())
        assert KEY not in said and "secret-of-the-tests" not in said


class TestRecipe:
    @pytest.mark.parametrize(
        "url",
        ["s3://KEYID:SECRETKEY@bucket/x", "s3://bucket/x?key=SECRETKEY", "s3://", "gs://a b", "az://x/../y#SECRETKEY"],
    )
    def test_what_is_no_place_in_a_bucket_is_refused_without_quoting_it(self, tmp_path: Path, url: str):
        with pytest.raises(RecipeError, match=r"index\.url: expected \w\w://BUCKET/PATH") as raised:
            sc.open(tmp_path, **{"index.url": url})
        assert "SECRETKEY" not in str(raised.value)

    def test_a_bucket_has_no_schema(self, tmp_path: Path):
        with pytest.raises(UsageError, match="only an index in PostgreSQL has one"):
            sc.open(tmp_path, **{"index.url": URL, "index.name": "hr"})
