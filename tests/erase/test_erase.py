"""Forgetting documents and people: nothing of them is left, all else stays, and the receipt tells the truth."""

import json
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

import scoville
from conftest import Command
from scoville.bot import Bot
from scoville.erase import erasing, person_subject
from scoville.errors import DamagedIndex, UsageError
from scoville.llm.kept import KeptReplies
from scoville.release import read_state, releases_of

OTTER = "The otter of the upper ward eats eleven fish in the light of the old lantern."
HERON = "The heron of the lower ward eats seven frogs in the shade of the tall willow."
SHARED = "Every animal of the wards is fed twice on each day of the week by its own keeper."


OTTER_CASE = {"id": "otter", "question": "What does the otter eat?", "expected": [OTTER],
              "evidence": [{"document": "otter.txt"}]}  # fmt: skip
HERON_CASE = {"id": "heron", "question": "What does the heron eat?", "expected": [HERON],
              "evidence": [{"document": "heron.txt"}]}  # fmt: skip


@pytest.fixture
def ward(tmp_path: Path, fakes: None):
    """A workspace in which two documents were added, changed, asked about, measured and learned from."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "otter.txt").write_text(f"{OTTER}\n\n{SHARED}")
    (docs / "heron.txt").write_text(f"{HERON}\n\n{SHARED}\n\nIts keeper is Maria Keller, maria.keller@example.com.")
    with scoville.open(tmp_path) as bot:
        bot.add(docs)
        (docs / "otter.txt").write_text(f"{OTTER}\n\n{SHARED}\n\nA line that came later.")
        bot.add(docs)
        bot.conversation("kim").ask("What does the otter of the upper ward eat?")
        bot.conversation("ida").ask("What does the heron of the lower ward eat?")
        write_lines(tmp_path / "cases" / "own.jsonl", [OTTER_CASE, HERON_CASE])
        bot.evaluate(tmp_path / "cases" / "own.jsonl")
        rows = [{"messages": [{"role": "user", "content": text}]} for text in (OTTER, HERON)]
        write_lines(tmp_path / ".scoville" / "rows" / "train.jsonl", rows)
        kept = KeptReplies(tmp_path / ".scoville" / "judges")
        kept.put("key", OTTER)
        kept.close()
        model = tmp_path / ".scoville" / "models" / "keeper"
        model.mkdir(parents=True)
        (model / "training.json").write_text("{}")
        yield bot


def write_lines(path: Path, rows: Sequence[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def bytes_with(root: Path, words: str) -> list[str]:
    files = [path for name in (".scoville", "cases") for path in (root / name).rglob("*") if path.is_file()]
    return [path.name for path in files if words.casefold().encode() in path.read_bytes().lower()]


def test_no_byte_of_a_forgotten_document_is_left_and_the_others_stay(ward: Bot):
    root = ward.workspace.root
    assert len({*bytes_with(root, OTTER[4:-1])}) >= 5  # the table, records, cases, rows, a run
    done = ward.forget("docs/otter.txt", yes=True)
    assert done.left == ()
    assert bytes_with(root, OTTER[4:-1]) == bytes_with(root, "upper ward") == bytes_with(root, "came later") == []
    assert list(ward.documents()) == ["docs/heron.txt"]
    assert ward.ask("What does the heron eat?").citations
    assert [case["id"] for case in map(json.loads, (root / "cases" / "own.jsonl").read_text().splitlines())] == [
        "heron"
    ]
    assert list(ward.run("latest").results()) == ["heron"]
    assert HERON in (root / ".scoville" / "rows" / "train.jsonl").read_text()
    assert ward.search("heron frogs willow")


def test_files_and_runs_of_which_nothing_is_left_go(ward: Bot):
    write_lines(ward.workspace.root / "cases" / "own.jsonl", [OTTER_CASE])
    ward.evaluate(ward.workspace.root / "cases" / "own.jsonl")
    ward.forget("docs/otter.txt", yes=True)
    assert not (ward.workspace.root / "cases" / "own.jsonl").exists()
    assert [list(run.results()) for run in ward.runs()] == [["heron"]]
    assert ward.train_cases() == []


def test_old_versions_of_a_document_that_was_removed_are_forgotten_too(ward: Bot):
    ward.remove("docs/otter.txt")
    assert bytes_with(ward.workspace.root, OTTER[4:-1])
    ward.forget("docs/otter.txt", yes=True)
    assert bytes_with(ward.workspace.root / ".scoville", OTTER[4:-1]) == []


def test_without_yes_nothing_changes_and_is_said_what_would_go(ward: Bot):
    ward.flush()
    before = {path: path.read_bytes() for path in ward.workspace.folder.rglob("*.json*")}
    found = ward.forget("docs/otter.txt")
    assert not found.done
    places = {one.place.rpartition("/")[2] for one in found.found}
    assert {"own.jsonl", "train.jsonl", "track.db: turns", "replies.db: replies"} <= places
    assert any(place.endswith(".lance") for place in places)
    assert {path: path.read_bytes() for path in ward.workspace.folder.rglob("*.json*")} == before


def test_what_was_forgotten_is_not_added_again_nor_a_copy_of_it_until_it_is_allowed(
    ward: Bot, caplog: pytest.LogCaptureFixture
):
    docs = ward.workspace.root / "docs"
    ward.forget("docs/otter.txt", yes=True)
    (docs / "copy.txt").write_bytes((docs / "otter.txt").read_bytes())
    assert ward.add(docs).added == 0
    assert "Left out, as it was forgotten: docs/copy.txt, docs/otter.txt" in caplog.text
    assert ward.allow("docs/otter.txt") == ["docs/otter.txt"]
    assert ward.add(docs).added == 2
    with pytest.raises(UsageError, match="not forgotten"):
        ward.allow("docs/otter.txt")


def test_a_list_of_what_was_forgotten_that_is_damaged_lets_nothing_in(ward: Bot):
    ward.forget("docs/otter.txt", yes=True)
    (ward.workspace.folder / "forgotten.json").write_text("{")
    with pytest.raises(DamagedIndex, match="what must not be added again"):
        ward.add(ward.workspace.root / "docs")


def test_runs_and_models_that_saw_it_are_marked_and_what_holds_it_still_is_told(ward: Bot):
    done = ward.forget("docs/otter.txt", yes=True)
    assert [one.what.split()[0] for one in done.saw] == ["run", "model"]
    assert "forgotten on" in ward.run("latest").header["make_again"]
    assert (
        "forgotten on" in json.loads((ward.workspace.folder / "models/keeper/training.json").read_text())["make_again"]
    )
    assert {"docs/otter.txt", "the disk"} <= {one.what for one in done.held}


def test_a_person_is_blotted_out_and_the_documents_that_name_them_stay_unless_dropped(ward: Bot):
    root = ward.workspace.root
    ward.conversation("kim").ask("Is Keller, Maria the keeper of the heron?")
    ward.flush()
    with closing(sqlite3.connect(ward.workspace.folder / "track.db")) as database, database:
        database.execute("INSERT INTO feedback (time, caller, trace_id, rating, reason, answer) "
                         "VALUES (0, 'kim', '', 'down', 'ask maria_keller', '')")  # fmt: skip
    done = ward.forget_person("Maria Keller", yes=True)
    assert [(one.document, one.passages, one.example) for one in done.mentions] == [("docs/heron.txt", 1, "")]
    assert done.left == ()
    assert all("eller" not in turn.question for turn in ward.conversations().turns("kim"))
    with closing(sqlite3.connect(ward.workspace.folder / "track.db")) as database:
        assert database.execute("SELECT reason FROM feedback").fetchall() == [("ask [forgotten]",)]
    assert "docs/heron.txt" in ward.documents()
    assert "Maria" not in Path(done.receipt).read_text()
    ward.forget_person("Maria Keller", drop=["docs/heron.txt"], yes=True)
    assert bytes_with(root, "keller") == []


def test_a_document_with_the_name_of_a_common_word_takes_nothing_else_with_it(ward: Bot):
    root = ward.workspace.root
    (root / "docs" / "index").write_text("The marten of the middle ward eats nine plums under the roof of the mill.")
    (root / "cases" / "README.md").write_text(
        "The marten of the middle ward eats nine plums under the roof of the mill."
    )
    ward.add(root / "docs")
    ward.workspace.folder.joinpath("sweeps").mkdir()
    (ward.workspace.folder / "sweeps" / "notes.json").write_text(json.dumps({"kind": "index", "about": "the index"}))
    done = ward.forget("docs/index", yes=True)
    assert done.left == () and "cases/README.md" in {one.what for one in done.held}
    assert json.loads((ward.workspace.folder / "sweeps" / "notes.json").read_text())["kind"] == "index"
    assert [one.kind for one in ward.artifacts() if one.name == "index"]
    assert (root / "cases" / "README.md").exists()


def test_a_forgetting_that_is_killed_is_ended_by_the_next_one(ward: Bot, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "_sweep", lambda *_, apply: _die() if apply else [])
        with pytest.raises(KeyboardInterrupt):
            ward.forget("docs/otter.txt", yes=True)
    assert bytes_with(ward.workspace.root, OTTER[4:-1])
    assert "interrupted" in str(ward.forget("docs/heron.txt"))
    ward.forget("docs/heron.txt", yes=True)
    assert bytes_with(ward.workspace.root, OTTER[4:-1]) == []
    assert not (ward.workspace.folder / "forgetting.json").exists()
    assert [one["names"] for one in ward.receipts().values()] == [["docs/otter.txt"], ["docs/heron.txt"]]


def test_what_kills_left_of_releases_and_files_is_forgotten_too(ward: Bot):
    ward.release("idle")
    folder = ward.workspace.folder / "releases"
    for name in (".making", ".removed-old"):
        shutil.copytree(folder / "idle", folder / name)
    (ward.workspace.root / "cases" / "own.jsonl.123.tmp").write_text(json.dumps(OTTER_CASE))
    (ward.workspace.folder / "seen.json.123.tmp").write_text(OTTER)
    assert ward.forget("docs/otter.txt", yes=True).left == ()
    assert bytes_with(ward.workspace.root, OTTER[4:-1]) == []


def _die() -> None:
    raise KeyboardInterrupt


def test_a_receipt_that_was_changed_or_signed_elsewhere_is_refused(ward: Bot, tmp_path: Path):
    receipt = Path(ward.forget("docs/otter.txt", yes=True).receipt)
    assert ward.verify_receipt(receipt)["names"] == ["docs/otter.txt"]
    receipt.write_text(receipt.read_text().replace("otter.txt", "heron.txt"))
    with pytest.raises(UsageError, match="was changed"):
        ward.verify_receipt(receipt)
    (ward.workspace.folder / "erasures" / "key").unlink()
    with pytest.raises(UsageError, match="another workspace"):
        ward.verify_receipt(receipt)


def test_a_name_that_nobody_knows_is_refused_before_anything_is_written(ward: Bot):
    with pytest.raises(UsageError, match=r"did you mean docs/otter\.txt"):
        ward.forget("ott")
    with pytest.raises(UsageError):
        ward.forget("/", yes=True)
    assert not (ward.workspace.folder / "forgotten.json").exists()


@pytest.mark.parametrize("name", ["", "  ", "/(/", "/x*/", "?!"])
def test_a_person_who_would_be_everybody_is_refused(name: str):
    with pytest.raises(UsageError):
        person_subject(name)


@pytest.mark.parametrize(
    "text", ["Maria Keller", "KELLER, MARIA", "maria.keller@example.com", "maria_keller", "<b>Maria</b> Keller"]
)
def test_a_person_is_found_in_many_spellings(text: str):
    assert "[forgotten]" in person_subject("Maria Keller").without(f"ask {text} first")
    assert not person_subject("Maria Keller").touches("Maria Kellermann")


def test_the_command_says_what_would_go_and_with_yes_what_went(
    ward: Bot, command: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(ward.workspace.root)
    asked = command("forget", "docs/otter.txt")
    assert "would be forgotten" in asked.out and "--yes does it" in asked.err
    done = command("forget", "docs/otter.txt", "--yes", "--json")
    assert done.code == 0 and done.json["done"] and done.json["left"] == []
    assert command("forget", "--verify", done.json["receipt"]).json["names"] == ["docs/otter.txt"]
    assert command("forget", "docs/otter.txt", "--allow", "--json").json == {"allowed": ["docs/otter.txt"]}
    assert command("forget").code == 2


class TestReleases:
    def test_one_that_nobody_needs_is_removed_and_one_that_is_served_is_made_anew_without_it(self, ward: Bot):
        ward.release("idle")
        ward.release("served")
        ward.promote("served", force="a test")
        assert {"release idle", "release served"} <= {one.place for one in ward.forget("docs/otter.txt").found}
        done = ward.forget("docs/otter.txt", yes=True)
        assert done.left == ()
        assert bytes_with(ward.workspace.root, OTTER[4:-1]) == []
        served = read_state(ward.workspace).targets["production"].release
        assert [one.name for one in releases_of(ward.workspace)] == [served]
        release = releases_of(ward.workspace)[0]
        release.check()
        assert list(release.documents()) == ["docs/heron.txt"]
        with ward.open_release(served) as old:
            assert old.ask("What does the heron of the lower ward eat?").citations

    def test_one_without_it_stays_as_it_is(self, ward: Bot):
        ward.remove("docs/otter.txt")
        shutil.rmtree(ward.workspace.root / "cases")
        ward.release("clean")
        ward.forget("docs/otter.txt", yes=True)
        assert [one.name for one in releases_of(ward.workspace)] == ["clean"]
        releases_of(ward.workspace)[0].check()
