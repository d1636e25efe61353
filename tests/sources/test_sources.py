"""Sources and `sync`: what comes in, changes and goes, and what is kept when a source is out of reach."""

import mailbox
import os
import signal
import sqlite3
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from test_cli import check

from conftest import Bench, Command
from scoville.errors import RecipeError, SourceError, SourceUnavailable, UsageError
from scoville.index import AddReport, add_paths, remove_documents, sync_sources
from scoville.sources.item import Content, Item, Listing
from scoville.sources.open import Place, open_entries
from scoville.sources.pattern import matches
from scoville.sources.secret import expand, expand_url, scrub, without_user

LEAVE = "Staff have thirty days of leave in a year."
NOTICE = "Notice must be given in writing one month ahead."
PARKING = "Parking behind the hall is free for visitors."


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again without waiting."""
    monkeypatch.setattr("scoville.index.look.FIRST_PAUSE_SECONDS", 0.0)


def name_sources(bench: Bench, *entries: dict[str, Any], **settings: Any) -> None:
    bench.set(sources={"entries": list(entries), "delay_seconds": 0.0, **settings})


def sync(bench: Bench, **options: Any) -> AddReport:
    return sync_sources(bench.workspace, bench.recipe, **options)


def counts(report: AddReport) -> dict[str, int]:
    named = {name: getattr(report, name) for name in ("added", "changed", "removed", "unchanged", "skipped")}
    return {name: count for name, count in (named | {"failed": len(report.failed)}).items() if count}


def reasons(report: AddReport) -> dict[str, str]:
    return {failure.path: failure.reason for failure in report.failed}


# Patterns and secrets


@pytest.mark.parametrize(
    ("pattern", "path", "taken"),
    [
        ("*.pdf", "a.pdf", True), ("*.pdf", "deep/down/a.pdf", True), ("*.pdf", "a.pdf.txt", False),
        ("docs/*.md", "docs/a.md", True), ("docs/*.md", "docs/x/a.md", False), ("docs/**/*.md", "docs/a.md", True),
        ("docs/**/*.md", "docs/x/y/a.md", True), ("docs/**/*.md", "other/a.md", False), ("drafts/", "drafts/x/a", True),
        ("drafts/", "drafts", False), ("a?.txt", "ab.txt", True), ("[ab].txt", "b.txt", True), 
        ("[!ab].txt", "c.txt", True),
        ("[!ab].txt", "a.txt", False), ("./a.txt", "a.txt", True), ("./a.txt", "x/a.txt", False), 
        ("a[1.txt", "a[1.txt", True),
        ("a.txt", "axtxt", False), ("**", "x/y", True),
    ],
)  # fmt: skip
def test_a_pattern_takes_what_it_says(pattern: str, path: str, taken: bool):
    assert matches(pattern, path) is taken


class TestSecrets:
    def test_a_variable_is_read_when_it_is_used(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("DB_PASSWORD", "p@ss/word")
        assert expand("x ${DB_PASSWORD}") == "x p@ss/word"
        assert expand_url("db://me:${DB_PASSWORD}@host/hr") == "db://me:p%40ss%2Fword@host/hr"
        with pytest.raises(SourceError, match="environment variable NOWHERE is not set"):
            expand("${NOWHERE}")

    def test_what_is_stored_and_said_holds_no_secret(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("DB_PASSWORD", "p@ss/word")
        assert without_user("https://me:x@host/a?sig=1#top") == "https://host/a"
        said = scrub("no db://me:p%40ss%2Fword@host, p@ss/word is wrong", ["${DB_PASSWORD}"])
        assert "word" not in said
        assert said == "no db://***@host, *** is wrong"

    def test_an_error_of_the_recipe_does_not_repeat_one(self, bench: Bench, command: Command):
        bench.workspace.recipe_path.write_text("sources: [{git: 'https://me:hunter2@host/x.git'}]")
        done = command("sync")
        assert done.code == 2
        assert "hunter2" not in done.out + done.err
        assert "environment" in done.err


# Folders


class TestFolders:
    def test_a_folder_is_kept_in_line(self, bench: Bench):
        bench.write("a.txt", LEAVE)
        bench.write("b.txt", NOTICE)
        name_sources(bench, {"path": "docs"})
        assert counts(sync(bench)) == {"added": 2}
        assert counts(sync(bench)) == {"unchanged": 2}
        (bench.docs / "a.txt").unlink()
        bench.write("c.txt", PARKING)
        bench.write("b.txt", f"{NOTICE} Really.")
        assert counts(sync(bench)) == {"added": 1, "changed": 1, "removed": 1}
        assert bench.sources == ["docs/b.txt", "docs/c.txt"]

    def test_include_and_exclude_decide_and_what_is_left_out_later_goes(self, bench: Bench):
        for name in ("a.txt", "b.md", "drafts/c.txt"):
            bench.write(name, f"{LEAVE} {name}")
        name_sources(bench, {"path": "docs", "include": ["*.txt"]})
        sync(bench)
        assert bench.sources == ["docs/a.txt", "docs/drafts/c.txt"]
        name_sources(bench, {"path": "docs", "include": ["*.txt"], "exclude": ["drafts/"]})
        assert counts(sync(bench)) == {"unchanged": 1, "removed": 1}
        assert bench.sources == ["docs/a.txt"]

    def test_what_ignore_files_leave_out_is_said(self, bench: Bench, caplog: pytest.LogCaptureFixture):
        for name in ("a.txt", "b.log", "c.log"):
            bench.write(name, f"{LEAVE} {name}")
        (bench.docs / ".gitignore").write_text("*.log")
        name_sources(bench, {"path": "docs"})
        caplog.set_level("INFO", "scoville")
        assert counts(sync(bench)) == {"added": 1}
        assert "2 files and folders are left out" in caplog.text

    def test_what_is_ignored_or_linked_later_goes_and_links_are_followed_when_the_recipe_says_so(
        self, bench: Bench, tmp_path: Path
    ):
        (tmp_path / "x.txt").write_text(NOTICE)
        bench.write("a.txt", LEAVE)
        bench.write("b.txt", PARKING)
        (bench.docs / "x.txt").symlink_to(tmp_path / "x.txt")
        name_sources(bench, {"path": "docs", "follow_symlinks": True})
        sync(bench)
        assert bench.sources == ["docs/a.txt", "docs/b.txt", "docs/x.txt"]
        bench.write(".scovilleignore", "b.*")
        sync(bench)
        assert bench.sources == ["docs/a.txt", "docs/x.txt"]
        name_sources(bench, {"path": "docs"})
        sync(bench)
        assert bench.sources == ["docs/a.txt"]

    def test_a_pattern_is_a_source(self, bench: Bench):
        for name in ("a.md", "sub/b.md", "sub/c.txt"):
            bench.write(name, f"{LEAVE} {name}")
        name_sources(bench, {"path": "docs/**/*.md"})
        sync(bench)
        assert bench.sources == ["docs/a.md", "docs/sub/b.md"]
        (bench.docs / "sub" / "b.md").unlink()
        assert counts(sync(bench)) == {"removed": 1, "unchanged": 1}
        assert counts(bench.add("docs/**/*.txt")) == {"added": 1}
        (bench.docs / "sub" / "c.txt").unlink()
        assert counts(bench.add("docs/**/*.txt")) == {"removed": 1}
        (bench.docs / "sub" / "out.md").symlink_to(bench.workspace.root / "elsewhere.md")
        (bench.workspace.root / "elsewhere.md").write_text(LEAVE)
        assert counts(bench.add("docs/**/*.md")) == {"unchanged": 1}
        with pytest.raises(UsageError, match="matches no file"):
            bench.add("docs/*.pdf")

    def test_metadata_and_groups_reach_the_passages_and_a_change_of_them_too(self, bench: Bench):
        bench.write("a.txt", LEAVE)
        bench.write("open/b.txt", NOTICE)
        entry = {"path": "docs/a.txt", "metadata": {"department": "hr"}, "groups": ["staff"]}
        name_sources(bench, entry, {"path": "docs/open"})
        sync(bench)
        passages = {one.source: one for one in stored(bench)}
        assert passages["docs/a.txt"].groups == ("staff",)
        assert passages["docs/a.txt"].metadata["department"] == "hr"
        assert passages["docs/open/b.txt"].groups == ()
        name_sources(bench, entry | {"groups": ["board"]}, {"path": "docs/open"})
        assert counts(sync(bench, widen_access=True)) == {"changed": 1, "unchanged": 1}
        assert {one.groups for one in stored(bench)} == {("board",), ()}

    def test_a_folder_that_disappears_wholly_keeps_its_documents(self, bench: Bench):
        bench.write("a.txt", LEAVE)
        name_sources(bench, {"path": "docs"})
        sync(bench)
        bench.docs.rename(bench.docs.with_name("unmounted"))
        report = sync(bench)
        assert "is not there" in reasons(report)["path docs"]
        bench.docs.mkdir()  # the empty folder that something is mounted on
        report = sync(bench)
        assert "lists nothing" in reasons(report)["path docs"]
        assert [failure.attempts for failure in report.failed] == [2]
        assert bench.sources == ["docs/a.txt"]
        assert sync(bench, prune=True).removed == 1
        assert bench.failures == {}

    def test_documents_of_a_source_that_the_recipe_names_no_more_go_with_prune(self, bench: Bench):
        bench.write("a.txt", LEAVE)
        bench.write("sub/b.txt", NOTICE)
        name_sources(bench, {"path": "docs/sub"}, {"path": "docs/a.txt"})
        sync(bench)
        name_sources(bench, {"path": "docs/a.txt"})
        assert sync(bench).left == 1
        assert sync(bench, prune=True).removed == 1
        assert bench.sources == ["docs/a.txt"]

    def test_what_was_added_by_hand_elsewhere_stays(self, bench: Bench):
        bench.write("a.txt", LEAVE)
        bench.write("sub/b.txt", NOTICE)
        bench.add(bench.docs / "a.txt")
        name_sources(bench, {"path": "docs/sub"})
        sync(bench, prune=True)
        assert bench.sources == ["docs/a.txt", "docs/sub/b.txt"]

    def test_two_sources_with_one_name_are_refused(self, bench: Bench):
        name_sources(bench, {"git": "a/handbook"}, {"git": "b/handbook.git"})
        with pytest.raises(RecipeError, match="two are 'git handbook'; give one"):
            sync(bench)

    def test_sync_without_sources_says_what_to_write(self, bench: Bench):
        with pytest.raises(UsageError, match="names no sources"):
            sync(bench)


def stored(bench: Bench) -> list[Any]:
    return bench.index.passages([row["id"] for row in bench.index._table.search().select(["id"]).to_list()])


# Mail


def mail(number: int, text: str, *attachments: tuple[str, bytes]) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "ana@example.com", "bo@example.com"
    message["Subject"], message["Message-ID"] = f"Message {number}", f"<m{number}@example.com>"
    message["Date"] = "Mon, 05 Jan 2026 10:00:00 +0000"
    message.set_content(text)
    for name, data in attachments:
        message.add_attachment(data, maintype="text", subtype="plain", filename=name)
    return message


class TestMailboxes:
    def test_each_message_of_an_mbox_file_is_an_item(self, bench: Bench):
        box = mailbox.mbox(bench.docs / "old.mbox")
        box.add(mail(1, f"{LEAVE}\n\nFrom May on it is more.\n"))
        box.add(mail(2, NOTICE))
        box.close()
        items = listed(bench, {"mailbox": "docs/old.mbox"})
        assert list(items) == ["docs/old.mbox/m1@example.com", "docs/old.mbox/m2@example.com"]
        content = items["docs/old.mbox/m1@example.com"].open("")
        assert content and isinstance(content.data, bytes)
        assert b"From May on" in content.data
        assert b">From May" not in content.data

    def test_each_message_of_a_maildir_is_an_item_whatever_its_flags(self, bench: Bench):
        box = mailbox.Maildir(bench.docs / "mail")
        key = box.add(mail(1, LEAVE))
        box.add_folder("sent").add(mail(2, NOTICE))
        items = listed(bench, {"mailbox": "docs/mail"})
        assert len(items) == 2
        assert f"docs/mail/{key}" in items
        message = box[key]
        message.add_flag("S")
        message.set_subdir("cur")
        box[key] = message
        assert set(listed(bench, {"mailbox": "docs/mail"})) == set(items)

    def test_adding_the_folder_of_a_mailbox_leaves_its_messages(self, bench: Bench, monkeypatch: pytest.MonkeyPatch):
        box = mailbox.mbox(bench.docs / "old.mbox")
        box.add(mail(1, LEAVE))
        box.close()
        name_sources(bench, {"mailbox": "docs/old.mbox"})
        monkeypatch.setattr("scoville.sources.messages.Content", as_text)
        assert counts(sync(bench)) == {"added": 1}
        bench.write("a.txt", NOTICE)
        assert bench.add().removed == 0
        assert "docs/old.mbox/m1@example.com" in bench.sources

    def test_a_mailbox_that_is_not_there_is_out_of_reach(self, bench: Bench):
        with pytest.raises(SourceUnavailable, match="expected an mbox file or a Maildir"):
            listed(bench, {"mailbox": "docs/nowhere"})


def as_text(*, data: bytes, file_name: str) -> Content:
    """Give a message as text, whatever the reader of mail makes of it."""
    return Content(data=data.split(b"\n\n", 1)[1], file_name="a.txt")


def listed(bench: Bench, *entries: dict[str, Any], **settings: Any) -> dict[str, Item]:
    """List the items of a recipe's sources."""
    name_sources(bench, *entries, **settings)
    place = Place(bench.workspace.root, bench.workspace.source_of, bench.workspace.path_of)
    return {item.name: item for _, source in open_entries(bench.recipe, place) for item in source.items()}


