"""What a reader is trained on: held-out texts stay out, each file is seen as often as it says, the same every time."""

import random
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from tiny_encoder import colour_rows, write_rows, write_tiny_encoder

from scoville.embed.network import open_tokenizer
from scoville.errors import RecipeError
from scoville.extract.windows import Window
from scoville.recipe.reader import ReaderTraining, ReadingFile, load_reader_training
from scoville.train.reader.draw import draw_window
from scoville.train.reader.mixture import Mixture, Part, _deal, batches, mix, read_part, steps_of
from scoville.train.reader.rows import Row, RowError

ROOT = Path(__file__).parents[3]


def part_of(folder: Path, hold_out: tuple[str, ...] | float = 0.0, count: int = 60) -> Part:
    write_rows(folder / "rows.jsonl", colour_rows(count))
    return read_part(ReadingFile(path="rows.jsonl", hold_out=hold_out), folder)


@pytest.fixture
def tokenizer(tmp_path: Path):
    pytest.importorskip("torch")
    return open_tokenizer(write_tiny_encoder(tmp_path / "base") / "tokenizer.json")


@pytest.mark.parametrize(
    ("rule", "held"), [(("part 3",), {"part 3"}), (2, None), (0.25, None)], ids=["titles", "number", "share"]
)
def test_what_is_held_out_is_in_no_batch(tmp_path: Path, rule: tuple[str, ...] | float, held: set[str] | None):
    part = part_of(tmp_path, rule)
    assert part.rows and part.held_out
    assert not {row.context for row in part.rows} & {row.context for row in part.held_out}
    assert held is None or {row.title for row in part.held_out} == held
    assert rule != 2 or len({row.title for row in part.held_out}) == 2
    twin = Part(name="twin", rows=[part.held_out[0], *part.rows])  # another file has the text too
    mixture = mix([part, twin])
    assert mixture.held_out == list(part.held_out)
    assert len(mixture.parts[1].rows) == len(part.rows)


def test_a_title_that_no_question_has_is_refused_with_those_there_are(tmp_path: Path):
    with pytest.raises(RowError, match=r"no question has the title Normans; titles are part 0, part 1"):
        part_of(tmp_path, ("Normans",))
    with pytest.raises(RowError, match="10 titles are all of them"):
        part_of(tmp_path, 10)


def test_files_are_dealt_out_evenly_and_as_often_as_they_say(tmp_path: Path, tokenizer):
    rows = part_of(tmp_path, count=400).rows
    mixture = mix([Part(name="a", rows=rows[:200], times=2), Part(name="b", rows=rows[200:], times=1)])
    training = ReaderTraining(longest=48, batch_tokens=256, made_unanswerable=0, titled=0)
    origin = {_key(row.question, row.context, tokenizer): "ab"[at >= 200] for at, row in enumerate(rows)}
    seen = Counter[str]()
    for batch in islice(batches(mixture, tokenizer, training), steps_of(mixture, tokenizer, training)):
        assert max(len(window.ids) for window in batch) * len(batch) <= 256
        seen.update(origin[tuple(window.ids)] for window in batch)
    assert seen["a"] == pytest.approx(400, rel=0.1)
    assert seen["b"] == pytest.approx(200, rel=0.1)


def test_the_same_seed_gives_the_same_batches(tmp_path: Path, tokenizer):
    mixture = mix([part_of(tmp_path)])

    def first(seed: int) -> list[list[Window]]:
        return list(islice(batches(mixture, tokenizer, ReaderTraining(seed=seed, longest=48)), 5))

    assert first(1) == first(1)
    assert first(1) != first(2)


def test_a_title_becomes_the_first_line_and_the_answer_moves_along(tmp_path: Path, tokenizer):
    mixture = mix([part_of(tmp_path)])
    training = ReaderTraining(longest=48, titled=0.999, made_unanswerable=0)
    for window in next(batches(mixture, tokenizer, training)):
        if window.start:
            assert tokenizer.decode(window.ids[window.start : window.end + 1]) in "red blue green grey black white"


TABLE = "Boats\nname | leaves | pier\nHeron | 9:15 | 2\nPlover | 11:40 | 5\nTern | 12:05 | 7"


