"""A release is what answered at one moment, whole, and nothing that comes later is in it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import scoville as sc
from conftest import Bench, Command
from scoville.bot import Bot
from scoville.errors import DamagedIndex, DamagedRelease, NotPromoted, StaleIndex, StorageError, UsageError
from scoville.index import open_index
from scoville.release import find_release, make_release, releases_of
from scoville.types import Case, Evidence

QUESTION = "How many fish does the otter eat each day?"
CASES = [
    Case(id=name, question=f"How many fish does the {name} eat each day?", expected=(f"{count} fish",),
         evidence=(Evidence(document=f"docs/{name}.txt"),))
    for name, count in (("otter", 7), ("heron", 4), ("lynx", 2))
]  # fmt: skip


@pytest.fixture
def bot(bench: Bench):
    for name, count in (("otter", 7), ("heron", 4), ("lynx", 2)):
        bench.write(f"{name}.txt", f"The {name} eats {count} fish each day.")
    with sc.open(bench.workspace.root) as bot:
        bot.add(bench.docs)
        yield bot


def sources(bot: Bot) -> set[str]:
    return {hit.passage.source for hit in bot.search(QUESTION)}


class TestRelease:
    def test_it_answers_as_it_did_whatever_is_added_and_removed_later(self, bench: Bench, bot: Bot):
        bot.release("v1")
        bench.write("otter.txt", "The otter eats 99 fish each day.")
        bot.add(bench.docs)
        bot.remove("docs/heron.txt")
        with bot.open_release("v1") as old:
            assert "7 fish" in old.ask(QUESTION).text
            assert sources(old) == {"docs/otter.txt", "docs/heron.txt", "docs/lynx.txt"}
        assert "99 fish" in bot.ask(QUESTION).text

    def test_it_outlives_compaction_and_a_rebuild_of_the_index(self, bench: Bench, bot: Bot):
        bot.release("v1")
        for _ in range(2):  # the index before a rebuild goes with the next
            bot.add(bench.docs, rebuild=True)
        bench.workspace.index_folder.rename(bench.workspace.folder / "gone")
        with bot.open_release("v1") as old:
            assert len(sources(old)) == 3
        find_release(bench.workspace, "v1").check()

    def test_what_was_removed_before_is_in_none_of_its_files(self, bench: Bench, bot: Bot):
        bench.write("secret.txt", "The zebrasentinel is nobody's business.")
        bot.add(bench.docs)
        bot.remove("docs/secret.txt")
        folder = bot.release("v1").folder
        held = [path for path in folder.rglob("*") if path.is_file() and b"zebrasentinel" in path.read_bytes()]
        assert held == []

    def test_it_names_its_documents(self, bench: Bench, bot: Bot):
        bot.release("v1")
        bot.remove("docs/heron.txt")
        bot.release("v2")
        held = [one.name for one in releases_of(bench.workspace) if "docs/heron.txt" in one.documents()]
        assert held == ["v1"]

    def test_it_is_never_changed(self, bench: Bench, bot: Bot):
        bot.release("v1")
        with bot.open_release("v1") as old, pytest.raises(UsageError, match="not changed"):
            old.add(bench.docs)
        with pytest.raises(UsageError, match="another one"):
            bot.release("v1")

    def test_a_damaged_search_index_of_it_is_not_mended_but_refused(self, bench: Bench, bot: Bot):
        release = bot.release("v1")
        folder = release.folder
        for file in folder.glob("index/*.lance/_indices/**/*.lance"):
            content = file.read_bytes()
            file.unlink()  # its bytes are the workspace's, too
            file.write_bytes(bytes(len(content)))
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        place = release.workspace(bench.workspace.root)
        with pytest.raises(DamagedIndex, match="roll back"):
            open_index(place, release.recipe.index, place.require_built()).bm25(QUESTION, 5)
        assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before

    def test_an_index_of_other_settings_is_not_released(self, bench: Bench, bot: Bot):
        with sc.open(bench.workspace.root, split={"size": 50}) as other, pytest.raises(StaleIndex):
            other.release("v1")
        assert releases_of(bench.workspace) == []

    def test_a_full_disk_leaves_nothing(self, bench: Bench, bot: Bot, monkeypatch: pytest.MonkeyPatch):
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "link", full)
        monkeypatch.setattr(shutil, "copyfile", full)
        with pytest.raises(StorageError, match="free some space"):
            bot.release("v1")
        monkeypatch.undo()
        assert releases_of(bench.workspace) == []
        assert not list((bench.workspace.folder / "releases").glob(".making*"))

    @pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "production", "x" * 65])
    def test_a_bad_name_is_refused(self, bot: Bot, name: str):
        with pytest.raises(UsageError):
            bot.release(name)

    def test_a_bit_that_flipped_is_found(self, bot: Bot):
        release = bot.release("v1")
        file = next(release.folder.glob("index/*.lance/data/*"))
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.unlink()
        file.write_bytes(content)
        with pytest.raises(DamagedRelease, match="data"):
            release.check()
        with pytest.raises(DamagedRelease, match="rollback"):
            bot.promote("v1", force="to see")

    def test_a_manifest_that_was_changed_is_refused(self, bot: Bot):
        file = bot.release("v1").folder / "release.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"recipe_hash": "0"}))
        with pytest.raises(DamagedRelease, match="not as it was written"):
            bot.open_release("v1")


class TestPromote:
    def test_what_was_not_measured_is_not_served(self, bot: Bot):
        bot.release("v1")
        with pytest.raises(NotPromoted, match="evaluate CASES --release v1"):
            bot.promote("v1")

    def test_a_run_of_another_index_does_not_speak_for_it(self, bench: Bench, bot: Bot):
        bot.evaluate(CASES)
        bench.write("otter.txt", "The otter eats 9 fish each day.")
        bot.add(bench.docs)
        bot.release("v1")
        with pytest.raises(NotPromoted, match="never measured"):
            bot.promote("v1")

    def test_a_release_that_was_measured_is_served_under_its_alias(self, bot: Bot):
        run = bot.evaluate(CASES)
        assert bot.release("v1").manifest["run"] == run.id
        served = bot.promote("v1")
        assert served.standing and served.standing.run == run.id
        with bot.open_release("production") as asked:
            assert asked.name == "v1"

    def test_a_release_can_be_measured_after_it_was_made(self, bench: Bench, bot: Bot):
        bot.release("v1")
        bot.remove("docs/heron.txt")
        with bot.open_release("v1") as old:
            old.evaluate(CASES)
        assert bot.promote("v1").target.release == "v1"

    def test_what_did_worse_is_refused_and_what_is_served_stays(self, bench: Bench, bot: Bot):
        bot.evaluate(CASES)
        bot.release("good")
        bot.promote("good")
        for name in ("otter", "heron", "lynx"):
            bench.write(f"{name}.txt", f"The {name} eats nothing at all on this day.")
        bot.add(bench.docs)
        bot.evaluate(CASES)
        bot.release("bad")
        with pytest.raises(NotPromoted, match="fell by"):
            bot.promote("bad")
        assert [row["release"] for row in bot.release_log() if row["what"] == "promote"] == ["good"]
        bot.promote("bad", force="the auditor asked for it")
        assert bot.release_log()[-1]["force"] == "the auditor asked for it"

    def test_releases_measured_on_other_cases_are_not_compared(self, bench: Bench, bot: Bot):
        bot.evaluate(CASES)
        bot.release("v1")
        bot.promote("v1")
        bench.write("otter.txt", "The otter eats 8 fish each day.")
        bot.add(bench.docs)
        bot.evaluate(CASES[:2])
        bot.release("v2")
        with pytest.raises(NotPromoted, match="same cases"):
            bot.promote("v2")

    def test_a_model_that_drifted_in_its_export_is_refused(self, bench: Bench, bot: Bot):
        folder = bench.workspace.folder / "models" / "claims"
        folder.mkdir(parents=True)
        (folder / "parity.json").write_text(json.dumps({"agrees": False, "faults": ["served: the training is lost"]}))
        make_release(bench.workspace, _named(bot, "claims"), "v1", by="ada", about={})
        with pytest.raises(NotPromoted, match="the training is lost"):
            bot.promote("v1")

    def test_a_clock_that_jumps_does_not_change_the_order(self, bot: Bot, monkeypatch: pytest.MonkeyPatch):
        for name, now in (("v1", 5e9), ("v2", 1e9), ("v3", 3e9)):
            monkeypatch.setattr("scoville.release.make.time.time", lambda now=now: now)
            bot.release(name)
        assert [one.name for one in bot.releases()] == ["v1", "v2", "v3"]

    def test_it_waits_for_nobody_who_adds_documents(self, bench: Bench, bot: Bot):
        bot.evaluate(CASES)
        bot.release("v1")
        with bench.workspace.writing():
            assert bot.promote("v1").target.release == "v1"


class TestRollback:
    def test_it_takes_back_one_switch_after_the_other(self, bot: Bot):
        bot.evaluate(CASES)
        for name in ("v1", "v2", "v3"):
            bot.release(name)
            bot.promote(name)
        bot.promote("v1", canary=10)
        assert bot.rollback().target.canary == ""
        assert [bot.rollback().target.release for _ in range(2)] == ["v2", "v1"]
        with pytest.raises(UsageError, match="nothing to roll back to"):
            bot.rollback()

    def test_it_does_not_go_back_to_what_is_damaged(self, bot: Bot):
        bot.evaluate(CASES)
        for name in ("v1", "v2"):
            bot.release(name)
            bot.promote(name)
        (bot.releases()[0].folder / "recipe.json").unlink()
        with pytest.raises(DamagedRelease, match=r"recipe\.json"):
            bot.rollback()
        with bot.open_release("production") as asked:
            assert asked.name == "v2"

    def test_a_switch_that_a_kill_kept_from_the_log_is_in_it(self, bench: Bench, bot: Bot):
        bot.evaluate(CASES)
        bot.release("v1")
        bot.promote("v1")
        bot.promote("v1", "staging")
        log = bench.workspace.folder / "releases" / "log.jsonl"
        log.write_text(log.read_text().splitlines()[0] + "\n")
        assert [row["alias"] for row in bot.release_log() if row["what"] == "promote"] == ["production", "staging"]
        bot.promote("v1", "staging")
        assert len(log.read_text().splitlines()) == 3


class TestRemove:
    def test_what_is_served_stays(self, bot: Bot):
        bot.evaluate(CASES)
        for name in ("v1", "v2"):
            bot.release(name)
            bot.promote(name)
        with pytest.raises(UsageError, match="served as 'production'"):
            bot.remove_release("v2")
        bot.remove_release("v1", reason="a document in it was withdrawn")
        assert [one.name for one in bot.releases()] == ["v2"]
        with pytest.raises(UsageError, match="nothing to roll back to"):
            bot.rollback()
        with pytest.raises(UsageError, match="was"):
            bot.release("v1")


class TestDiff:
    def test_it_says_what_differs(self, bench: Bench, bot: Bot):
        bot.evaluate(CASES)
        bot.release("v1")
        bench.write("otter.txt", "The otter eats no fish at all.")
        bench.write("owl.txt", "The owl eats 3 fish each day.")
        bot.add(bench.docs)
        bot.remove("docs/lynx.txt")
        with sc.open(bench.workspace.root, search={"passages": 3}) as other:
            other.evaluate(CASES)
            other.release("v2")
        found = bot.diff("v1", "v2")
        assert (found.added, found.removed, found.changed) == (
            ("docs/owl.txt",),
            ("docs/lynx.txt",),
            ("docs/otter.txt",),
        )
        assert found.settings == {"search.passages": (5, 3)}
        assert found.outcomes["worse"] >= 2
        assert "otter" in str(found) and found.json()["scores"]["n"] == 3


class TestCommands:
    def test_a_release_from_the_command_line(self, bench: Bench, bot: Bot, command: Command):
        bot.evaluate(CASES)
        assert command("release", "v1").code == 0
        assert command("promote", "v1", "--json").json["release"] == "v1"
        assert command("release", "v2", "--json").json["name"] == "v2"
        assert command("promote", "v2", "--canary", 20).out == "production: v1, 20 % by v2\n"
        assert command("rollback").out == "production: v1\n"
        listed = command("releases", "--json").json
        assert [(one["name"], one["served_as"]) for one in listed] == [("v1", ["production"]), ("v2", [])]
        assert [row["what"] for row in command("releases", "--log", "--json").json] == [
            "release", "promote", "release", "canary", "rollback",
        ]  # fmt: skip
        assert "settings: the same" in command("diff", "v1", "v2").out
        assert command("releases", "--remove", "v2").code == 0
        assert [one["name"] for one in command("releases", "--json").json] == ["v1"]

    def test_a_refusal_is_one_line_and_a_code(self, bot: Bot, command: Command):
        command("release", "v1")
        done = command("promote", "v1")
        assert (done.code, done.out) == (1, "") and "never measured" in done.err
        assert command("promote", "nothing").code == 2


def _named(bot: Bot, model: str):
    return bot.recipe.model_copy(update={"llm": bot.recipe.llm.model_copy(update={"model": model})})


def test_a_model_that_was_trained_here_is_kept_as_it_was(bench: Bench, bot: Bot):
    folder = bench.workspace.folder / "models" / "claims"
    folder.mkdir(parents=True)
    (folder / "weights").write_text("old")
    release = make_release(bench.workspace, _named(bot, "claims"), "v1", by="ada", about={})
    (folder / "weights").write_text("new")  # in place, as some libraries write
    with bot.open_release("v1") as old:
        kept = old.place()[1].llm.model
    assert Path(kept.removeprefix("path:"), "weights").read_text() == "old"
    assert release.recipe.llm.model == "claims"
    release.check()


KILLED = """
import os, signal, sys
import scoville as sc
what, event, name, root = sys.argv[1:]
def watch(now, details):
    if now == event and name in str(details[0]) and (now != "open" or "a" in str(details[1])):
        os.kill(os.getpid(), signal.SIGKILL)
with sc.open(root) as bot:
    sys.addaudithook(watch)
    bot.release("v2") if what == "release" else bot.promote("v1", force="because")
"""
"""Does something, and is killed as it begins to rename or open a file."""


@pytest.mark.parametrize(
    ("what", "event", "name", "served"),
    [
        ("release", "os.rename", ".making", "v0"),
        ("promote", "os.rename", "state.json", "v0"),
        ("promote", "open", "log.jsonl", "v1"),
    ],
)
def test_a_kill_leaves_what_was_or_what_will_be(
    bench: Bench, bot: Bot, what: str, event: str, name: str, served: str
):  # fmt: skip
    for made in ("v0", "v1"):
        bot.release(made)
    bot.promote("v0", force="to begin with")
    words = [sys.executable, "-c", KILLED, what, event, name, str(bench.workspace.root)]
    assert subprocess.run(words, capture_output=True).returncode == -signal.SIGKILL
    assert [one.name for one in bot.releases()] == ["v0", "v1"]
    with bot.open_release("production") as asked:
        assert asked.name == served
    assert [row["release"] for row in bot.release_log() if row["what"] == "promote"][-1] == served
    bot.release("v2")
    bot.promote("v2", force="to go on")
    assert [row["number"] for row in bot.release_log()] == sorted(row["number"] for row in bot.release_log())
    left = {path.name for path in (bench.workspace.folder / "releases").iterdir()}
    assert left == {"v0", "v1", "v2", "state.json", "log.jsonl", "lock"}
