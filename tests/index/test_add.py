"""`add`: what it does to an index when files come, change, go, fail, and when it is interrupted."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from conftest import Bench
from scoville.embed import Embedder
from scoville.embed.fake import FakeEmbedder
from scoville.errors import EmptyIndex, StaleIndex, StorageError, UsageError
from scoville.index import AddProgress, Workspace, add_paths, remove_documents
from scoville.sources.walk import walk

LEAVE = "Staff have thirty days of leave in a year."
BINARY = bytes(range(256)) * 4
NOTICE = "Notice must be given in writing one month ahead."


def counts(bench: Bench, *paths: Path, **options: object) -> dict[str, int]:
    report = bench.add(*paths, **options)
    named = {name: getattr(report, name) for name in ("added", "changed", "removed", "unchanged")}
    return {name: count for name, count in (named | {"failed": len(report.failed)}).items() if count}


class TestAddingAgain:
    def test_adding_twice_changes_nothing(self, bench: Bench):
        bench.write("leave.txt", LEAVE)
        bench.write("law/notice.md", f"# Notice\n\n{NOTICE}")
        assert counts(bench) == {"added": 2}
        version = bench.index._table.version
        state = (bench.workspace.folder / "workspace.json").stat().st_mtime_ns
        assert counts(bench) == {"unchanged": 2}
        assert bench.index._table.version == version
        assert (bench.workspace.folder / "workspace.json").stat().st_mtime_ns == state

    def test_the_report_counts_what_is_in_the_index_now(self, bench: Bench):
        bench.write("a.txt", LEAVE)
        assert bench.add().tokens > 0
        bench.write("b.txt", NOTICE)
        report = bench.add()
        assert (report.documents, report.passages, report.added, report.unchanged) == (2, 2, 1, 1)
        assert bench.add().tokens == 0

    def test_a_changed_file_replaces_its_passages(self, bench: Bench):
        bench.write("a.txt", "\n\n".join(f"Paragraph {n}: {LEAVE * 8}" for n in range(5)))
        assert bench.add().passages > 2
        bench.write("a.txt", NOTICE)
        assert counts(bench) == {"changed": 1}
        [passage] = bench.index.passages([row["id"] for row in bench.index._table.search().to_list()])
        assert passage.text == NOTICE

    def test_a_changed_file_of_the_same_size_and_time_is_seen(self, bench: Bench):
        path = bench.write("a.txt", "Cover ends in May.")
        bench.add()
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        path.write_text("Cover ends in Mai.")
        os.utime(path, ns=times)
        assert counts(bench) == {"changed": 1}

    def test_a_new_and_a_deleted_file(self, bench: Bench):
        bench.write("a.txt", LEAVE)
        bench.write("b.txt", NOTICE)
        bench.add()
        (bench.docs / "a.txt").unlink()
        bench.write("c.txt", "Parking is free.")
        assert counts(bench) == {"added": 1, "removed": 1, "unchanged": 1}
        assert bench.sources == ["docs/b.txt", "docs/c.txt"]
        assert "docs/a.txt" not in bench.found("days of leave")

    def test_a_renamed_file_keeps_its_content_under_its_new_name_only(self, bench: Bench):
        path = bench.write("old.txt", LEAVE)
        bench.add()
        path.rename(bench.docs / "new.txt")
        assert counts(bench) == {"added": 1, "removed": 1}
        assert bench.found("leave") == ["docs/new.txt"]

    def test_two_files_with_one_content_are_two_documents(self, bench: Bench):
        bench.write("a.txt", LEAVE)
        bench.write("b.txt", LEAVE)
        assert counts(bench) == {"added": 2}
        assert bench.sources == ["docs/a.txt", "docs/b.txt"]
        (bench.docs / "a.txt").unlink()
        bench.add()
        assert bench.found("leave") == ["docs/b.txt"]

    def test_adding_a_folder_leaves_other_folders_alone(self, bench: Bench):
        for name in ("one/a.txt", "two/b.txt", "twofold/c.txt"):
            bench.write(name, f"{LEAVE} {name}")
        bench.add()
        for name in ("one/a.txt", "two/b.txt", "twofold/c.txt"):
            (bench.docs / name).unlink()
        assert counts(bench, bench.docs / "two") == {"removed": 1}
        assert bench.sources == ["docs/one/a.txt", "docs/twofold/c.txt"]

    def test_adding_a_folder_above_the_workspace_sees_what_is_gone(self, bench: Bench):
        bench.write("a.txt", LEAVE)
        bench.write("b.txt", NOTICE)
        bench.add()
        (bench.docs / "a.txt").unlink()
        assert counts(bench, bench.workspace.root.parent) == {"removed": 1, "unchanged": 1}

    def test_adding_a_path_that_was_deleted_removes_it(self, bench: Bench):
        path = bench.write("one/a.txt", LEAVE)
        bench.write("b.txt", NOTICE)
        bench.add()
        path.unlink()
        assert counts(bench, path) == {"removed": 1}
        bench.write("one/a.txt", LEAVE)
        bench.add()
        path.unlink()
        path.parent.rmdir()
        assert counts(bench, path.parent) == {"removed": 1}
        assert bench.sources == ["docs/b.txt"]

    def test_a_path_that_never_was_is_refused_before_anything_is_made(self, bench: Bench):
        with pytest.raises(UsageError, match="nowhere does not exist: expected a file or a folder"):
            bench.add(bench.docs / "nowhere")
        assert not bench.workspace.folder.exists()
        bench.write("a.txt", LEAVE)
        bench.add()
        with pytest.raises(UsageError, match="nowhere"):
            bench.add(bench.docs, bench.docs / "nowhere")

    def test_a_file_that_became_a_folder(self, bench: Bench):
        path = bench.write("a", LEAVE)
        bench.add()
        path.unlink()
        bench.write("a/b.txt", NOTICE)
        assert counts(bench) == {"added": 1, "removed": 1}
        assert bench.sources == ["docs/a/b.txt"]

    def test_an_empty_folder_adds_nothing_and_binds_to_no_embedder(self, bench: Bench, monkeypatch: pytest.MonkeyPatch):
        assert counts(bench) == {}
        monkeypatch.setattr(FakeEmbedder, "name", "fake:second")
        bench.write("a.txt", LEAVE)
        assert counts(bench) == {"added": 1}
        assert bench.workspace.require_built().embedder == "fake:second"

    def test_progress_names_the_file_and_ends_with_all_of_them(self, bench: Bench):
        for number in range(3):
            bench.write(f"{number}.txt", f"{LEAVE} {number}")
        seen: list[AddProgress] = []
        bench.add(on_progress=seen.append)
        assert seen[0] == AddProgress(0, 3, 0, "docs/0.txt")
        assert seen[-1] == AddProgress(3, 3, 3, "docs/2.txt")


class TestWhichFiles:
    def test_hidden_files_folders_and_recipes_are_left_out(self, bench: Bench):
        for name in ("a.txt", ".b.txt", ".git/c.txt", "recipe.yaml", "sub/.d/e.txt"):
            bench.write(name, LEAVE)
        bench.add(bench.workspace.root)
        assert bench.sources == ["docs/a.txt"]

    def test_a_hidden_file_that_is_named_stays_when_its_folder_is_added(self, bench: Bench):
        hidden = bench.write(".policy.txt", LEAVE)
        bench.write("a.txt", NOTICE)
        bench.add(hidden)
        assert counts(bench) == {"added": 1}
        assert bench.sources == ["docs/.policy.txt", "docs/a.txt"]
        hidden.unlink()
        assert counts(bench) == {"removed": 1, "unchanged": 1}

    def test_a_loop_of_folder_links_ends_and_doubles_nothing(self, bench: Bench):
        bench.write("a/x.txt", LEAVE)
        bench.write("b/y.txt", NOTICE)
        (bench.docs / "a" / "up").symlink_to(bench.docs)
        (bench.docs / "b" / "across").symlink_to(bench.docs / "a")
        (bench.docs / "self").symlink_to("self")
        report = bench.add()
        assert bench.sources == ["docs/a/x.txt", "docs/b/y.txt"]
        assert [failure.path for failure in report.failed] == ["docs/self"]
        assert counts(bench) == {"unchanged": 2, "failed": 1}

    def test_files_behind_a_folder_link_go_when_they_are_deleted(self, bench: Bench, tmp_path: Path):
        outside = tmp_path / "share"
        outside.mkdir()
        (outside / "x.txt").write_text(LEAVE)
        (outside / "y.txt").write_text(NOTICE)
        (bench.docs / "share").symlink_to(outside)
        bench.add()
        assert bench.sources == []
        bench.add(follow_symlinks=True)
        assert bench.sources == ["../share/x.txt", "../share/y.txt"]
        (outside / "x.txt").unlink()
        assert counts(bench, follow_symlinks=True) == {"removed": 1, "unchanged": 1}
        (outside / "y.txt").unlink()
        assert counts(bench, bench.docs / "share") == {"removed": 1}

    def test_what_programs_install_and_what_ignore_files_name_is_left_out(self, bench: Bench):
        for name in (
            "a.md", "node_modules/x/b.md", "app/__pycache__/c.txt", "env/pyvenv.cfg", "env/lib/d.txt", "build/e.txt",
            "app/build.txt", "app/f.log", "app/keep.log", "app/sub/only.txt", "only.txt", "secret.txt",
        ):  # fmt: skip
            bench.write(name, f"{LEAVE} {name}")
        bench.write(".gitignore", "# made\n/build/\n*.log\n!keep.log\n")
        bench.write("app/.gitignore", "/sub/only.txt\n")
        bench.write(".scovilleignore", "secret.*\n")
        bench.add()
        assert bench.sources == [
            "docs/a.md", "docs/app/build.txt", "docs/app/keep.log", "docs/only.txt",
        ]  # fmt: skip
        bench.add(bench.docs / "node_modules" / "x", bench.docs / "secret.txt")  # named themselves
        assert "docs/node_modules/x/b.md" in bench.sources
        assert "docs/secret.txt" in bench.sources

    def test_ignore_files_above_count_up_to_the_repository(self, bench: Bench, tmp_path: Path):
        for name in ("a.md", "app/a.log", "app/keep.log", "build/e.md", "drafts/f.md"):
            bench.write(name, f"{LEAVE} {name}")
        (tmp_path / ".gitignore").write_text("*.md\n")  # above the repository
        (bench.workspace.root / ".git").mkdir()
        (bench.workspace.root / ".gitignore").write_text("*.log\n/docs/build/\n/a.md\ndocs/drafts/\n")
        bench.write("app/.gitignore", "!keep.log\n")
        bench.add()
        assert bench.sources == ["docs/a.md", "docs/app/keep.log"]
        bench.add(bench.docs / "build")  # named itself
        assert "docs/build/e.md" in bench.sources

    def test_patterns_leave_out_what_is_added_by_hand(self, bench: Bench):
        for name in ("a.txt", "a.log", "drafts/b.txt"):
            bench.write(name, f"{LEAVE} {name}")
        bench.add(exclude=["*.log", "drafts/"])
        assert bench.sources == ["docs/a.txt"]

    def test_the_workspace_ignores_itself_in_git(self, bench: Bench):
        bench.write("a.txt", LEAVE)
        bench.add()
        assert (bench.workspace.folder / ".gitignore").read_text() == "*\n"

    @pytest.mark.parametrize("kind", ["file", "folder"])
    def test_a_link_out_of_the_folder_is_followed_only_when_asked(self, bench: Bench, tmp_path: Path, kind: str):
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "x.txt").write_text(LEAVE)
        (bench.docs / "link.txt").symlink_to(outside / "x.txt" if kind == "file" else outside)
        assert counts(bench) == {}
        assert counts(bench, follow_symlinks=True) == {"added": 1}

    def test_a_link_to_a_file_is_a_document_of_its_own(self, bench: Bench):
        bench.write("a.txt", LEAVE)
        (bench.docs / "b.txt").symlink_to("a.txt")
        assert counts(bench) == {"added": 2}
        assert bench.sources == ["docs/a.txt", "docs/b.txt"]

    def test_files_are_walked_by_name_and_deep_folders_do_not_end_it(self, tmp_path: Path):
        deep = tmp_path / "deep"
        deep.mkdir()
        here = os.open(deep, os.O_RDONLY)
        name = "folder" * 40
        for _ in range(30):  # by handles: far deeper than one path may be long
            os.mkdir(name, dir_fd=here)
            below = os.open(name, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(here)
        (tmp_path / "b.txt").write_text("b")
        (tmp_path / "a.txt").write_text("a")
        files = walk(tmp_path).files
        assert [path.name for path in files if path.suffix] == ["a.txt", "b.txt"]

    def test_documents_outside_the_project_have_absolute_names(
        self, bench: Bench, tmp_path_factory: pytest.TempPathFactory
    ):
        path = tmp_path_factory.mktemp("share") / "elsewhere.txt"
        path.write_text(LEAVE)
        bench.add(path)
        assert bench.found("leave") == [str(path)]

    def test_what_an_older_version_named_by_its_whole_path_gets_its_name(self, bench: Bench, tmp_path: Path):
        path = tmp_path / "beside" / "leave.txt"
        path.parent.mkdir()
        path.write_text(LEAVE)
        (tmp_path / "named.txt").write_text(NOTICE)
        project, bench.workspace.project = bench.workspace.project, bench.workspace.root
        bench.add(path.parent, tmp_path / "named.txt")
        bench.workspace.project = project
        assert sorted(bench.sources) == [str(path), str(tmp_path / "named.txt")]
        assert counts(bench, path.parent) == {"added": 1, "removed": 1}
        assert sorted(bench.sources) == ["../beside/leave.txt", str(tmp_path / "named.txt")]
        bench.add(rebuild=True)
        assert sorted(bench.sources) == ["../beside/leave.txt", "../named.txt"]
        assert counts(bench, path.parent) == {"unchanged": 1}


class TestFailures:
    def test_a_file_that_becomes_unreadable_loses_its_passages_until_it_is_repaired(self, bench: Bench):
        bench.write("a.txt", LEAVE)
        bench.write("b.txt", NOTICE)
        bench.add()
        bench.write("a.txt", BINARY)
        assert counts(bench) == {"failed": 1, "unchanged": 1}
        assert bench.sources == ["docs/b.txt"]
        assert "binary data" in bench.failures["docs/a.txt"]
        bench.write("a.txt", LEAVE)
        assert counts(bench) == {"added": 1, "unchanged": 1}
        assert bench.failures == {}
        assert bench.found("leave")[0] == "docs/a.txt"

    def test_a_failure_goes_with_its_file(self, bench: Bench):
        path = bench.write("a.txt", b"")
        bench.add()
        assert bench.failures == {"docs/a.txt": "is empty"}
        path.unlink()
        bench.add()
        assert bench.failures == {}

    def test_failures_of_other_paths_stay(self, bench: Bench):
        bench.write("one/a.txt", b"")
        bench.write("two/b.txt", b"")
        bench.add()
        report = bench.add(bench.docs / "two")
        assert [failure.path for failure in report.failed] == ["docs/two/b.txt"]
        assert sorted(bench.failures) == ["docs/one/a.txt", "docs/two/b.txt"]

    def test_a_known_file_that_becomes_a_pipe_is_refused_without_waiting(self, bench: Bench):
        path = bench.write("a.txt", LEAVE)
        bench.add()
        path.unlink()
        os.mkfifo(path)
        adding = threading.Thread(target=bench.add, daemon=True)
        adding.start()
        adding.join(60)
        assert not adding.is_alive()
        assert bench.failures == {"docs/a.txt": "is not a regular file"}

    def test_a_file_that_cannot_be_opened_keeps_its_passages(self, bench: Bench, monkeypatch: pytest.MonkeyPatch):
        bench.write("a.txt", LEAVE)
        bench.add()
        locked_out(monkeypatch, "a.txt")
        assert counts(bench) == {"failed": 1}
        assert "permission denied" in bench.failures["docs/a.txt"]
        assert bench.found("leave") == ["docs/a.txt"]

    def test_a_file_that_cannot_be_opened_never_keeps_the_index_stale(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ):
        bench.write("a.txt", LEAVE)
        bench.write("b.txt", NOTICE)
        bench.add()
        bench.set(split={"size": 64})
        locked_out(monkeypatch, "a.txt")
        bench.add(rebuild=True)
        assert bench.found("notice") == ["docs/b.txt"]

    def test_a_folder_that_cannot_be_listed_is_a_failure_and_keeps_its_documents(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ):
        bench.write("open/a.txt", LEAVE)
        bench.write("shut/b.txt", NOTICE)
        bench.add()
        with monkeypatch.context() as patch:
            listed = os.listdir

            def refuse(path: Path) -> list[str]:
                if Path(path).name == "shut":
                    raise PermissionError(13, "Permission denied", str(path))
                return listed(path)

            patch.setattr(os, "listdir", refuse)
            assert counts(bench) == {"unchanged": 1, "failed": 1}
        assert list(bench.failures) == ["docs/shut"]
        assert bench.sources == ["docs/open/a.txt", "docs/shut/b.txt"]
        assert counts(bench) == {"unchanged": 2}
        assert bench.failures == {}

    def test_a_file_that_vanishes_between_listing_and_reading_is_a_failure(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ):
        bench.write("a.txt", LEAVE)
        bench.write("b.txt", NOTICE)

        def walk_and_lose(path: Path, **options: bool):
            walked = walk(path, **options)
            (bench.docs / "a.txt").unlink(missing_ok=True)
            return walked

        monkeypatch.setattr("scoville.sources.files.walk", walk_and_lose)
        assert counts(bench) == {"added": 1, "failed": 1}
        assert "does not exist" in bench.failures["docs/a.txt"]

    def test_a_fault_in_a_reader_ends_nothing(self, bench: Bench, monkeypatch: pytest.MonkeyPatch):
        bench.write("a.txt", LEAVE)
        bench.write("b.txt", NOTICE)
        split = sys.modules["scoville.index.making"].split_document

        def broken(document, *others, **options):
            if document.source == "docs/a.txt":
                raise KeyError("no such thing")
            return split(document, *others, **options)

        monkeypatch.setattr("scoville.index.making.split_document", broken)
        assert counts(bench) == {"added": 1, "failed": 1}
        assert "KeyError" in bench.failures["docs/a.txt"]


def locked_out(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Make files of a name unreadable, for root too."""
    access = os.access
    for module in (os, io):

        def open_other(path, *others, opened=module.open, **options):
            if str(path).endswith(name):
                raise PermissionError(13, "Permission denied", str(path))
            return opened(path, *others, **options)

        monkeypatch.setattr(module, "open", open_other)
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith(name) and access(path, mode))