def table_rows(count: int) -> list[dict[str, Any]]:
    texts = [TABLE.replace("Boats", f"Boats of day {number}") for number in range(count)]
    return [
        {"question": "When does the Plover leave?", "context": text, "title": f"day {number}",
         "answers": [{"text": "11:40", "answer_start": text.index("11:40")}]}
        for number, text in enumerate(texts)
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["markdown", "cells"])
def test_tables_are_shown_as_their_file_says(tmp_path: Path, tokenizer: Any, form: str):
    write_rows(tmp_path / "rows.jsonl", table_rows(40))
    file = ReadingFile.model_validate({"path": "rows.jsonl", "hold_out": 4, "form": form})
    part = read_part(file, tmp_path)
    assert part.name == f"rows.jsonl ({form})" and len(part.rows) == 36
    assert all("| Tern | 12:05 | 7 |" in row.context or not row.answers for row in part.held_out)
    rows = next(_deal([part], random.Random(2)))
    assert all("| --- |" in row.context for row in rows)
    asked = {row.question for row in rows}
    assert (asked == {"When does the Plover leave?"}) is (form == "markdown")
    assert mix([part]).digest != mix([replace(part, form="text")]).digest


def test_too_little_to_learn_from_is_refused(tmp_path: Path):
    with pytest.raises(RowError, match="0 questions with an answer to learn from; expected at least 8"):
        mix([])
    with pytest.raises(RowError, match="1 questions with an answer"):
        mix([Part(name="one", rows=[Row(id="1", question="?", context="red", answers=((0, 3),))])])


def test_answers_that_fit_no_window_are_refused(tokenizer):
    row = Row(id="1", question="cat ?", context="red " * 60, answers=((0, 239),))
    mixture = Mixture(parts=(Part(name="long", rows=[row] * 10),), pool=[row])
    with pytest.raises(RowError, match="fits a window of 32 tokens; raise `longest`"):
        next(batches(mixture, tokenizer, ReaderTraining(longest=32)))


def test_the_digest_knows_rows_and_times(tmp_path: Path):
    part = part_of(tmp_path)
    one = mix([part])
    assert one.digest == mix([part_of(tmp_path)]).digest
    assert one.digest != mix([Part(name=part.name, rows=part.rows, times=2)]).digest
    assert one.digest != mix([Part(name=part.name, rows=part.rows[1:])]).digest


@pytest.mark.parametrize("name", ["reader", "reader-more"])
def test_the_recipes_of_the_shipped_reader_can_be_read(name: str):
    training = load_reader_training(ROOT / "recipes" / f"{name}.yaml")
    assert training.files[0].hold_out == ("Harvard University", "Immune system", "Normans", "Prime number")
    assert all(file.licence for file in training.files)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stepps: 4", "stepps: extra inputs are not permitted. Valid keys: base, folder, files"),
        ("steps: 0", "steps: input should be greater than 0"),
        ("files: [{path: a, hold_out: -1}]", "hold_out"),
        ("[1, 2]", "expected keys: base"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_recipe_that_cannot_be_meant_is_refused_with_the_key(tmp_path: Path, text: str, said: str):
    (tmp_path / "reader.yaml").write_text(text)
    with pytest.raises(RecipeError) as raised:
        load_reader_training(tmp_path / "reader.yaml")
    assert said in str(raised.value)


def _key(question: str, context: str, tokenizer) -> tuple[int, ...]:
    asked, text = (tokenizer.encode(one, add_special_tokens=False).ids for one in (question, context))
    return (2, *asked, 3, *text, 3)


def test_a_table_whose_answer_fills_the_window_keeps_only_as_much_of_its_head_as_fits(tokenizer):
    head = "animals of the farm\n| cat | dog | fox |\n"
    rows = [f"| {' '.join(['red'] * 10)} |", f"| {' '.join(['blue'] * 30)} |"]
    context = head + "\n".join(rows)
    start = context.index("blue")
    row = Row(id="1", question="cat ?", context=context, answers=((start, context.rindex("blue") + 4),))
    windows = [draw_window(row, tokenizer, 36, random.Random(seed)) for seed in range(20)]
    assert {len(window.ids) for window in windows if window} == {36}
