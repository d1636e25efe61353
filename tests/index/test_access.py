"""Who may read a document: what the recipe says of where it really lies, whatever command reads it."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from conftest import Bench, Command
from scoville.errors import RecipeError
from scoville.index import AddReport, ReadingCache, Workspace, add_paths, build_again, sync_sources
from scoville.index.access import NOBODY
from scoville.index.ingest import known_items
from scoville.recipe.file import with_values

PAY = "The pay of the board is a secret of the office."
HR = {"path": "hr", "groups": ["hr"]}


@pytest.fixture
def office(bench: Bench) -> Bench:
    """A folder that only `hr` may read, synced, beside a public one."""
    write(bench, "hr/pay.txt", PAY)
    bench.write("menu.txt", "Soup is served at noon.")
    sources(bench, HR)
    sync_sources(bench.workspace, bench.recipe)
    return bench


def write(bench: Bench, name: str, text: str) -> Path:
    path = bench.workspace.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def sources(bench: Bench, *entries: dict[str, Any]) -> None:
    bench.set(sources={"entries": list(entries)})


def sync(bench: Bench, **options: Any) -> AddReport:
    return sync_sources(bench.workspace, bench.recipe, **options)


def readers(bench: Bench) -> dict[str, tuple[str, ...]]:
    """Give the groups of each document."""
    return {source: state.groups for source, state in bench.index.documents().items()}


def secret(bench: Bench) -> tuple[str, ...]:
    return readers(bench)["hr/pay.txt"]


class TestEveryDoor:
    @pytest.mark.parametrize("path", ["hr", ".", "hr/pay.txt", "hr/*.txt", "{root}/hr"])
    @pytest.mark.parametrize("rebuild", [False, True])
    def test_adding_by_hand_keeps_the_groups(self, office: Bench, path: str, rebuild: bool):
        office.add(path.format(root=office.workspace.root), rebuild=rebuild)
        assert secret(office) == ("hr",)

    def test_adding_before_the_first_sync_gives_the_groups(self, bench: Bench):
        write(bench, "hr/pay.txt", PAY)
        sources(bench, HR)
        bench.add("hr")
        assert secret(bench) == ("hr",)

    def test_a_changed_file_keeps_them(self, office: Bench):
        write(office, "hr/pay.txt", f"{PAY} It rose.")
        assert office.add(".").changed == 1
        assert secret(office) == ("hr",)

    def test_a_rebuild_of_everything_with_another_embedder_keeps_them(
        self, office: Bench, monkeypatch: pytest.MonkeyPatch
    ):
        from scoville.embed.fake import FakeEmbedder

        monkeypatch.setattr(FakeEmbedder, "name", "fake:second")
        sources(office)
        add_paths(office.workspace, office.recipe, (), rebuild=True)
        assert secret(office) == ("hr",)

    @pytest.mark.parametrize("turned", [False, True])
    def test_of_two_entries_the_strictest_holds_in_any_order(self, bench: Bench, turned: bool):
        write(bench, "hr/pay.txt", PAY)
        entries = [{"path": "."}, HR]
        sources(bench, *(reversed(entries) if turned else entries))
        sync(bench)
        assert secret(bench) == ("hr",)

    def test_who_is_in_the_groups_of_every_entry_may_read(self, bench: Bench):
        write(bench, "hr/pay.txt", PAY)
        sources(bench, {"path": ".", "groups": ["staff", "hr"]}, {"path": "hr", "groups": ["hr", "board"]})
        sync(bench)
        assert secret(bench) == ("hr",)

    def test_entries_without_a_common_group_leave_nobody_who_may_read_and_say_so(self, bench: Bench):
        write(bench, "hr/pay.txt", PAY)
        sources(bench, {"path": ".", "groups": ["staff"]}, HR)
        report = sync(bench)
        assert secret(bench) == (NOBODY,)
        assert report.for_nobody == ("hr/pay.txt",)

    @pytest.mark.parametrize("linked", ["hr/pay.txt", "hr"])
    def test_a_link_from_a_public_folder_opens_nothing(self, office: Bench, linked: str):
        (office.docs / "link").symlink_to(office.workspace.root / linked)
        office.add(follow_symlinks=True)
        assert set(readers(office).values()) == {(), ("hr",)}
        assert [source for source, groups in readers(office).items() if not groups] == ["docs/menu.txt"]

    def test_a_restricted_folder_behind_a_link_is_covered_by_its_real_place(self, bench: Bench, tmp_path: Path):
        share = tmp_path / "share"
        share.mkdir()
        (share / "pay.txt").write_text(PAY)
        (bench.workspace.root / "hr").symlink_to(share)
        sources(bench, HR)
        bench.add(share)
        assert list(readers(bench).values()) == [("hr",)]

    def test_a_mailbox_that_is_added_as_a_file_keeps_its_groups(self, bench: Bench):
        write(bench, "inbox.mbox", f"From kim Mon Jan  1 10:00:00 2024\nSubject: Pay\nMessage-ID: <1@x>\n\n{PAY}\n")
        sources(bench, {"mailbox": "inbox.mbox", "groups": ["hr"]})
        bench.add("inbox.mbox")
        assert set(readers(bench).values()) == {("hr",)}

    def test_the_index_of_a_variant_keeps_them(self, office: Bench):
        sources(office)  # as after an edit that nobody agreed to
        variant = with_values(office.recipe, {"split.size": 64})
        place = Workspace(office.workspace.root, folder=office.workspace.folder / "builds" / "x")
        from scoville.embed import open_embedder
        from scoville.index import LanceIndex

        items = known_items(office.index)
        build_again(place, variant, items, embedder=open_embedder(variant.embed), readings=ReadingCache())
        built = place.require_built()
        index = LanceIndex(place.index_folder, built.table, built.dimension)
        assert index.documents()["hr/pay.txt"].groups == ("hr",)

    def test_attachments_have_the_groups_of_their_mail(self, bench: Bench):
        from email.message import EmailMessage

        mail = EmailMessage()
        mail["Subject"] = "Pay"
        mail.set_content("See the attachment.")
        mail.add_attachment(PAY.encode(), maintype="text", subtype="plain", filename="pay.txt")
        write(bench, "hr/mail.eml", mail.as_string())
        sources(bench, HR)
        bench.add(".")
        assert set(readers(bench).values()) == {("hr",)}


class TestWidening:
    @pytest.mark.parametrize("after", [(), ({"path": "hr"},), ({"path": "hr", "groups": ["hr", "staff"]},)])
    @pytest.mark.parametrize("door", ["add", "sync", "rebuild", "add everything"])
    def test_an_edited_recipe_widens_nothing_until_somebody_agrees(
        self, office: Bench, after: tuple[dict[str, Any], ...], door: str
    ):
        sources(office, *after, {"path": "docs"})
        doors = {
            "add": lambda **yes: office.add("hr", **yes), "rebuild": lambda **yes: office.add(rebuild=True, **yes),
            "add everything": lambda **yes: office.add(".", **yes), "sync": lambda **yes: sync(office, **yes),
        }  # fmt: skip
        wanted = tuple(after[0].get("groups", ())) if after else ()
        for _ in range(2):
            report = doors[door]()
            assert secret(office) == ("hr",)
            if after or door != "sync":
                [held] = report.widened
                assert (held.path, held.before, held.after, held.done) == ("hr/pay.txt", ("hr",), wanted, False)
        if after or door != "sync":
            [done] = doors[door](widen_access=True).widened
            assert done.done
            assert secret(office) == wanted
            assert doors[door]().widened == ()

    def test_what_narrows_needs_nobodys_leave(self, bench: Bench):
        write(bench, "hr/pay.txt", PAY)
        bench.add("hr")
        sources(bench, HR)
        report = sync(bench)
        assert (report.widened, secret(bench)) == ((), ("hr",))

    def test_other_groups_than_before_leave_nobody_until_somebody_agrees(self, office: Bench):
        sources(office, {"path": "hr", "groups": ["people"]})
        report = sync(office)
        assert secret(office) == (NOBODY,)
        assert [one.done for one in report.widened] == [False]
        sync(office, widen_access=True)
        assert secret(office) == ("people",)

    @pytest.mark.parametrize("way", [shutil.move, shutil.copy, os.link])
    def test_what_was_only_of_a_group_does_not_become_public_under_another_name(self, office: Bench, way: Any):
        way(office.workspace.root / "hr" / "pay.txt", office.docs / "plan.txt")
        report = office.add()
        assert readers(office)["docs/plan.txt"] == ("hr",)
        assert [one.path for one in report.widened] == ["docs/plan.txt"]
        office.add(widen_access=True)
        assert readers(office)["docs/plan.txt"] == ()

    def test_what_is_public_under_one_name_may_be_so_under_another(self, office: Bench):
        write(office, "hr/menu.txt", "Soup is served at noon.")
        office.add(".")
        office.write("again.txt", "Soup is served at noon.")
        assert office.add().widened == ()
        assert readers(office)["docs/again.txt"] == ()

    def test_a_document_that_failed_meanwhile_does_not_come_back_public(self, office: Bench):
        path = write(office, "hr/pay.txt", "")
        sync(office)
        sources(office)
        path.write_text(PAY)
        office.add("hr")
        assert secret(office) == ("hr",)


class TestCommands:
    def test_add_says_what_it_keeps_and_yes_agrees(self, office: Bench, command: Command):
        (office.workspace.root / "recipe.yaml").write_text("sources: []\n")
        done = command("add", "hr")
        assert done.code == 1
        assert "hr/pay.txt" in done.err
        assert "--yes" in done.err
        assert secret(office) == ("hr",)
        done = command("add", "hr", "--yes", "--json")
        assert done.code == 0
        assert done.json["widened"] == [{"path": "hr/pay.txt", "before": ["hr"], "after": [], "done": True}]
        assert secret(office) == ()

    def test_sync_needs_yes_too(self, office: Bench, command: Command):
        (office.workspace.root / "recipe.yaml").write_text("sources: [{path: hr}]\n")
        assert command("sync").code == 1
        assert secret(office) == ("hr",)
        assert command("sync", "--yes").code == 0
        assert secret(office) == ()

    @pytest.mark.parametrize("group", ["", "\x1fnobody"])
    def test_a_group_needs_a_name(self, bench: Bench, group: str):
        with pytest.raises((RecipeError, ValueError)):
            sources(bench, {"path": "hr", "groups": [group]})
