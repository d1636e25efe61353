"""Rows of training on disk."""

from pathlib import Path

import pytest

from scoville.errors import UsageError
from scoville.train.examples import Example, Text, digest, example_id, read_rows, write_rows
from scoville.types import Message

TURNS = (Message(role="user", content="Which pier?"), Message(role="assistant", content="Pier 5."))
EXAMPLE = Example(id=example_id(TURNS), messages=TURNS, source="piers.md", group="piers", kind="grounded")


def test_rows_that_are_written_are_read_again(tmp_path: Path):
    rows = [EXAMPLE, Text(id="t1", text="The ferry\nleaves. ü", source="piers.md", group="piers")]
    write_rows(tmp_path / "rows.jsonl", rows)
    assert read_rows(tmp_path / "rows.jsonl") == rows


def test_the_digest_knows_what_rows_say_and_not_their_order():
    other = Example(id="x", messages=(TURNS[0], Message(role="assistant", content="Pier 6.")), source="piers.md")
    assert digest([EXAMPLE, other]) == digest([other, EXAMPLE])
    assert digest([EXAMPLE, other]) != digest([EXAMPLE])


@pytest.mark.parametrize(
    "line",
    [
        "[1]", "{}", '{"messages": []}', '{"messages": [{"role": "user", "content": "Who?"}]}',
        '{"messages": [{"role": "assistant", "content": 5}]}', '{"messages": [{"role": "tool", "content": "x"}]}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_row_is_refused_with_its_number(tmp_path: Path, line: str):
    write_rows(tmp_path / "rows.jsonl", [EXAMPLE])
    with (tmp_path / "rows.jsonl").open("a") as file:
        file.write(line)
    with pytest.raises(UsageError, match="line 2 is no row of training; expected .*messages"):
        read_rows(tmp_path / "rows.jsonl")