# Git


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    folder.mkdir()
    git(folder, "init")
    (folder / "leave.md").write_text(f"# Leave\n\n{LEAVE}")
    (folder / "sub").mkdir()
    (folder / "sub" / "notice.md").write_text(NOTICE)
    (folder / ".hidden.md").write_text("hidden")
    (folder / "link.md").symlink_to("/etc/hostname")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "first")
    return folder


class TestGit:
    def test_files_of_a_repository_are_called_after_it(self, bench: Bench, repository: Path):
        name_sources(bench, {"git": str(repository)})
        assert counts(sync(bench)) == {"added": 2}
        assert bench.sources == ["handbook@leave.md", "handbook@sub/notice.md"]
        assert counts(sync(bench)) == {"unchanged": 2}

    def test_a_file_is_read_again_only_when_its_blob_changed(
        self, bench: Bench, repository: Path, monkeypatch: pytest.MonkeyPatch
    ):
        name_sources(bench, {"git": str(repository), "name": "hb"})
        sync(bench)
        (repository / "leave.md").write_text(f"# Leave\n\n{LEAVE} More for some.")
        git(repository, "rm", "-q", "sub/notice.md")
        git(repository, "commit", "-am", "second")
        (repository / "not committed.md").write_text(PARKING)
        assert counts(sync(bench)) == {"changed": 1, "removed": 1}
        monkeypatch.setattr("scoville.sources.git.Content", None)  # what an opened file is made of
        assert counts(sync(bench)) == {"unchanged": 1}
        assert bench.sources == ["hb@leave.md"]

    def test_a_ref_is_taken_and_a_missing_one_keeps_everything(self, bench: Bench, repository: Path):
        git(repository, "tag", "v1")
        (repository / "leave.md").write_text("Other.")
        git(repository, "commit", "-am", "second")
        name_sources(bench, {"git": str(repository), "ref": "v1"})
        sync(bench)
        assert bench.found("days of leave")[0] == "handbook@leave.md"
        name_sources(bench, {"git": str(repository), "ref": "v9"})
        assert "v9" in reasons(sync(bench))["git handbook"]
        assert len(bench.sources) == 2

    @pytest.mark.parametrize("address", ["--upload-pack=touch x", "ext::sh -c id", "-x"])
    def test_an_address_that_would_run_something_is_refused(self, bench: Bench, address: str):
        name_sources(bench, {"git": address})
        assert "is no repository" in next(iter(reasons(sync(bench)).values()))