class SecondEmbedder(FakeEmbedder):
    """Another fake: its vectors are as long as those of the first, and mean something else."""

    name = "fake:second"

    def embed(self, texts, kind="passage", on_done=None):
        return super().embed([text[::-1] for text in texts], kind, on_done)


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Let the name `fake` mean the second embedder, until its context ends."""
    with monkeypatch.context() as patch:
        patch.setattr("scoville.embed.fake.FakeEmbedder", SecondEmbedder)
        yield patch


class TestRebuilding:
    @pytest.fixture
    def filled(self, bench: Bench) -> Bench:
        bench.write("a.txt", LEAVE)
        bench.write("b.txt", NOTICE)
        bench.add()
        return bench

    def test_another_embedder_is_refused_with_advice(self, filled: Bench, second: pytest.MonkeyPatch):
        with pytest.raises(StaleIndex, match="'fake'.*'fake:second'.*scoville add --rebuild.*set embed.model back"):
            filled.add()
        with pytest.raises(StaleIndex, match="'fake'.*'fake:second'.*scoville add --rebuild"):
            filled.found("leave")

    def test_a_rebuild_switches_to_another_embedder(self, filled: Bench, second: pytest.MonkeyPatch):
        assert counts(filled, rebuild=True) == {"added": 2}
        assert filled.found("leave")[0] == "docs/a.txt"
        second.undo()
        with pytest.raises(StaleIndex):
            filled.found("leave")

    def test_a_rebuild_without_paths_takes_every_known_file(self, filled: Bench, second: pytest.MonkeyPatch):
        (filled.docs / "b.txt").unlink()
        add_paths(filled.workspace, filled.recipe, (), rebuild=True)
        assert filled.sources == ["docs/a.txt"]

    def test_the_index_before_a_rebuild_goes_with_the_next_add(self, filled: Bench, second: pytest.MonkeyPatch):
        tables = filled.workspace.index_folder
        old = {path.name for path in tables.iterdir()}
        filled.add(rebuild=True)
        assert {path.name for path in tables.iterdir()} > old
        filled.add()
        left = {path.name for path in tables.iterdir()}
        assert len(left) == 1
        assert not left & old

    def test_an_interrupted_rebuild_leaves_the_old_index_in_use_and_goes_on(
        self, filled: Bench, second: pytest.MonkeyPatch
    ):
        filled.write("c.txt", "Parking is free.")
        filled.write("d.txt", "Trains are preferred.")
        with second.context() as patch:
            patch.setattr("scoville.index.ingest.COMMIT_TOKENS", 1)
            with pytest.raises(KeyboardInterrupt):
                filled.add(rebuild=True, on_progress=stop_at("docs/c.txt"))
        with second.context() as patch:
            patch.setattr("scoville.embed.fake.FakeEmbedder", FakeEmbedder)
            assert filled.found("leave")[0] == "docs/a.txt"
        report = filled.add(rebuild=True)
        assert (report.added, report.unchanged) == (2, 2)
        assert filled.found("parking")[0] == "docs/c.txt"

    def test_another_splitter_makes_the_index_stale_until_it_is_rebuilt(self, filled: Bench):
        filled.set(split={"by": "fixed", "size": 64})
        with pytest.raises(StaleIndex, match="scoville add --rebuild"):
            filled.found("leave")
        assert counts(filled, rebuild=True) == {"added": 2}  # to a table beside the old one
        assert filled.found("leave")[0] == "docs/a.txt"

    def test_a_new_version_of_the_splitter_makes_the_index_stale(self, filled: Bench, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("scoville.index.build.SPLITTER_VERSION", "next")
        with pytest.raises(StaleIndex):
            filled.found("leave")
        assert counts(filled) == {"changed": 2}  # a plain `add` heals what it is given
        assert filled.found("leave")

    def test_an_interrupted_rebuild_with_another_splitter_goes_on(self, filled: Bench, monkeypatch: pytest.MonkeyPatch):
        filled.set(split={"size": 64})
        with monkeypatch.context() as patch:
            patch.setattr("scoville.index.ingest.COMMIT_TOKENS", 1)
            with pytest.raises(KeyboardInterrupt):
                filled.add(rebuild=True, on_progress=stop_at("docs/b.txt"))
        with pytest.raises(StaleIndex):
            filled.found("leave")
        assert counts(filled, rebuild=True) == {"added": 1, "unchanged": 1}
        assert filled.found("leave")[0] == "docs/a.txt"

    def test_a_rebuild_of_what_is_not_stale_builds_everything(self, filled: Bench):
        assert counts(filled, rebuild=True) == {"changed": 2}

    def test_settings_of_the_search_make_nothing_stale(self, filled: Bench):
        filled.set(search={"passages": 1}, embed={"threads": 1}, llm={"temperature": 0.5})
        assert len(filled.found("leave")) == 1
        assert counts(filled) == {"unchanged": 2}

    @pytest.mark.model
    def test_a_rebuild_switches_to_the_default_model_and_back(self, filled: Bench):
        filled.set(embed={"model": "all-minilm-l6-v2"})
        with pytest.raises(StaleIndex):
            filled.found("leave")
        assert counts(filled, rebuild=True) == {"added": 2}
        assert filled.workspace.require_built().dimension == 384
        assert filled.found("How much holiday do employees get?")[0] == "docs/a.txt"
        filled.set(embed={"model": "fake"})
        filled.add(rebuild=True)
        assert filled.found("leave")[0] == "docs/a.txt"


def stop_at(source: str):
    """Press Ctrl-C when a file is reached."""

    def stop(progress: AddProgress) -> None:
        if progress.current == source:
            raise KeyboardInterrupt

    return stop


class TestInterrupted:
    def test_ctrl_c_keeps_what_was_committed(self, bench: Bench, monkeypatch: pytest.MonkeyPatch):
        for number in range(20):
            bench.write(f"{number:02}.txt", f"{LEAVE} {number}")
        monkeypatch.setattr("scoville.index.ingest.COMMIT_TOKENS", 1)
        read: list[str] = []
        original = sys.modules["scoville.index.making"].read_file

        def counted(path, **options):
            read.append(path.name)
            return original(path, **options)

        monkeypatch.setattr("scoville.index.making.read_file", counted)
        with pytest.raises(KeyboardInterrupt):
            bench.add(on_progress=stop_at("docs/03.txt"))
        assert len(bench.sources) == 3
        assert len(read) < 20
        assert counts(bench) == {"added": 17, "unchanged": 3}

    def test_ctrl_c_keeps_what_was_read_some_seconds_ago_and_knows_what_was_not(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ):
        mail = EmailMessage()
        mail["From"], mail["Subject"] = "kim@larkspur.example", "Leave"
        mail.set_content(LEAVE)
        mail.add_attachment(BINARY, maintype="application", subtype="pdf", filename="plan.pdf")
        bench.write("00.eml", mail.as_bytes())
        for number in range(1, 20):
            bench.write(f"{number:02}.txt", f"{LEAVE} {number}")
        monkeypatch.setattr("scoville.index.ingest.COMMIT_SECONDS", 0.0)  # few tokens, and time passed
        with pytest.raises(KeyboardInterrupt):
            bench.add(on_progress=stop_at("docs/03.txt"))
        assert bench.sources == ["docs/00.eml", "docs/01.txt", "docs/02.txt"]
        assert list(bench.failures) == ["docs/00.eml/plan.pdf"]
        assert counts(bench) == {"added": 17, "unchanged": 3}
        assert list(bench.failures) == ["docs/00.eml/plan.pdf"]

    def test_a_remove_that_was_killed_half_way_can_be_done_again(self, bench: Bench, monkeypatch: pytest.MonkeyPatch):
        for name in "abc":
            bench.write(f"{name}.txt", f"{LEAVE} {name}")
        bench.add()
        with monkeypatch.context() as patch:
            patch.setattr("scoville.index.lance.LanceIndex.finish", pressed)
            with pytest.raises(KeyboardInterrupt):
                remove_documents(bench.workspace, bench.recipe, ["docs/a.txt", "docs/b.txt"])
        again = remove_documents(bench.workspace, bench.recipe, ["docs/a.txt", "docs/b.txt"])
        assert again == ("docs/a.txt", "docs/b.txt")
        assert bench.sources == ["docs/c.txt"]
        with pytest.raises(UsageError, match="not in the index"):
            remove_documents(bench.workspace, bench.recipe, ["docs/a.txt"])

    def test_words_are_found_after_a_kill_between_the_last_commit_and_the_end(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ):
        bench.write("a.txt", LEAVE)
        with monkeypatch.context() as patch:
            patch.setattr("scoville.index.lance.LanceIndex.finish", pressed)
            with pytest.raises(KeyboardInterrupt):
                bench.add()
        assert counts(bench) == {"unchanged": 1}
        assert [ranked.score > 0 for ranked in bench.index.bm25("leave", 5)] == [True]


def pressed(self: object) -> None:
    raise KeyboardInterrupt


SLOW_ADD = """
import sys, time
from scoville.cli import main
import scoville.index.ingest as ingest
ingest.COMMIT_TOKENS = 40  # about two of the files
commit = ingest.Ingest._commit
def announced(self, batch):
    print("commit", self._done, flush=True)
    commit(self, batch)
