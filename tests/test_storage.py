"""Files that a kill leaves whole, and journals that are gone on with."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scoville.errors import StorageError
from scoville.storage import TEMPORARY, Journal


def test_a_journal_gives_back_its_rows_in_their_order(tmp_path: Path):
    journal = Journal(tmp_path / "new" / "journal.jsonl")
    assert list(journal.rows()) == []
    rows = [{"text": "Zürich\nBern"}, ["a", 1, None], "one"]
    for row in rows:
        journal.add(row)
    assert list(journal.rows()) == rows


def test_a_journal_goes_on_behind_a_line_that_was_cut_off(tmp_path: Path):
    journal = Journal(tmp_path / "journal.jsonl")
    journal.add({"number": 1})
    journal.add({"number": 2, "text": "ä"})
    journal.path.write_bytes(journal.path.read_bytes()[:-4])
    assert list(journal.rows()) == [{"number": 1}]
    journal.add({"number": 3})
    assert list(journal.rows()) == [{"number": 1}, {"number": 3}]


def test_a_name_that_is_no_utf_8_comes_back_from_a_journal(tmp_path: Path):
    journal = Journal(tmp_path / "journal.jsonl")
    journal.add("caf\udce9.pdf")
    assert list(journal.rows()) == ["caf\udce9.pdf"]
    assert json.loads(journal.path.read_text("utf-8")) == "caf\udce9.pdf"


def test_a_journal_that_cannot_be_written_says_where(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write to"):
        Journal(tmp_path / "file" / "journal.jsonl").add(1)


# Temporary files

KILLED = {
    "a PDF": """
from scoville.read.sandbox import children
from scoville.read import read_document
from scoville.recipe import Read
children._watch = lambda *_: os.kill(os.getpid(), 9)
read_document(Path("page.pdf"), source="s", settings=Read())
""",
    "a DOC": """
from scoville.read.legacy import convert
convert._run = lambda *_: os.kill(os.getpid(), 9)
convert.convert("soffice", b"Confidential", "doc", "docx", 9)
""",
    "a repository": """
from scoville.recipe import Recipe
from scoville.recipe.sources import GitEntry
from scoville.sources.git import GitSource
from scoville.sources.item import Place
subprocess.run(["git", "init", "-q", "."])
subprocess.run("git -c user.name=A -c user.email=a@example.com commit -q --allow-empty -m x", shell=True)
list(GitSource(GitEntry(git="."), Recipe(), Place(Path.cwd(), str, Path), "").items())
os.kill(os.getpid(), 9)
""",
}


@pytest.mark.parametrize("script", KILLED.values(), ids=KILLED)
def test_copies_of_documents_that_a_kill_leaves_are_removed_by_the_next_process(script: str, tmp_path: Path):
    (tmp_path / "page.pdf").write_bytes(b"%PDF-1.7")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    script = f"import os, subprocess\nfrom pathlib import Path\n{script}"
    killed = subprocess.run([sys.executable, "-c", script], env=environment, cwd=tmp_path, check=False)
    assert killed.returncode == -9
    assert [file for file in temporary.rglob("*") if file.is_file()]
    work = "from scoville.storage import TEMPORARY as t; import os; print(os.listdir(t.path().parent), t.path().name)"
    others = subprocess.run([sys.executable, "-c", work], env=environment, capture_output=True, text=True, check=True)
    assert len(others.stdout.split()) == 2, others.stdout  # its own folder alone
    assert not list(temporary.iterdir())


def test_a_temporary_folder_in_use_is_left_to_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    TEMPORARY.remove()
    (tmp_path / "scoville-tmp-link").symlink_to(tmp_path)
    (mine := TEMPORARY.path() / "page.pdf").touch()
    work = "from scoville.storage import TEMPORARY as t; t.path()"
    subprocess.run([sys.executable, "-c", work], env={**os.environ, "TMPDIR": str(tmp_path)}, check=True)
    assert mine.exists()
    assert mine.parent.stat().st_mode & 0o077 == 0
    TEMPORARY.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["scoville-tmp-link"]
