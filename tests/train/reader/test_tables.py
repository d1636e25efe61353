"""Tables in Markdown, and questions about their cells."""

import random

from scoville.train.reader.rows import Row
from scoville.train.reader.tables import ask_cell, in_markdown

CONTEXT = "Ferries\nBoat | Leaves | Pier\nHeron | 9:15 | 2\nPlover | 11:40 | 5\nStilt | 9:15 | 7"
ROW = Row(
    id="1",
    question="When does the Stilt leave?",
    context=CONTEXT,
    answers=((CONTEXT.rindex("9:15"), CONTEXT.rindex("9:15") + 4),),
)
LOOSE = Row(id="2", question="Who?", context="No table.\nOnly lines.", answers=())


def test_a_table_in_markdown_keeps_the_answer_in_its_cell():
    written = in_markdown(ROW)
    assert written and written.context.splitlines()[:3] == [
        "Ferries",
        "| Boat | Leaves | Pier |",
        "| --- | --- | --- |",
    ]
    assert written.texts == ["9:15"]
    assert written.context[: written.answers[0][0]].endswith("| Stilt | ")
    assert in_markdown(LOOSE) is None


def test_a_cell_is_asked_for_by_its_row_and_column():
    for seed in range(20):
        asked = ask_cell(ROW, random.Random(seed))
        assert asked
        ((start, _),) = asked.answers
        line = next(
            line
            for line in asked.context.splitlines()
            if asked.context.find(line) <= start < asked.context.find(line) + len(line)
        )
        assert line.split(" | ")[0].removeprefix("| ") in asked.question
    assert ask_cell(LOOSE, random.Random(0)) is None


def test_a_row_that_was_taken_out_is_not_answered():
    asked = ask_cell(ROW, random.Random(1), missing=True)
    assert asked and asked.answers == ()
    label = next(boat for boat in ("Heron", "Plover", "Stilt") if boat in asked.question)
    assert label not in asked.context
