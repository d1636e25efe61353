"""Blocks of a page in, the same with words as PDFium has them where liteparse left out letters or misplaced a stop.

liteparse drops letters that others overlap, as printed fractions do (⁄4 for 1⁄4), and writes figures in the order in
which they were drawn ("1200." where a stop was put between later). PDFium's word is taken where it has all letters of
the word in its place and more, or the same in the order of their places. Where both differ otherwise, a remark says so.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from scoville.read.pdf.ink import Ink, Row
from scoville.read.pdf.lines import Word, union
from scoville.read.pdf.page import Block, block_of
from scoville.read.pdf.runs import letters

_SHARED = 0.5  # of the narrower word's width
_SPACE = 0.5  # of the height
_TORN = 0.12  # of the height
_PART = 0.8  # of its width
_LEAST_DOUBTS = 3
PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻\N{MINUS SIGN}\N{EN DASH}", "0123456789---")


class _Change(NamedTuple):
    row: Row
    first: int
    end: int
    word: Word


def mend_words(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Write words as PDFium has them, where those are better."""
    changed: dict[int, list[tuple[str, Word]]] = {}
    doubts: list[tuple[str, str]] = []
    upright = [row for row in ink.rows if not row.turned]
    for run in ink.runs:
        if not run.words:
            continue
        _, top, _, bottom = run.box
        near = [row for row in upright if row.box.y0 < bottom and row.box.y1 > top]
        rows = [row for row in near if row.box.on_one_line(run.box)]
        for word in run.words:
            change = _change(word, rows)
            if change is None:
                continue
            parts = change.row.words[change.first : change.end]
            old = "".join(one.text for one in parts)
            shown = " ".join(one.text for one in parts)
            if word.text == shown or (word.text == old and not _is_torn(parts)):
                continue
            if _is_better(word.text, old):
                change.row.words[change.first : change.end] = [change.word]
                changed.setdefault(id(change.row), []).append((shown, change.word))
                for row in rows:
                    if row is not change.row:
                        changed.setdefault(id(row), []).extend(_taken_out(row, change.word))
            elif any(map(str.isdigit, word.text)) and not _has_all(letters(old), letters(word.text)):
                doubts.append((old, word.text))
    if changed:
        old, new = next(iter(changed.values()))[0]
        number = sum(map(len, changed.values()))
        instead = f" for {old!r}" if old else ""
        ink.remarks.append(f"{number} words are as PDFium reads them, such as {new.text!r}{instead}")
    if len(doubts) >= _LEAST_DOUBTS:
        old, new = doubts[0]
        ink.remarks.append(f"figures are printed over each other and may be wrong: {old!r} or {new!r}")
    ink.rows = [row for row in ink.rows if row.words]
    return [made for block in blocks if (made := _remade(block, changed))] if changed else list(blocks)


def _is_torn(parts: Sequence[Word]) -> bool:
    """Say whether the parts of a word stand closer to each other than words do."""
    return len(parts) > 1 and all(
        right.box.x0 - left.box.x1 < _TORN * max(left.box.height, right.box.height) for left, right in pairwise(parts)
    )


def _taken_out(row: Row, word: Word) -> list[tuple[str, Word]]:
    """Take the words out of a row that are parts of a word of another row, in its place."""
    parts = [
        one for one in row.words if one.box.shared_x(word.box) > _PART * one.box.width and _has_all(word.text, one.text)
    ]
    row.words[:] = [one for one in row.words if one not in parts]
    return [(one.text, Word("", one.box)) for one in parts]


def _change(word: Word, rows: Sequence[Row]) -> _Change | None:
    """Find the words in a word's place, or where it would stand between those of its line or close before them."""
    for row in rows:
        inside = [
            number
            for number, one in enumerate(row.words)
            if one.box.shared_x(word.box) > _SHARED * min(one.box.width, word.box.width)
        ]
        if inside:
            first, end = inside[0], inside[-1] + 1
            box = union([word.box, *(one.box for one in row.words[first:end])])
            return _Change(row, first, end, Word(word.text, box._replace(y0=row.box.y0, y1=row.box.y1)))
    for row in rows if any(map(str.isalnum, word.text)) else ():
        place = _gap(word, row)
        if place is not None:
            return _Change(row, place, place, Word(word.text, word.box._replace(y0=row.box.y0, y1=row.box.y1)))
    return None


def _gap(word: Word, row: Row) -> int | None:
    """Give where among the words of a row there is room for one, or that it stands right before them."""
    if row.words and 0 <= row.words[0].box.x0 - word.box.x1 < _SPACE * row.box.height:
        return 0
    pairs = enumerate(pairwise(row.words), 1)
    return next((number for number, (left, right) in pairs if left.box.x1 <= word.box.x <= right.box.x0), None)


def _has_all(text: str, part: str) -> bool:
    """Say whether a text has the letters of a part in their order, and perhaps others between."""
    rest = iter(text)
    return all(letter in rest for letter in part)


def _is_better(new: str, old: str) -> bool:
    return _has_all(new, old) or _is_put_right(new, old) or _is_raised(new, old)


def _is_put_right(new: str, old: str) -> bool:
    """Say whether a figure has its stop between its digits, not behind them as it was drawn."""
    return sorted(new) == sorted(old) and new[-1].isdigit() and any(stop in new for stop in ".,")


def _is_raised(new: str, old: str) -> bool:
    """Say whether a figure differs in that raised digits are written as such."""
    return new.translate(PLAIN) == re.sub("[\N{MINUS SIGN}\N{EN DASH}]", "-", old)


def _remade(block: Block, changed: dict[int, list[tuple[str, Word]]]) -> Block | None:
    """Make a block anew whose words were changed; None where none is left."""
    changes = [change for row in block.ink for change in changed.get(id(row), ())]
    block.ink = [row for row in block.ink if row.words] if changes else block.ink
    if not changes or block.kind == "code" or "\\" in block.text:  # a formula in TeX
        return block
    if not block.ink:
        return None
    if not block.rows:
        made = block_of(block.kind, block.page, block.ink, block.level)
        if block.text.startswith("- ") and made.text[1:2] == " ":  # its bullet
            made.placed.text = "-" + made.text[1:]
        return made
    block.rows = tuple(
        tuple(
            _with(cell, [change for change in changes if box and box.holds(change[1].box.x, change[1].box.y)])
            for cell, box in zip(row, boxes, strict=True)
        )
        for row, boxes in zip(block.rows, block.cell_boxes, strict=True)
    )
    return block


def _with(cell: str, changes: Sequence[tuple[str, Word]]) -> str:
    for old, new in changes:
        spaced = r"\s*".join(map(re.escape, old.replace(" ", "")))
        cell = re.sub(rf"(?<![\w.,]){spaced}(?![\w.,])", lambda _, new=new: new.text, cell, count=1) if old else cell
    return " ".join(cell.split())
