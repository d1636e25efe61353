"""What a reader is trained on: files of questions, how often each is seen, and what of them is held out.

Enters: files as a recipe names them, and rows at hand. Leaves: batches of windows, the same for the same seed, without
an end. Knows no network.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from scoville.extract.windows import Window
from scoville.recipe.reader import ReaderTraining, ReadingFile
from scoville.train.reader.draw import draw_window
from scoville.train.reader.negatives import without_answer
from scoville.train.reader.rows import Row, RowError, read_questions
from scoville.train.reader.tables import ask_cell, in_markdown

if TYPE_CHECKING:
    from tokenizers import Tokenizer

ROUNDS = 40
"""A file is dealt out in so many rounds, a like part of it in each: all kinds are seen all along."""
LEAST_ROWS = 8
"""A reader learns nothing from fewer."""
HELD_OUT_SEED = 1
CHECKED_CHARACTERS = 60
MISSING_CELLS = 0.25
Form = Literal["text", "markdown", "cells"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Rows of one origin."""

    name: str
    rows: Sequence[Row]
    times: float = 1.0
    held_out: Sequence[Row] = ()
    """Of other texts than ``rows``, as they are shown."""
    form: Form = "text"
    licence: str = ""


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """All that is trained on and measured with."""

    parts: tuple[Part, ...]
    pool: Sequence[Row]
    """Where names and numbers of made unanswerable questions come from."""

    @property
    def held_out(self) -> list[Row]:
        """All rows that are measured with."""
        return [row for part in self.parts for row in part.held_out]

    @property
    def digest(self) -> str:
        """A hash of every row and how often it is seen."""
        found = hashlib.sha256()
        for part in self.parts:
            found.update(f"{part.name} {part.times} {part.form}\n".encode())
            for row in (*part.rows, *part.held_out):
                found.update(repr((row.question, row.context, row.answers)).encode("utf-8", "surrogatepass"))
        return found.hexdigest()


def read_part(file: ReadingFile, folder: Path) -> Part:
    """Read a file and hold out what its recipe says; RowError where it cannot be used."""
    rows = read_questions(folder / file.path)
    away = _held_out(rows, file.hold_out)
    rng = random.Random(HELD_OUT_SEED)
    held = (_shown(row, file.form, rng) for row in rows if row.context in away)
    return Part(
        name=file.path if file.form == "text" else f"{file.path} ({file.form})",
        rows=[row for row in rows if row.context not in away],
        times=file.times,
        held_out=[row for row in held if row],
        form=file.form,
        licence=file.licence,
    )


def mix(parts: Sequence[Part]) -> Mixture:
    """Put parts together, without the texts that are held out; RowError where too little is left to learn from."""
    held = {row.context for part in parts for row in part.held_out}
    pool = [row for part in parts for row in part.rows]
    kept = tuple(replace(part, rows=[row for row in part.rows if row.context not in held]) for part in parts)
    kept = tuple(part for part in kept if part.rows or part.held_out)
    count = sum(bool(row.answers) for part in kept for row in part.rows)
    if count < LEAST_ROWS:
        raise RowError(
            f"{count} questions with an answer to learn from; expected at least {LEAST_ROWS}. Give more rows, or hold "
            "out less"
        )
    return Mixture(parts=kept, pool=pool)


def batches(mixture: Mixture, tokenizer: "Tokenizer", training: ReaderTraining) -> Iterator[list[Window]]:
    """Give batches of windows without an end, texts of like length together, the same ones for the same seed."""
    rng = random.Random(training.seed)
    for rows in _deal(mixture.parts, rng):
        windows = [window for row in rows if (window := _window(row, mixture.pool, tokenizer, training, rng))]
        if not windows:
            raise RowError(f"no answer of {len(rows)} rows fits a window of {training.longest} tokens; raise `longest`")
        windows.sort(key=lambda window: (len(window.ids), rng.random()))
        packed = list(_pack(windows, training.batch_tokens))
        rng.shuffle(packed)
        yield from packed


def steps_of(mixture: Mixture, tokenizer: "Tokenizer", training: ReaderTraining) -> int:
    """Say how many batches it takes to see each part as often as it says, from the number in the first round."""
    rng = random.Random(training.seed)
    first = next(_deal(mixture.parts, rng))
    windows = [w for row in first if (w := draw_window(row, tokenizer, training.longest, rng))]
    return max(1, ROUNDS * len(list(_pack(sorted(windows, key=lambda w: len(w.ids)), training.batch_tokens))))


def _held_out(rows: Sequence[Row], rule: tuple[str, ...] | float) -> set[str]:
    """Give the texts that are held out: those of whole titles, or a share of all."""
    if isinstance(rule, tuple):
        titles = set(rule)
        if unknown := titles - {row.title for row in rows}:
            known = ", ".join(sorted({row.title for row in rows})[:20])
            raise RowError(f"hold_out: no question has the title {', '.join(sorted(unknown))}; titles are {known}")
    elif rule >= 1:
        ordered = sorted({row.title for row in rows})
        random.Random(HELD_OUT_SEED).shuffle(ordered)
        titles = set(ordered[: int(rule)])
        if len(titles) == len(ordered):
            raise RowError(f"hold_out: {int(rule)} titles are all of them; hold out fewer, or a share of the texts")
    else:
        every = round(1 / rule) if rule else 0
        texts = {row.context for row in rows} if every else set[str]()
        return {text for text in texts if sum(map(ord, text[:CHECKED_CHARACTERS])) % every == 0}
    return {row.context for row in rows if row.title in titles}


def _deal(parts: Sequence[Part], rng: random.Random) -> Iterator[list[Row]]:
    """Deal out the parts for ever, each shuffled anew when it has been seen whole."""
    waiting: list[list[Row]] = [[] for _ in parts]
    while True:
        dealt: list[Row] = []
        for part, rows in zip(parts, waiting, strict=True):
            if not part.rows:
                continue
            count = max(1, round(len(part.rows) * part.times / ROUNDS))
            while len(rows) < count:
                again = list(part.rows)
                rng.shuffle(again)
                rows += again
            dealt += (shown for row in rows[:count] if (shown := _shown(row, part.form, rng)))
            del rows[:count]
        rng.shuffle(dealt)
        yield dealt


def _shown(row: Row, form: Form, rng: random.Random) -> Row | None:
    if form == "markdown":
        return in_markdown(row)
    return ask_cell(row, rng, missing=rng.random() < MISSING_CELLS) if form == "cells" else row


def _window(
    row: Row, pool: Sequence[Row], tokenizer: "Tokenizer", training: ReaderTraining, rng: random.Random
) -> Window | None:
    if row.answers and rng.random() < training.made_unanswerable:
        row = without_answer(row, pool, rng) or row
    if row.title and rng.random() < training.titled:
        shift = len(row.title) + 1
        answers = tuple((start + shift, end + shift) for start, end in row.answers)
        row = replace(row, context=f"{row.title}\n{row.context}", answers=answers)
    return draw_window(row, tokenizer, training.longest, rng)


def _pack(windows: Sequence[Window], tokens: int) -> Iterator[list[Window]]:
    """Fill batches in the order given, each of at most so many padded tokens."""
    batch: list[Window] = []
    for window in windows:
        if batch and len(window.ids) * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch
