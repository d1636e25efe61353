"""The workspace: found from below, named files, and state files that survive anything."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Bench
from scoville.errors import DamagedIndex, EmptyIndex, StaleIndex, StorageError, WorkspaceError
from scoville.index import Built, Failure, Workspace, add_paths
from scoville.index.workspace import FORMAT

BUILT = Built(table="passages-1", embedder="fake", dimension=64)
NAMES = st.binary(min_size=1, max_size=40).filter(lambda name: not set(name) & {0, 0x2F} and name not in (b".", b".."))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "work")


class TestFinding:
    def test_the_nearest_recipe_or_index_above_is_found(self, tmp_path: Path):
        below = tmp_path / "a" / "b" / "c"
        below.mkdir(parents=True)
        assert Workspace.find(below).root == below
        Workspace(tmp_path / "a").set_built(BUILT)
        assert Workspace.find(below).root == tmp_path / "a"
        (tmp_path / "a" / "b" / "recipe.yaml").touch()
        assert Workspace.find(below).root == tmp_path / "a" / "b"

    def test_a_folder_named_recipe_is_no_workspace(self, tmp_path: Path):
        below = tmp_path / "a"
        (tmp_path / "recipe.yaml").mkdir()
        below.mkdir()
        assert Workspace.find(below).root == below


class TestNames:
    def test_a_file_of_the_project_is_relative_and_another_absolute(self, workspace: Workspace, tmp_path: Path):
        assert workspace.source_of(workspace.root / "docs" / ".." / "a.txt") == "a.txt"
        assert workspace.source_of(tmp_path / "b.txt") == "../b.txt"
        assert workspace.source_of(tmp_path.parent / "b.txt") == str(tmp_path.parent / "b.txt")
        assert workspace.source_of(workspace.root) == "."
        for name in ("a.txt", "../b.txt", str(tmp_path.parent / "b.txt")):
            assert workspace.source_of(workspace.path_of(name)) == name

    def test_a_project_reaches_up_to_its_repository(self, tmp_path: Path):
        (tmp_path / ".git").touch()  # as in a worktree
        assert Workspace(tmp_path / "bots" / "hr").source_of(tmp_path / "docs" / "a.txt") == "../../docs/a.txt"
        (tmp_path / "bots" / ".git").mkdir(parents=True)
        assert Workspace(tmp_path / "bots" / "hr").source_of(tmp_path / "a.txt") == str(tmp_path / "a.txt")
        assert Workspace(Path("/bot")).source_of(Path("/docs/a.txt")) == "/docs/a.txt"

    def test_a_way_through_links_leads_to_one_name(self, workspace: Workspace, tmp_path: Path):
        (workspace.root / "docs").mkdir(parents=True)
        (workspace.root / "docs" / "a.txt").touch()
        (tmp_path / "way").symlink_to(workspace.root)
        (workspace.root / "short").symlink_to("docs")
        (workspace.root / "docs" / "b.txt").symlink_to("a.txt")
        assert workspace.source_of(tmp_path / "way" / "short" / "a.txt") == "docs/a.txt"
        assert workspace.source_of(tmp_path / "way" / "short") == "docs"
        assert workspace.source_of(workspace.root / "short" / "b.txt") == "docs/b.txt"

    def test_a_loop_of_links_has_a_name(self, workspace: Workspace):
        workspace.root.mkdir()
        (workspace.root / "loop").symlink_to("loop")
        assert workspace.source_of(workspace.root / "loop" / "a.txt") == "loop/a.txt"

    def test_bytes_that_are_no_utf8_are_escaped(self, workspace: Workspace):
        assert workspace.source_of(workspace.root / os.fsdecode(b"caf\xe9.txt")) == r"caf\xe9.txt"

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(name=NAMES)
    def test_every_name_is_text_and_leads_back_to_its_file(self, tmp_path_factory: pytest.TempPathFactory, name: bytes):
        workspace = Workspace(tmp_path_factory.mktemp("names"))
        path = workspace.root / os.fsdecode(name)
        path.touch()
        source = workspace.source_of(path)
        source.encode()
        assert workspace.path_of(source).samefile(path)

    def test_a_name_with_a_written_escape_is_itself(self, workspace: Workspace):
        workspace.root.mkdir()
        path = workspace.root / r"caf\xe9.txt"
        path.touch()
        assert workspace.path_of(workspace.source_of(path)) == path


class TestState:
    def test_state_comes_back(self, workspace: Workspace):
        assert workspace.built() is None
        assert workspace.failures() == []
        workspace.set_built(BUILT)
        failures = [Failure(path='b\n"🙂', reason="is empty"), Failure(path="a", reason="ü")]
        workspace.set_failures(failures)
        again = Workspace(workspace.root)
        assert again.built() == again.require_built() == BUILT
        assert again.failures() == failures[::-1]

    def test_a_workspace_without_an_index_says_what_to_type(self, workspace: Workspace):
        with pytest.raises(EmptyIndex, match="scoville add PATH"):
            workspace.require_built()

    def test_a_newer_version_is_refused(self, workspace: Workspace):
        workspace.set_built(BUILT)
        path = workspace.folder / "workspace.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "format": FORMAT + 1}))
        with pytest.raises(WorkspaceError, match="install a newer Scoville"):
            workspace.built()

    @pytest.mark.parametrize(
        "content",
        [
            b"", b"{", b"\xff\xfe", b"[]", b'"text"', b"null", b"[" * 100_000, b'{"format": "1"}', b'{"format": 1}',
            b'{"format": 1, "table": 3, "embedder": "fake", "dimension": 64}', b'{"table": "passages-1"}',
        ],
    )  # fmt: skip
    def test_damaged_state_is_an_error_that_says_what_to_do(self, workspace: Workspace, content: bytes):
        workspace.set_built(BUILT)
        (workspace.folder / "workspace.json").write_bytes(content)
        with pytest.raises(WorkspaceError, match=r"workspace\.json is damaged .*: run `scoville add --rebuild`"):
            workspace.built()

    @pytest.mark.parametrize("content", [b"[]", b"{", b"[" * 100_000])
    def test_a_damaged_list_of_failures_is_an_error(self, workspace: Workspace, content: bytes):
        workspace.set_failures([])
        (workspace.folder / "failures.json").write_bytes(content)
        with pytest.raises(WorkspaceError, match=r"failures\.json is damaged"):
            workspace.failures()

    def test_a_damaged_state_is_healed_by_what_the_error_says(self, bench: Bench):
        bench.write("a.txt", "Leave is thirty days.")
        bench.add()
        path = bench.workspace.folder / "workspace.json"
        path.write_text("{")
        with pytest.raises(DamagedIndex, match="scoville add --rebuild"):
            bench.add()
        bench.add(rebuild=True)
        assert bench.found("leave") == ["docs/a.txt"]

    def test_a_write_that_fails_leaves_the_old_state_and_nothing_else(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ):
        workspace.set_built(BUILT)

        def full(handle: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(StorageError, match="No space left on device; free some space"):
                workspace.set_built(Built(table="other", embedder="fake", dimension=64))
        assert workspace.built() == BUILT
        assert [path.name for path in workspace.folder.iterdir()] == ["workspace.json"]

    def test_what_a_killed_writer_left_is_cleared(self, workspace: Workspace):
        workspace.set_built(BUILT)
        (workspace.folder / "failures.json.4242.tmp").write_text("{")
        with workspace.writing():
            assert sorted(path.name for path in workspace.folder.iterdir()) == [".gitignore", "lock", "workspace.json"]


class TestLock:
    def test_a_second_writer_is_told_and_waits(self, workspace: Workspace):
        order: list[str] = []
        waiting = threading.Event()

        def second() -> None:
            with workspace.writing(waiting.set):
                order.append("second")

        with workspace.writing():
            thread = threading.Thread(target=second)
            thread.start()
            assert waiting.wait(60)
            order.append("first")
        thread.join(60)
        assert order == ["first", "second"]

    def test_waiting_for_ever_ends_with_advice(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("scoville.index.workspace.LOCK_SECONDS", 0.05)
        with workspace.writing(), pytest.raises(WorkspaceError, match="is another `add` stuck"), workspace.writing():
            pass

    def test_a_fault_gives_the_lock_back(self, workspace: Workspace):
        with pytest.raises(KeyError), workspace.writing():
            raise KeyError
        with workspace.writing(lambda: pytest.fail("still locked")):
            pass


@pytest.fixture
def read_only(bench: Bench) -> Iterator[Bench]:
    """Give a workspace with one document whose folder cannot be written, by root neither."""
    bench.write("a.txt", "Leave is thirty days.")
    bench.add()
    root = str(bench.workspace.root)
    if os.geteuid():
        for folder, _, _ in os.walk(bench.workspace.folder):
            os.chmod(folder, 0o555)
        yield bench
        for folder, _, _ in os.walk(bench.workspace.folder):
            os.chmod(folder, 0o755)
        return
    if subprocess.run(["mount", "--bind", root, root], capture_output=True).returncode:
        pytest.skip("making a folder read-only for root needs the right to mount")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", root], check=True)
        yield bench
    finally:
        os.chdir("/")
        subprocess.run(["umount", "--lazy", root], check=True)


def test_a_read_only_workspace_is_searched_but_not_written(read_only: Bench):
    assert read_only.found("leave") == ["docs/a.txt"]
    with pytest.raises(StorageError, match="cannot write to .*check the permissions"):
        read_only.add()


def test_a_workspace_of_an_older_version_is_stale_until_it_is_rebuilt(bench: Bench):
    bench.write("a.txt", "Leave is thirty days.")
    bench.write("b.txt", "")
    bench.add()
    bench.index._table.drop_columns(["item", "stamp", "origin"])
    path = bench.workspace.folder / "workspace.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 1}))
    (bench.workspace.folder / "failures.json").write_text('{"docs/b.txt": "is empty"}')
    (bench.workspace.folder / "seen.json").unlink()
    with pytest.raises(StaleIndex, match="scoville add --rebuild"):
        bench.found("leave")
    report = add_paths(bench.workspace, bench.recipe, (), rebuild=True)
    assert (report.added, len(report.failed)) == (1, 1)
    assert bench.found("leave") == ["docs/a.txt"]
    assert bench.index.count() == 1
    assert json.loads(path.read_text())["format"] == FORMAT
