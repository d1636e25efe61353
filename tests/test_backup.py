"""A workspace in one file and back: whole, while it is used, and nowhere but where it may go."""

import io
import json
import shutil
import sqlite3
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import pytest

import scoville
from conftest import Command
from scoville.backup import MANIFEST, back_up, restore
from scoville.errors import StaleIndex, UsageError
from scoville.index.lance_import import import_lancedb

LEAVE = "Staff of Larkspur Freight have thirty days of leave in a year."


@pytest.fixture
def filled(tmp_path: Path, fakes: None) -> Path:
    root = tmp_path / "work"
    (root / "docs").mkdir(parents=True)
    (root / "docs" / "leave.txt").write_text(LEAVE)
    (root / "recipe.yaml").write_text("search:\n  passages: 3\n")
    (root / "cases").mkdir()
    (root / "cases" / "own.jsonl").write_text(
        '{"question": "How many days of leave do staff have?", "expected": "thirty"}\n'
    )
    with scoville.open(root) as bot:
        bot.add(root / "docs")
        bot.conversation("kim").ask("How many days of leave do staff have?")
        bot.flush()
    return root


def test_what_was_backed_up_answers_in_another_folder_and_has_its_records(filled: Path, tmp_path: Path):
    with scoville.open(filled) as bot:
        made = bot.backup(tmp_path / "out.tar.gz")
    done = restore(tmp_path / "out.tar.gz", tmp_path / "back")
    assert (done.files, done.bytes) == (made.files, made.bytes)
    with scoville.open(tmp_path / "back") as bot:
        assert bot.recipe.search.passages == 3
        assert "thirty days" in bot.ask("How many days of leave do staff have?").text
        assert [one.id for one in bot.conversations().all()] == ["kim"]
        assert (tmp_path / "back" / "cases" / "own.jsonl").exists()


