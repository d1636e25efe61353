"""Files that a kill leaves whole, and journals that are gone on with."""

import json
from pathlib import Path

import pytest

from scoville.errors import StorageError
from scoville.storage import Journal


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