# Databases


@pytest.fixture
def database(bench: Bench) -> sqlite3.Connection:
    connection = sqlite3.connect(bench.workspace.root / "hr.db")
    connection.execute("create table rule (id integer, heading text, body text, area text)")
    rows = [(1, "Leave", LEAVE, "time"), (2, "Notice", NOTICE, "law")]
    connection.executemany("insert into rule values (?, ?, ?, ?)", rows)
    connection.commit()
    return connection


RULES = {
    "url": "sqlite:///hr.db", "query": "select * from rule order by id", "id": "id", "text": "body",
    "title": "heading", "metadata": ["area"],
}  # fmt: skip


class TestDatabases:
    def test_each_row_is_a_document(self, bench: Bench, database: sqlite3.Connection):
        name_sources(bench, {"sql": RULES})
        assert counts(sync(bench)) == {"added": 2}
        passages = {one.source: one for one in stored(bench)}
        assert passages["hr/1"].text == LEAVE
        assert (passages["hr/1"].title, passages["hr/1"].metadata["area"]) == ("Leave", "time")
        database.execute("update rule set area = 'days' where id = 1")
        database.execute("delete from rule where id = 2")
        database.execute("insert into rule values (3, 'Empty', '', null)")
        database.commit()
        report = sync(bench)
        assert counts(report) == {"changed": 1, "removed": 1, "failed": 1}
        assert reasons(report) == {"hr/3": "is empty"}
        assert counts(sync(bench)) == {"unchanged": 1, "failed": 1}

    def test_a_missing_column_is_named(self, bench: Bench, database: sqlite3.Connection):
        name_sources(bench, {"sql": {**RULES, "title": "name"}})
        assert "no column for title: 'name'; its columns are id, heading" in reasons(sync(bench))["sql hr"]

    def test_two_rows_with_one_id_are_refused_and_nothing_goes(self, bench: Bench, database: sqlite3.Connection):
        name_sources(bench, {"sql": RULES})
        sync(bench)
        database.execute("update rule set id = 1")
        database.commit()
        assert "two rows with the id" in reasons(sync(bench))["sql hr"]
        assert bench.sources == ["hr/1", "hr/2"]

    def test_a_query_that_returns_nothing_keeps_the_documents(self, bench: Bench, database: sqlite3.Connection):
        name_sources(bench, {"sql": RULES})
        sync(bench)
        database.execute("delete from rule")
        database.commit()
        assert "lists nothing" in reasons(sync(bench))["sql hr"]
        assert len(bench.sources) == 2

    def test_a_database_that_goes_away_in_the_middle_keeps_what_it_did_not_list(
        self, bench: Bench, database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
    ):
        name_sources(bench, {"sql": RULES})
        sync(bench)
        database.execute("update rule set body = 'Leave is forty days.' where id = 1")
        database.execute("delete from rule where id = 2")
        database.commit()
        from scoville.sources.database import SqlSource

        whole = SqlSource.items
        tries: list[int] = []

        def cut_short(self: SqlSource):
            tries.append(1)
            yield next(iter(whole(self)))
            raise SourceUnavailable("the connection was lost")

        with monkeypatch.context() as patch:
            patch.setattr(SqlSource, "items", cut_short)
            report = sync(bench)
        assert counts(report) == {"changed": 1, "failed": 1}
        assert len(tries) == bench.recipe.sources.max_attempts
        assert bench.sources == ["hr/1", "hr/2"]
        assert counts(sync(bench)) == {"unchanged": 1, "removed": 1}
        assert bench.failures == {}

    def test_a_password_stands_in_no_message_and_no_file(self, bench: Bench, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("DB_PASSWORD", "hunter2")
        url = "sqlite:////nowhere/${DB_PASSWORD}.db"
        name_sources(bench, {"sql": {**RULES, "url": url}, "name": "hr"})
        report = sync(bench)
        assert "failed" in reasons(report)["sql hr"]
        written = b"".join(path.read_bytes() for path in bench.workspace.folder.rglob("*") if path.is_file())
        assert b"hunter2" not in written
        assert "hunter2" not in str(report)


# Other file systems


class TestRemote:
    @pytest.fixture
    def store(self) -> Any:
        import fsspec

        system = fsspec.filesystem("memory")
        system.store.clear()
        system.pseudo_dirs[:] = [""]
        system.pipe({"/box/a.txt": LEAVE.encode(), "/box/sub/b.md": NOTICE.encode()})
        yield system
        system.store.clear()

    def test_a_store_is_kept_in_line(self, bench: Bench, store: Any):
        name_sources(bench, {"remote": "memory://box", "exclude": ["*.log"]})
        store.pipe("/box/x.log", b"noise")
        assert counts(sync(bench)) == {"added": 2}
        assert bench.sources == ["memory://box/a.txt", "memory://box/sub/b.md"]
        store.rm("/box/sub/b.md")
        store.pipe("/box/a.txt", PARKING.encode())
        assert counts(sync(bench)) == {"changed": 1, "removed": 1}
        store.rm("/box", recursive=True)
        assert list(reasons(sync(bench))) == ["remote memory://box"]
        assert bench.sources == ["memory://box/a.txt"]

    def test_what_its_token_says_is_unchanged_is_not_fetched(
        self, bench: Bench, store: Any, monkeypatch: pytest.MonkeyPatch
    ):
        assert counts(add_paths(bench.workspace, bench.recipe, ["memory://box"])) == {"added": 2}
        monkeypatch.setattr(type(store), "_open", None)
        assert counts(add_paths(bench.workspace, bench.recipe, ["memory://box"])) == {"unchanged": 2}

    def test_what_was_added_beside_something_out_of_reach_is_kept(self, bench: Bench, store: Any):
        bench.write("a.txt", LEAVE)
        with pytest.raises(SourceUnavailable, match="memory://nowhere is not there"):
            add_paths(bench.workspace, bench.recipe, ["docs", "memory://nowhere"])
        assert bench.sources == ["docs/a.txt"]

    def test_a_library_that_is_missing_is_named(self, bench: Bench, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setitem(sys.modules, "s3fs", None)
        name_sources(bench, {"remote": "s3://bucket/docs"})
        assert "pip install s3fs" in reasons(sync(bench))["remote s3://bucket/docs"]

    def test_a_zip_file_is_a_file_system(self, bench: Bench, tmp_path: Path):
        import zipfile

        with zipfile.ZipFile(tmp_path / "box.zip", "w") as box:
            box.writestr("in/a.txt", LEAVE)
        name_sources(bench, {"remote": f"zip://in::file://{tmp_path}/box.zip"})
        assert counts(sync(bench)) == {"added": 1}
        assert bench.sources[0].endswith("box.zip/a.txt")


# Failing and trying again


class Flaky(Listing):
    """A source whose items fail as told."""

    def __init__(self, **contents: Any) -> None:
        super().__init__(key="test flaky", prefix="flaky/")
        self.contents = contents
        self.opened: list[str] = []

    def items(self) -> list[Item]:
        return [Item(f"flaky/{name}", lambda _validator, name=name: self._open(name)) for name in self.contents]

    def _open(self, name: str) -> Content:
        self.opened.append(name)
        content = self.contents[name]
        if isinstance(content, list):
            content = content.pop(0) if len(content) > 1 else content[0]
        if isinstance(content, Exception):
            raise content
        return Content(data=content, file_name=f"{name}.txt")


@pytest.fixture
def flaky(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Flaky:
    source = Flaky(good=LEAVE.encode())
    name_sources(bench, {"path": "docs"})
    entry = bench.recipe.sources.entries[0]
    monkeypatch.setattr("scoville.index.add.open_entries", lambda *_: [(entry, source)])
    return source


class TestTryingAgain:
    def test_what_is_out_of_reach_for_a_moment_is_tried_again_in_the_same_run(self, bench: Bench, flaky: Flaky):
        flaky.contents["late"] = [SourceUnavailable("busy"), SourceUnavailable("busy"), NOTICE.encode()]
        assert counts(sync(bench)) == {"added": 2}
        assert flaky.opened.count("late") == 3

    def test_the_pauses_grow(self, monkeypatch: pytest.MonkeyPatch):
        from scoville.index import look

        slept: list[float] = []
        monkeypatch.setattr(look, "FIRST_PAUSE_SECONDS", 0.5)
        monkeypatch.setattr("time.sleep", slept.append)
        for attempt in range(9):
            look.pause(attempt)
        assert slept == [0.5, 1, 2, 4, 8, 16, 30, 30]

    def test_what_fails_run_after_run_is_given_up_until_it_is_retried(self, bench: Bench, flaky: Flaky):
        bench.set(sources={"give_up_after": 2, "max_attempts": 1})
        flaky.contents["bad"] = SourceUnavailable("busy")
        assert [sync(bench).failed[0].attempts for _ in range(2)] == [1, 2]
        assert counts(sync(bench)) == {"unchanged": 1, "skipped": 1}
        assert flaky.opened.count("bad") == 2
        assert bench.failures == {"flaky/bad": "busy"}
        flaky.contents["bad"] = NOTICE.encode()
        assert counts(sync(bench, retry=True)) == {"added": 1, "unchanged": 1}
        assert bench.failures == {}

    def test_an_item_that_is_out_of_reach_keeps_its_passages(self, bench: Bench, flaky: Flaky):
        sync(bench)
        flaky.contents["good"] = SourceUnavailable("busy")
        assert counts(sync(bench)) == {"failed": 1}
        assert bench.sources == ["flaky/good"]
        flaky.contents["good"] = LEAVE.encode()
        assert counts(sync(bench)) == {"unchanged": 1}
        assert bench.failures == {}

    def test_a_given_up_file_is_read_when_it_changes(self, bench: Bench):
        path = bench.write("a.txt", bytes(range(256)))
        bench.write("b.txt", LEAVE)
        for one in bench.docs.iterdir():
            os.utime(one, (1_700_000_000, 1_700_000_000))
        name_sources(bench, {"path": "docs"}, give_up_after=1)
        sync(bench)
        sync(bench)
        path.write_text(NOTICE)
        assert sync(bench).added == 1
        assert bench.failures == {}


# Parts


class TestParts:
    """A zip of mails and the like is one item: its documents come and go together."""

    @pytest.fixture
    def parts(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
        """Read each paragraph of a text file that begins with `+` as a part of it; `!` is a part that fails."""
        look = sys.modules["scoville.index.making"]
        read = look.read_file

        def with_parts(path: Path, *, source: str, settings: Any) -> Any:
            from dataclasses import replace

            reading = read(path, source=source, settings=settings)
            own = reading.documents[0]
            names = [line[1:] for line in own.text.split("\n") if line.startswith("+")]
            broken = [line[1:] for line in own.text.split("\n") if line.startswith("!")]
            inner = tuple(replace(own, source=f"{source}/{name}") for name in names)
            return reading._replace(
                documents=(own, *inner), failures=tuple((f"{source}/{name}", "is empty") for name in broken)
            )

        monkeypatch.setattr(look, "read_file", with_parts)
        return bench

    def test_parts_come_change_and_go_with_their_item(self, parts: Bench):
        parts.write("mail.txt", f"{LEAVE}\n+one.pdf\n+two.pdf")
        parts.write("mail.txt.other", NOTICE)
        assert counts(parts.add()) == {"added": 4}
        assert parts.sources == [
            "docs/mail.txt",
            "docs/mail.txt.other",
            "docs/mail.txt/one.pdf",
            "docs/mail.txt/two.pdf",
        ]
        assert counts(parts.add()) == {"unchanged": 4}
        parts.write("mail.txt", f"{LEAVE}\n+two.pdf")
        assert counts(parts.add()) == {"changed": 2, "unchanged": 1}
        assert "docs/mail.txt/one.pdf" not in parts.sources
        (parts.docs / "mail.txt").unlink()
        assert counts(parts.add()) == {"removed": 2, "unchanged": 1}
        assert parts.sources == ["docs/mail.txt.other"]

    def test_a_part_that_fails_is_recorded_and_healed_with_its_item(self, parts: Bench):
        parts.write("mail.txt", f"{LEAVE}\n!bad.pdf\n+two.pdf")
        assert counts(parts.add()) == {"added": 2, "failed": 1}
        assert parts.failures == {"docs/mail.txt/bad.pdf": "is empty"}
        parts.add()
        assert parts.failures == {"docs/mail.txt/bad.pdf": "is empty"}
        parts.write("mail.txt", f"{LEAVE}\n+bad.pdf")
        parts.add()
        assert parts.failures == {}

    def test_a_part_is_removed_with_its_item_only(self, parts: Bench):
        parts.write("mail.txt", f"{LEAVE}\n+one.pdf")
        parts.add()
        with pytest.raises(UsageError, match="lies in docs/mail.txt: remove that"):
            remove_documents(parts.workspace, parts.recipe, ["docs/mail.txt/one.pdf"])
        assert remove_documents(parts.workspace, parts.recipe, ["docs/mail.txt"]) == ("docs/mail.txt",)
        assert parts.sources == []


# Removing


class TestRemoving:
    @pytest.fixture
    def filled(self, bench: Bench) -> Bench:
        for name in ("a.txt", "old/b.txt", "old/c.md"):
            bench.write(name, f"{LEAVE} {name}")
        bench.write("bad.txt", b"")
        bench.add()
        return bench

    @pytest.mark.parametrize(
        ("name", "left"),
        [
            ("docs/a.txt", ["docs/old/b.txt", "docs/old/c.md"]), ("docs/old", ["docs/a.txt"]),
            ("docs/old/", ["docs/a.txt"]), ("docs/**/*.txt", ["docs/old/c.md"]), ("./docs/a.txt", None), ("docs", []),
        ],
    )  # fmt: skip
    def test_names_folders_and_patterns(self, filled: Bench, name: str, left: list[str] | None):
        remove_documents(filled.workspace, filled.recipe, [name])
        assert filled.sources == (left if left is not None else ["docs/old/b.txt", "docs/old/c.md"])

    def test_an_unknown_name_removes_nothing(self, filled: Bench):
        with pytest.raises(UsageError, match="zzz.txt is not in the index"):
            remove_documents(filled.workspace, filled.recipe, ["docs/a.txt", "zzz.txt"])
        assert len(filled.sources) == 3

    def test_a_failure_is_removed_and_what_is_added_again_comes_back(self, filled: Bench, command: Command):
        done = command("remove", "docs/bad.txt", "docs/a.txt", "--json")
        assert done.json == {"removed": ["docs/a.txt", "docs/bad.txt"]}
        check("remove SOURCE --json", [done.json])
        assert filled.failures == {}
        assert counts(filled.add()) == {"added": 1, "unchanged": 2, "failed": 1}


# The command, kills, and two at once


def test_an_unknown_scheme_is_refused_with_those_that_there_are(bench: Bench, command: Command):
    done = command("add", "gopher://example.com/docs")
    assert done.code != 0
    assert "nothing opens gopher://; expected https, http, file, " in done.err and "s3" in done.err
    assert "Protocol not known" not in done.err


@pytest.mark.parametrize("source", ["path: nowhere", "git: nowhere", "url: http://127.0.0.1:9/", "remote: gopher://x"])
def test_sync_fails_when_its_only_source_does(bench: Bench, command: Command, source: str):
    bench.workspace.recipe_path.write_text(f"sources: [{{{source}}}]\n")
    done = command("sync")
    assert done.code == 1, done.err
    assert "1 not read" in done.out + done.err
    assert command("sync").code == 1  # also once it is known


def test_sync_reports_as_json_and_fails_when_a_source_does(bench: Bench, command: Command):
    bench.write("a.txt", LEAVE)
    bench.workspace.recipe_path.write_text("sources:\n  - path: docs\n  - path: nowhere\n")
    done = command("sync", "--json")
    assert done.code == 1
    assert done.json["added"] == 1
    assert [failure["path"] for failure in done.json["failed"]] == ["path nowhere"]
    assert set(done.json["seconds_by_stage"]) == {"list", "read", "split", "embed", "write"}
    access = {"widened[].path", "widened[].before[]", "widened[].after[]", "widened[].done", "for_nobody[]"}
    check("sync --json", [done.json], never=access | {"findings[]", "notes[]", "remarks.*"})
    assert command("sync", "--failed", "--json").json[0]["attempts"] == 1
    (bench.workspace.root / "nowhere").mkdir()
    assert command("sync").code == 0


SLOW_SYNC = """
import sys, time
import scoville.index.ingest as ingest
from scoville.cli import main
ingest.COMMIT_TOKENS = 40
commit = ingest.Ingest._commit
def announced(self, batch):
    print("commit", flush=True)
    commit(self, batch)
    time.sleep(0.05)
ingest.Ingest._commit = announced
sys.argv = ["scoville", "sync"]
main()
"""


def test_a_sync_that_is_killed_goes_on_where_it_was(bench: Bench):
    for number in range(20):
        bench.write(f"{number:02}.txt", f"{LEAVE} It is file {number}.")
    bench.workspace.recipe_path.write_text("sources: [{path: docs}]")
    with subprocess.Popen([sys.executable, "-c", SLOW_SYNC], stdout=subprocess.PIPE) as child:
        assert child.stdout
        for _ in range(4):
            child.stdout.readline()
        child.kill()
    assert child.returncode == -signal.SIGKILL
    name_sources(bench, {"path": "docs"})
    before = len(bench.sources)
    assert 0 < before < 20
    report = sync(bench)
    assert counts(report) == {"added": 20 - before, "unchanged": before}
    assert bench.index.count() == 20


def test_of_two_syncs_at_once_one_waits_and_nothing_is_doubled(bench: Bench):
    for number in range(10):
        bench.write(f"{number}.txt", f"{LEAVE} It is file {number}.")
    bench.workspace.recipe_path.write_text("sources: [{path: docs}]")
    both = [subprocess.Popen([sys.executable, "-c", SLOW_SYNC], stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [child.wait(60) for child in both] == [0, 0]
    assert len(bench.sources) == bench.index.count() == 10


def test_a_rebuild_reads_every_source_again(bench: Bench, repository: Path, database: sqlite3.Connection):
    bench.write("a.txt", PARKING)
    bench.add()
    name_sources(bench, {"git": str(repository)}, {"sql": RULES})
    sync(bench)
    bench.set(split={"size": 64})
    report = add_paths(bench.workspace, bench.recipe, (), rebuild=True)
    assert counts(report) == {"added": 5}
    assert bench.found("leave")


def test_what_no_time_proves_is_compared_by_content(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    path = bench.write("a.txt", LEAVE)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    now = time.time_ns()
    bench.add()  # changed (its inode) just now: not settled
    assert bench.workspace.seen()["docs/a.txt"].validator == ""
    monkeypatch.setattr("time.time_ns", lambda: now + 10_000_000_000)
    assert bench.add().unchanged == 1
    assert bench.workspace.seen()["docs/a.txt"].validator != ""
    monkeypatch.setattr("scoville.index.look._sha256", None)  # settled: not even opened
    assert bench.add().unchanged == 1
    (bench.workspace.folder / "seen.json").write_text("[")
    monkeypatch.undo()
    assert bench.add().unchanged == 1
