"""Files of the index that a disk, a kill or a person damaged: what can be built again is, and the rest says how."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from conftest import Bench, Command, command_line, set_fakes
from scoville.errors import StorageError
from scoville.index import LanceIndex, add_paths, remove_documents

QUESTION = "How many days of leave has ward 7?"
ANSWER = "docs/hr/07.txt"
DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "truncated": lambda data: data[: len(data) // 2],
    "zeroed": lambda data: bytes(len(data)),
    "deleted": lambda _: None,
    "flipped": lambda data: data[:-4] + bytes(byte ^ 0xFF for byte in data[-4:]),
}
INDEXES = {
    "words": "part_*_docs.lance part_*_invert.lance part_*_tokens.lance metadata.lance",
    "vectors": "index.idx auxiliary.idx",
    "columns": "page_data.lance page_lookup.lance",
    "lists": "bitmap_page_lookup.lance",
}
"""Files of the search indexes."""
LOST = {
    "rows": "data/*.lance",
    "versions": "_versions/*.manifest",
    "removed": "_deletions/*.arrow",
    "state": "workspace.json",
    "all but a list": "data/*.lance *.manifest workspace.json failures.json",
}
"""Files of which nothing else holds the same."""
BUILT_AGAIN = "was damaged; it was built again from the passages, and finds them"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a workspace with every kind of index, and with rows that were removed and not compacted."""
    root = tmp_path_factory.mktemp("filled") / "work"
    with pytest.MonkeyPatch.context() as patch:
        prepare(patch)
        bench = Bench(root)
        patch.chdir(root)
        sources = "sources:\n  - {path: docs/hr, groups: [hr]}\n"
        (root / "recipe.yaml").write_text(f"index: {{exact_below: 0}}\nsplit: {{size: 32}}\n{sources}")
        for ward in range(12):
            bench.write(
                f"hr/{ward:02}.txt", f"Staff of ward {ward} have {ward} days of annual leave. Ada Marlow agrees."
            )
        lines = (
            f"Shift {number} of the otter begins at {number % 24} in the hall of ward {number}."
            for number in range(300)
        )
        bench.write("shifts.txt", "\n\n".join(lines))
        bench.write("broken.pdf", b"%PDF-1.7 nothing")
        command = command_line(patch)
        assert command("add", "docs").code == 0
        bench.write("hr/07.txt", "Staff of ward 7 have 7 days of annual leave. Ben Okafor agrees.")
        (bench.docs / "hr" / "11.txt").unlink()
        assert command("add", "docs").code == 0
    return root


def prepare(patch: pytest.MonkeyPatch) -> None:
    set_fakes(patch)
    patch.setattr("scoville.index.lance_indexes.SCAN_BELOW", 0)
    patch.setattr("scoville.index.lance_vectors.LEAST_TO_TRAIN", 0)
    patch.setattr("scoville.index.lance_vectors.COMPARED_BELOW", 0)


class Copy:
    """A copy of the workspace, whose files are damaged."""

    def __init__(self, root: Path, command: Command) -> None:
        self.folder = root / ".scoville"
        self.command = command

    def damage(self, names: str, how: str) -> None:
        paths = [path for name in names.split() for path in self.folder.rglob(name)]
        assert paths, "there is such a file"
        for path in paths:
            data = DAMAGES[how](path.read_bytes()) if path.is_file() else None
            if data is not None:
                path.write_bytes(data)
            elif path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def finds(self) -> str:
        """Ask by every index, and give what was said beside the answer."""
        said = ""
        for words in (("--as", "hr"), ("--where", "type = text/plain"), ("--set", "search.graph_weight=1")):
            done = self.command("search", QUESTION, "--json", *words)
            assert done.code == 0, done.err
            assert done.json[0]["document"] == ANSWER
            said += done.err
        assert ANSWER not in self.command("search", QUESTION, "--as", "other", "--json").out
        return said