ingest.Ingest._commit = announced
sys.argv = ["scoville", *sys.argv[1:]]
main()
"""


def text_of(number: int, edition: str) -> str:
    words = hashlib.sha256(f"{edition}{number}".encode()).hexdigest()
    return f"File {number} of the {edition} edition is about topic{number} and {words[:8]} {words[8:16]}."


class TestKilled:
    def kill_during(self, bench: Bench, *words: str, commit: int, delay: float) -> None:
        """Start an `add` and kill it a moment after it announces a commit."""
        child = subprocess.Popen(
            [sys.executable, "-c", SLOW_ADD, "add", "docs", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert child.stdout and child.stderr
        with child.stdout, child.stderr:
            for seen, _line in enumerate(child.stdout):
                if seen == commit:
                    time.sleep(delay)
                    break
            child.kill()
            assert child.wait(60) == -signal.SIGKILL, child.stderr.read().decode()

    def test_a_kill_at_any_moment_loses_nothing_and_doubles_nothing(self, bench: Bench):
        for number in range(30):
            bench.write(f"{number:02}.txt", text_of(number, "first"))
        everything = set(range(30))
        self.kill_during(bench, commit=4, delay=0.004)
        assert 0 < self.once_each(bench, everything) < 30
        bench.add()
        assert self.once_each(bench, everything) == 30

        for number in range(0, 30, 2):
            bench.write(f"{number:02}.txt", text_of(number, "second"))
        for number in range(25, 30):
            (bench.docs / f"{number:02}.txt").unlink()
        self.kill_during(bench, commit=3, delay=0.002)
        assert self.once_each(bench, everything) == 30
        self.kill_during(bench, "--rebuild", "--set", "split.size=64", commit=5, delay=0.0)
        assert self.once_each(bench, everything) == 30

        bench.set(split={"size": 64})
        bench.add(rebuild=True)
        assert self.once_each(bench, set(range(25))) == 25
        for number in (1, 2, 14, 23):
            edition = "first" if number % 2 else "second"
            assert bench.found(text_of(number, edition))[0] == f"docs/{number:02}.txt"
        assert counts(bench) == {"unchanged": 25}
        assert sorted(path.name for path in bench.workspace.folder.iterdir()) == [
            ".gitignore", "failures.json", "index", "lock", "seen.json", "workspace.json",
        ]  # fmt: skip
        assert len(list(bench.workspace.index_folder.iterdir())) == 1

    @staticmethod
    def once_each(bench: Bench, numbers: set[int]) -> int:
        """Check that each document in the index is there once; give their number."""
        if bench.workspace.built() is None:
            return 0
        rows = bench.index._table.search().select(["id", "source"]).to_list()
        assert len({row["id"] for row in rows}) == len(rows)
        documents = Counter(row["source"] for row in rows)
        assert set(documents) <= {f"docs/{number:02}.txt" for number in numbers}
        assert set(documents.values()) <= {1}
        return len(documents)


WAITING_ADD = """
import sys, time
from pathlib import Path
from scoville.cli import main
from scoville.embed.fake import FakeEmbedder
embed = FakeEmbedder.embed
def wait(self, *words, **options):
    print("embedding", flush=True)
    for _ in range(2000):
        if Path("go").exists():
            break
        time.sleep(0.01)
    return embed(self, *words, **options)