def test_a_backup_that_is_taken_while_records_are_written_holds_whole_transactions(filled: Path, tmp_path: Path):
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(filled / ".scoville" / "track.db", timeout=30)) as database:
            while not stop.is_set():
                with database:  # two rows in one transaction: no copy may hold one of them
                    for name in "ab":
                        database.execute("INSERT INTO feedback (time, caller, trace_id, rating, reason, answer) "
                                         "VALUES (0, ?, '', 'up', '', '')", (name,))  # fmt: skip

    thread = threading.Thread(target=write)
    thread.start()
    try:
        with scoville.open(filled) as bot:
            bot.backup(tmp_path / "out.tar.gz")
    finally:
        stop.set()
        thread.join()
    restore(tmp_path / "out.tar.gz", tmp_path / "back")
    with closing(sqlite3.connect(tmp_path / "back" / ".scoville" / "track.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        counts = database.execute("SELECT sum(caller = 'a'), sum(caller = 'b') FROM feedback").fetchone()
    assert counts[0] == counts[1]


def test_a_backup_is_restored_into_no_folder_that_holds_anything(filled: Path, tmp_path: Path):
    back_up(scoville.open(filled).workspace, tmp_path / "out.tar.gz")
    before = (filled / "recipe.yaml").read_text()
    with pytest.raises(UsageError, match="not empty"):
        restore(tmp_path / "out.tar.gz", filled)
    assert (filled / "recipe.yaml").read_text() == before
    with pytest.raises(UsageError, match="exists"):
        back_up(scoville.open(filled).workspace, tmp_path / "out.tar.gz")


@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "nothing"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(filled: Path, tmp_path: Path, damage: str):
    file = tmp_path / "out.tar.gz"
    back_up(scoville.open(filled).workspace, file)
    data = file.read_bytes()
    middle = len(data) // 2
    file.write_bytes({
        "cut": data[:middle], "flipped": data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :],
        "text": b"no archive", "nothing": b"",
    }[damage])  # fmt: skip
    with pytest.raises(UsageError, match="damaged"):
        restore(file, tmp_path / "back")
    assert not [path for path in tmp_path.iterdir() if "back" in path.name]


@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out.txt", "a/../../out.txt"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str):
    file = archive(tmp_path, [(tarfile.TarInfo(name), b"x")])
    with pytest.raises(UsageError, match="does not belong"):
        restore(file, tmp_path / "in" / "back")
    assert not (tmp_path / "out.txt").exists()


FILES = {"a": {"sha256": "", "bytes": 1}}


@pytest.mark.parametrize(
    "manifest",
    [
        [1], {}, {"format": "x", "made": 0, "files": FILES}, {"format": 1, "made": 0, "files": {"a": 1}},
        {"format": 1, "made": 0, "files": {"a": {"sha256": ""}}}, {"format": 1, "files": FILES},
        {"format": 1, "made": 0, "files": []},
    ],
)  # fmt: skip
def test_a_list_of_files_that_is_none_is_refused_and_leaves_nothing(tmp_path: Path, manifest: object):
    listed = (tarfile.TarInfo("backup.json"), json.dumps(manifest).encode())
    with pytest.raises(UsageError, match="damaged: its list of files"):
        restore(archive(tmp_path, [(tarfile.TarInfo("a"), b"x"), listed]), tmp_path / "back")
    assert not [path for path in tmp_path.iterdir() if "back" in path.name]


@pytest.mark.parametrize("name", ["big", "backup.json"])
def test_what_unpacks_to_far_more_than_it_is_is_refused_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setattr("scoville.backup.SPARE", 1 << 10)
    file = archive(tmp_path, [(tarfile.TarInfo(name), bytes(4 << 20))])
    with pytest.raises(UsageError, match="far more than one does"):
        restore(file, tmp_path / "back")
    assert not [path for path in tmp_path.iterdir() if "back" in path.name]


@pytest.mark.parametrize("second", ["a", "a/b"])
def test_two_files_of_one_name_are_damage(tmp_path: Path, second: str):
    file = archive(tmp_path, [(tarfile.TarInfo("a"), b"x"), (tarfile.TarInfo(second), b"y")])
    with pytest.raises(UsageError, match="damaged"):
        restore(file, tmp_path / "back")


def test_a_link_is_refused_and_so_is_a_file_that_is_not_on_the_list(tmp_path: Path):
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with pytest.raises(UsageError, match="does not belong"):
        restore(archive(tmp_path, [(link, b"")]), tmp_path / "back")
    with pytest.raises(UsageError, match="recipe.yaml is not as it was written"):
        restore(archive(tmp_path, [(tarfile.TarInfo("recipe.yaml"), b"llm: x")]), tmp_path / "back")


def archive(folder: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    file = folder / "made.tar.gz"
    listed = json.dumps({"format": 1, "made": 0, "files": {}}).encode()
    with tarfile.open(file, "w:gz") as made:
        for about, data in [*members, (tarfile.TarInfo(MANIFEST), listed)]:
            about.size = len(data)
            made.addfile(about, io.BytesIO(data))
    return file


def test_the_commands_say_what_they_did(
    filled: Path, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(filled)
    made = command("backup", tmp_path / "out.tar.gz", "--json")
    back = command("restore", tmp_path / "out.tar.gz", tmp_path / "back", "--json")
    assert made.json == back.json
    assert command("forget", "docs/leave.txt", "--json").json["held"][1]["what"] == str(tmp_path / "out.tar.gz")


def test_an_index_of_an_older_form_is_refused_after_a_restore_and_healed_by_a_rebuild(filled: Path, tmp_path: Path):
    with scoville.open(filled) as bot:
        built = bot.workspace.require_built()
        table = import_lancedb().connect(bot.workspace.index_folder).open_table(built.table)
        table.drop_columns(["facets", "item", "stamp"])  # what an older version did not know
        state = bot.workspace.folder / "workspace.json"
        state.write_text(json.dumps({**json.loads(state.read_text()), "format": 1}))
        bot.backup(tmp_path / "out.tar.gz")
    shutil.move(filled / "docs", tmp_path / "docs")
    restore(tmp_path / "out.tar.gz", tmp_path / "back")
    shutil.move(tmp_path / "docs", tmp_path / "back" / "docs")
    with scoville.open(tmp_path / "back") as bot:
        with pytest.raises(StaleIndex, match="scoville add --rebuild"):
            bot.ask("How many days of leave do staff have?")
        assert bot.add(rebuild=True).passages == 1
        assert "thirty days" in bot.ask("How many days of leave do staff have?").text
        assert [one.id for one in bot.conversations().all()] == ["kim"]