@pytest.fixture
def copy(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Copy:
    prepare(monkeypatch)
    root = tmp_path / "work"
    shutil.copytree(filled, root)
    monkeypatch.chdir(root)
    return Copy(root, command_line(monkeypatch))


def test_the_workspace_is_whole_before_it_is_damaged(copy: Copy):
    assert copy.finds() == ""
    assert copy.command("doctor").code == 0


MET = [*(("words", how) for how in DAMAGES), ("vectors", "zeroed"), ("columns", "deleted"), ("lists", "flipped")]


@pytest.mark.parametrize(("name", "how"), MET)
def test_a_search_that_meets_damaged_indexes_builds_them_again(copy: Copy, name: str, how: str):
    copy.damage(INDEXES[name], how)
    said = copy.finds()
    doctor = copy.command("doctor")
    assert doctor.code == 0
    assert BUILT_AGAIN in said + doctor.err
    assert copy.finds() == ""


@pytest.mark.parametrize("names", INDEXES.values(), ids=INDEXES)
def test_adding_builds_damaged_indexes_again(copy: Copy, names: str):
    copy.damage(names, "truncated")
    done = copy.command("add", "docs")
    assert done.code == 0
    assert BUILT_AGAIN in done.err
    assert copy.finds() == ""


@pytest.mark.parametrize(
    ("names", "how"),
    [
        pytest.param(LOST[name], how, id=f"{name}-{how}")
        for name in LOST
        for how in (DAMAGES if name == "rows" else ["truncated"])
    ],
)
def test_what_nothing_else_holds_is_read_again(copy: Copy, names: str, how: str, request: pytest.FixtureRequest):
    if "data/" in names:  # only rows can end the process that reads them
        request.getfixturevalue("rows_read_apart")
    copy.damage(names, how)
    for words in (("search", QUESTION), ("ask", QUESTION), ("add", "docs"), ("remove", "docs/hr/03.txt"), ("doctor",)):
        done = copy.command(*words)
        if done.code:
            assert "run `scoville add --rebuild`, which reads again all that was added" in done.out + done.err
            assert "delete" not in done.out + done.err
    done = copy.command("add", "--rebuild", "--json")
    assert done.code == 0, done.err
    assert done.json["documents"] in (11, 12)  # where a command worked, one was removed
    assert copy.finds() == ""
    assert len(list((copy.folder / "index").iterdir())) == 1
    assert copy.command("add", "docs", "--json").json["added"] in (0, 1)


@pytest.mark.usefixtures("rows_read_apart")
def test_without_the_list_it_is_asked_what_was_added(copy: Copy):
    copy.damage("index seen.json workspace.json failures.json", "deleted")
    (copy.folder / "workspace.json").write_text("{")
    done = copy.command("add", "--rebuild")
    assert done.code == 1
    assert "the list of what was added is lost, too: name it, as in `scoville add --rebuild docs/`" in done.err
    assert copy.command("add", "--rebuild", "docs").code == 0
    assert copy.finds() == ""


def test_a_damaged_list_of_failures_is_begun_anew(copy: Copy):
    copy.damage("failures.json", "truncated")
    assert "the next `scoville add` begins a new one" in copy.command("add", "--failed").err
    done = copy.command("add", "docs")
    assert "failures.json is damaged: a new one is begun, and what failed is tried again" in done.err
    assert "docs/broken.pdf" in copy.command("add", "--failed").out


def test_a_damaged_list_of_what_was_added_is_made_whole_by_the_next_add(copy: Copy):
    copy.damage("seen.json", "zeroed")
    assert copy.command("add", "docs/shifts.txt").code == 0
    copy.damage("data/*.lance", "deleted")
    assert copy.command("add", "--rebuild").code == 0
    assert copy.finds() == ""


@pytest.fixture
def asked(bench: Bench) -> Bench:
    bench.write("a.txt", "Annual leave is thirty days.")
    bench.add()
    return bench


def unmake(index: Path) -> None:
    """Leave of a table what a kill does that comes before its first commit."""
    shutil.rmtree(index / "_versions")


class TestKilledWhileATableIsCreated:
    def test_the_first_add_is_done_again(self, asked: Bench):
        (asked.workspace.folder / "workspace.json").unlink()
        (asked.workspace.folder / "seen.json").unlink()
        unmake(next(asked.workspace.index_folder.iterdir()))
        assert asked.add().added == 1
        assert asked.found("leave") == ["docs/a.txt"]

    def test_a_rebuild_leaves_the_old_index_and_is_done_again(self, asked: Bench, monkeypatch: pytest.MonkeyPatch):
        old = asked.recipe
        asked.set(split={"size": 64})
        with monkeypatch.context() as patch:
            patch.setattr(LanceIndex, "replace", interrupt)
            with pytest.raises(KeyboardInterrupt):
                asked.add(rebuild=True)
        current = asked.workspace.require_built().table
        (beside,) = (path for path in asked.workspace.index_folder.iterdir() if path.stem != current)
        unmake(beside)
        new, asked.recipe = asked.recipe, old
        assert asked.found("leave") == ["docs/a.txt"]
        asked.recipe = new
        assert asked.add(rebuild=True).added == 1
        assert asked.found("leave") == ["docs/a.txt"]

    def test_what_is_removed_does_not_come_back_with_an_interrupted_rebuild(
        self, asked: Bench, monkeypatch: pytest.MonkeyPatch
    ):
        asked.write("b.txt", "Parking is free.")
        asked.add()
        asked.set(split={"size": 64})
        with monkeypatch.context() as patch:
            patch.setattr("scoville.index.ingest.Workspace.set_seen", interrupt)
            with pytest.raises(KeyboardInterrupt):
                asked.add(rebuild=True)
        remove_documents(asked.workspace, asked.recipe, ["docs/b.txt"])
        add_paths(asked.workspace, asked.recipe, (), rebuild=True)
        assert asked.sources == ["docs/a.txt"]


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_an_add_that_is_killed_after_a_commit_knows_what_it_could_not_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    mail = EmailMessage()
    mail["Subject"] = "Leave"
    mail.set_content("Annual leave is thirty days.")
    mail.add_attachment(b"%PDF-1.7 nothing", maintype="application", subtype="pdf", filename="form.pdf")
    bench.write("mail.eml", bytes(mail))
    with monkeypatch.context() as patch:
        patch.setattr("scoville.index.ingest.Workspace.set_seen", interrupt)
        with pytest.raises(KeyboardInterrupt):
            bench.add()
    assert list(bench.failures) == ["docs/mail.eml/form.pdf"]
    assert bench.add().unchanged == 1
    assert list(bench.failures) == ["docs/mail.eml/form.pdf"]


def test_a_remove_that_was_killed_can_be_repeated(asked: Bench, monkeypatch: pytest.MonkeyPatch):
    asked.write("b.txt", "Parking is free.")
    asked.write("c.txt", "Lunch is at noon.")
    asked.add()
    names = ["docs/a.txt", "docs/b.txt"]
    for step in ("LanceIndex.finish", "Workspace.set_failures", "Workspace.set_seen"):
        with monkeypatch.context() as patch:
            patch.setattr(f"scoville.index.{step}", interrupt)
            with pytest.raises(KeyboardInterrupt):
                remove_documents(asked.workspace, asked.recipe, names)
    assert remove_documents(asked.workspace, asked.recipe, names) == tuple(names)
    assert asked.sources == ["docs/c.txt"]


@pytest.fixture
def small_disk(asked: Bench) -> Iterator[Callable[[int], None]]:
    """Put the index on a disk whose size can be set."""
    folder, aside = asked.workspace.index_folder, asked.workspace.folder / "aside"
    folder.rename(aside)
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", folder], capture_output=True).returncode:
        pytest.skip("a small disk needs the right to mount")
    shutil.copytree(aside, folder, dirs_exist_ok=True)
    used = shutil.disk_usage(folder).used

    def set_size(more: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={used + more}", folder], check=True)

    try:
        yield set_size
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("room", [0, 8192, 32768])
def test_a_disk_that_is_full_while_a_table_is_made_costs_nothing(
    asked: Bench, small_disk: Callable[[int], None], room: int
):
    old = asked.recipe
    asked.set(split={"size": 64})
    small_disk(room)
    with pytest.raises(StorageError, match="full"):
        asked.add(rebuild=True)
    new, asked.recipe = asked.recipe, old
    assert asked.found("leave") == ["docs/a.txt"]
    asked.recipe = new
    small_disk(10_000_000)
    assert asked.add(rebuild=True).documents == 1
    assert asked.found("leave") == ["docs/a.txt"]


@pytest.mark.usefixtures("rows_read_apart")
def test_rows_that_end_the_process_that_reads_them_are_made_anew(copy: Copy, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("scoville.index.lance.READ_ROWS", "import os; os.abort()")
    assert "scoville add --rebuild" in copy.command("doctor").out
    assert copy.command("add", "--rebuild").code == 0
    assert copy.finds() == ""


@pytest.mark.usefixtures("rows_read_apart")
@pytest.mark.parametrize(
    "dies",
    [
        "import os, sys; sys.stderr.write('memory allocation of 384 bytes failed\\n'); sys.stderr.flush(); os.abort()",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    ],
)
def test_who_runs_out_of_memory_while_reading_rows_has_met_no_damage(
    copy: Copy, monkeypatch: pytest.MonkeyPatch, dies: str
):
    with monkeypatch.context() as patch:
        patch.setattr("scoville.index.lance.READ_ROWS", dies)
        doctor = copy.command("doctor").out
        assert "the machine failed, not a document" in doctor
        assert "--rebuild" not in doctor
        done = copy.command("add", "--rebuild")
        assert done.code == 1
        assert "the machine failed, not a document" in done.err
    assert copy.finds() == ""