FakeEmbedder.embed = wait
sys.argv = ["scoville", "add", "docs"]
main()
"""


def test_of_two_adds_at_once_the_second_waits_and_nothing_is_doubled(bench: Bench):
    for number in range(5):
        bench.write(f"{number}.txt", text_of(number, "first"))
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", WAITING_ADD], **options) as first:
        assert first.stdout and first.stdout.readline() == "embedding\n"
        with subprocess.Popen([sys.executable, "-m", "scoville", "add", "docs", "--json"], **options) as second:
            assert second.stderr
            waiting = second.stderr.readline()
            Path("go").touch()
            out, err = second.communicate(timeout=120)
        assert first.wait(120) == 0
    assert waiting == "Another process is adding to this workspace; waiting for it to end.\n"
    assert second.returncode == 0, err
    assert '"unchanged": 5' in out
    assert len(bench.sources) == bench.index.count() == 5


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 8 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mounting, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_keeps_what_was_committed_and_goes_on_after_space_is_freed(
    tiny_disk: Path, tmp_path: Path, fakes: None, monkeypatch: pytest.MonkeyPatch
):
    bench = Bench(tmp_path / "source")
    bench.workspace = Workspace(tiny_disk)
    for number in range(40):
        words = (hashlib.sha256(f"{number}/{part}".encode()).hexdigest() for part in range(1600))
        bench.write(f"{number:02}.txt", "\n\n".join(words))
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(bytes(6_000_000))
    monkeypatch.setattr("scoville.index.ingest.COMMIT_TOKENS", 3000)
    with pytest.raises(StorageError, match="is full; free some space and run the command again"):
        bench.add()
    kept = len(bench.sources)
    assert 0 < kept < 40
    assert bench.index.count() >= kept
    ballast.unlink()
    for number in range(kept, 40):
        (bench.docs / f"{number:02}.txt").unlink()
    bench.write("last.txt", LEAVE)
    assert counts(bench) == {"added": 1, "unchanged": kept}
    assert bench.found("days of leave")[0].endswith("last.txt")


def test_nothing_is_searched_before_anything_is_added(bench: Bench):
    with pytest.raises(EmptyIndex, match="scoville add PATH"):
        bench.found("leave")
    bench.add()
    with pytest.raises(EmptyIndex, match="scoville add PATH"):
        bench.found("leave")


def test_a_long_document_is_embedded_in_one_commit(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    calls: list[int] = []
    embed = FakeEmbedder.embed

    def counted(self: Embedder, texts, *others, **options):
        calls.append(len(texts))
        return embed(self, texts, *others, **options)

    monkeypatch.setattr(FakeEmbedder, "embed", counted)
    monkeypatch.setattr("scoville.index.ingest.COMMIT_TOKENS", 10)
    bench.write("a.txt", "\n\n".join(f"{LEAVE} {number}" for number in range(200)))
    report = bench.add()
    assert calls == [report.passages]
    assert report.passages > 5
