"""Blocks of a page in, the same with columns apart that were read across: a line of the left one, a line of the right.

Running text is drawn from top to bottom, so two lines that a file draws one after the other and one below the other
belong to one column (runs). Where the blocks have lines of another column between them, these blocks are made anew,
column after column in the order of the file. That order decides only there: elsewhere geometry is right more often.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby, pairwise
from statistics import fmean, median

from scoville.read.pdf.headings import join_paragraphs, stands_out, stands_out_or_differs
from scoville.read.pdf.ink import Ink, Row, Style, style_of
from scoville.read.pdf.lines import Rectangle, Word, union
from scoville.read.pdf.order import reading_order
from scoville.read.pdf.page import Block, block_of
from scoville.read.pdf.right_to_left import is_right_to_left
from scoville.read.pdf.runs import Run

_BELOW = 2.5  # times the height: the next line of a column begins no lower
_LEAST_LINES = 3
_LEAST_LETTERS = 12
"""On average in the lines of a column; table cells and labels have fewer."""
_TABLE_LINES, _TABLE_LETTERS, _TABLE_SHARE = 8, 20, 0.7
"""A table with so many long lines, of so many of its letters, may be running text."""
_SEAM = 6  # letters at a line's end and at the next one's beginning
_TORN = 0.5
_DIGITS = 0.2
_OTHERS = 3  # letters
_WIDE_LETTERS = "\u1100"  # and what follows: letters of East Asia count twice
_GAP, _WIDER, _WIDEST = 1.5, 2.0, 4.0
"""Times the height, and times the usual gap: PDFium reads on across a wider one where both sides are on one line."""
_APART = 3.0  # times the height: what stands closer beside a line may be its bullet
_WIDE = 1.35  # times the usual distance of lines: a paragraph begins below a wider one
_INDENT = 0.7  # of the size
_SHORT = 0.85  # of the column's width
_LARGER = 1.15
_HEADING_LINES = 3
_BULLET = re.compile(r"[•▪●◦‣∙·–*-]|\(?(?:\d{1,2}|[a-z])[.)]")
_LEADERS = re.compile(r"([.·…_-])\1{2,}")
_ENDED = re.compile(r"[.!?:。][\"'”’)\]\d]*$")


_Part = tuple[float, int, int, Row]
"""A row, or a part of one: its left edge, its place, the number of its block."""


@dataclass(slots=True, eq=False)
class _Line:
    """What of a printed line stands in one column."""

    run: int
    rows: list[Row]
    blocks: list[int]
    place: int
    """Where its first row stands in the blocks."""
    column: int = 0
    box: Rectangle = field(init=False)
    letters: int = field(init=False)

    def __post_init__(self) -> None:
        self.box = union(row.box for row in self.rows)
        text = _LEADERS.sub("", "".join(word.text for row in self.rows for word in row.words))
        self.letters = len(text) + (not text.isascii() and sum(letter >= _WIDE_LETTERS for letter in text))

    @property
    def text(self) -> str:
        return " ".join(row.text for row in self.rows)


def part_columns(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Make those blocks anew that read across columns."""
    if not ink.runs or is_right_to_left("".join(run.text for run in ink.runs)):
        return list(blocks)
    lines = _lines(blocks, ink.runs)
    prose = _number_columns(lines)
    tables = {
        number
        for number, block in enumerate(blocks)
        if block.rows and (block.drawn or not _is_prose(block, number, lines, prose, ink.rules))
    }
    parted: list[Block] = []
    done = 0
    torn = _spans(_torn(lines, prose, blocks, tables))
    shared = [(line.blocks[0], line.blocks[-1]) for line in lines if len(line.blocks) > 1]
    torn += [pair for pair in shared if any(pair[0] <= last and first <= pair[1] for first, last in torn)]
    for first, last in _spans(_whole_columns(first, last, lines, prose, tables) for first, last in _spans(torn)):
        parted += blocks[done:first]
        inside = [line for line in lines if any(first <= block <= last for block in line.blocks)]
        above = [parted.pop()] if parted else []
        parted += join_paragraphs([*above, *_by_column(blocks, inside, tables, ink)])
        done = last + 1
    if done:
        ink.remarks.append("columns were read in the order in which the file draws them, not in that of their lines")
    return [*parted, *blocks[done:]]


def _lines(blocks: Sequence[Block], runs: Sequence[Run]) -> list[_Line]:
    """Give the lines of all blocks in the order of the file."""
    by_height = sorted((run.box.y, number) for number, run in enumerate(runs))
    parts: defaultdict[int, list[_Part]] = defaultdict(list)
    place = 0
    last = 0
    for number, block in enumerate(blocks):
        for row in block.ink:
            for part, run in _cut(row, runs, by_height):
                last = run if run is not None else last
                parts[last].append((part.box.x0, place, number, part))
                place += 1
    return [
        _line(run, group) for run in sorted(parts) for group in _apart(sorted(parts[run], key=lambda part: part[0]))
    ]


def _apart(parts: Sequence[_Part]) -> list[list[_Part]]:
    """Cut a printed line at gaps that are wide, and wider than the others, which are all wide in justified text."""
    if len(parts) == 1:
        return [list(parts)]
    words = [word.box for part in parts for word in part[3].words]
    gaps = [right.x0 - left.x1 for left, right in pairwise(words)]
    height = words[0].height
    widest = min(max(_GAP * height, _WIDER * median(gaps) if len(gaps) > 1 else 0.0), _WIDEST * height)
    groups: list[list[_Part]] = []
    for part in parts:
        if groups and part[0] - groups[-1][-1][3].box.x1 <= widest:
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


def _line(run: int, parts: Sequence[_Part]) -> _Line:
    return _Line(run, [part[3] for part in parts], sorted({part[2] for part in parts}), min(part[1] for part in parts))


def _cut(row: Row, runs: Sequence[Run], by_height: Sequence[tuple[float, int]]) -> list[tuple[Row, int | None]]:
    """Give a row with the number of the run that it is in; cut where it goes on in another column."""
    reach = 0.5 * row.box.height
    start = bisect_left(by_height, (row.box.y - reach, 0))
    near: list[int] = []
    for y, number in by_height[start:]:
        if y > row.box.y + reach:
            break
        if runs[number].box.shared_x(row.box) > 0:
            near.append(number)
    if len(near) < 2 or row.turned:
        return [(row, near[0] if near else None)]
    owners = [_owner(word, near, runs) for word in row.words]
    cut: list[tuple[Row, int | None]] = []
    words: list[Word] = []
    for number, word in enumerate(row.words):
        words.append(word)
        if number + 1 == len(row.words) or owners[number + 1] != owners[number]:
            whole = len(words) == len(row.words)
            part = row if whole else Row(union(one.box for one in words), words, row.style)
            cut.append((part, owners[number]))
            words = []
    return cut


def _owner(word: Word, near: Sequence[int], runs: Sequence[Run]) -> int:
    def distance(number: int) -> tuple[float, float]:
        box = runs[number].box
        return (max(box.x0 - word.box.x, word.box.x - box.x1, 0), abs(box.y - word.box.y))

    return min(near, key=distance)


def _number_columns(lines: Sequence[_Line]) -> set[int]:
    """Number the columns, and give those of running text."""
    columns: list[list[_Line]] = []
    above: _Line | None = None
    for line in lines:
        if above and _goes_on(above, line):
            columns[-1].append(line)
        else:
            columns.append([line])
        line.column = len(columns)
        above = line
    return {
        column[0].column
        for column in columns
        if len(column) >= _LEAST_LINES and fmean(line.letters for line in column) >= _LEAST_LETTERS
    }


def _goes_on(above: _Line, below: _Line) -> bool:
    height = max(above.box.height, below.box.height)
    step = below.box.y - above.box.y
    narrower = min(above.box.width, below.box.width)
    return 0.3 * height < step < _BELOW * height and above.box.shared_x(below.box) > 0.5 * narrower


def _torn(
    lines: Sequence[_Line], prose: set[int], blocks: Sequence[Block], tables: set[int]
) -> Iterator[tuple[int, int]]:
    """Give the first and the last block between the lines of a column that lines of another one part."""
    for number, block in enumerate(blocks):
        if (block.rows and number not in tables) or not _has_its_own(block):
            yield number, number
    free = [line for line in lines if not tables.intersection(line.blocks)]
    ordered = sorted(free, key=lambda line: line.place)
    places = {id(line): number for number, line in enumerate(ordered)}
    for above, below in pairwise(free):
        if above.column != below.column or above.column not in prose:
            continue
        if below.blocks[-1] < above.blocks[0]:
            yield below.blocks[0], above.blocks[-1]
        first, last = sorted((places[id(above)], places[id(below)]))
        strangers = [line for line in ordered[first + 1 : last] if _is_beside(line, above, below, prose)]
        if strangers:
            numbers = [number for line in (above, below, *strangers) for number in line.blocks]
            yield min(numbers), max(numbers)


def _is_beside(line: _Line, above: _Line, below: _Line, prose: set[int]) -> bool:
    both = union((above.box, below.box))
    if line.column == above.column or line.box.shared_y(both) < 0.3 * line.box.height:
        return False
    gap = -line.box.shared_x(both)
    return gap > (0 if line.column in prose else _APART * line.box.height)


def _is_prose(block: Block, number: int, lines: Sequence[_Line], prose: set[int], rules: Sequence[Rectangle]) -> bool:
    """Say whether a table is running text: columns side by side, or one that cells cut or that is nearly all of it."""
    inside = [line for line in lines if number in line.blocks]
    if not inside or _within_column(inside, lines, rules):
        return bool(inside)
    columns = [
        column
        for key in {line.column for line in inside} & prose
        if len(column := [line for line in inside if line.column == key]) >= _TABLE_LINES
        and fmean(line.letters for line in column) >= _TABLE_LETTERS
        and not any(_ruled(above, below, rules) for above, below in pairwise(column))
    ]
    letters = sum(line.letters for line in inside if line.column in prose)
    if not columns or letters < _TABLE_SHARE * sum(line.letters for line in inside):
        return False
    cells = [_packed(cell) for row in block.rows for cell in row]
    seams = [
        _packed(above.text)[-_SEAM:] + _packed(below.text)[:_SEAM]
        for column in columns
        for above, below in pairwise(column)
    ]
    torn = sum(not any(seam in cell for cell in cells) for seam in seams)
    most = max(map(len, cells)) > _TABLE_SHARE * sum(map(len, cells))
    return _side_by_side(columns) or most or torn > _TORN * len(seams)


def _side_by_side(columns: Sequence[Sequence[_Line]]) -> bool:
    boxes = [union(line.box for line in column) for column in columns]
    return any(
        left.shared_x(right) <= 0 and left.shared_y(right) > 0.5 * min(left.height, right.height)
        for left, right in combinations(boxes, 2)
    )


def _within_column(inside: Sequence[_Line], lines: Sequence[_Line], rules: Sequence[Rectangle]) -> bool:
    """Say whether rows without wide gaps are the lines of a longer column: words far apart in justified text."""
    columns = {line.column for line in inside}
    column = [line for line in lines if line.column in columns]
    text = "".join(line.text for line in inside)
    return (
        len(columns) == 1
        and len(column) >= len(inside) + _LEAST_LINES
        and fmean(line.letters for line in column) >= _LEAST_LETTERS
        and sum(map(str.isdigit, text)) < _DIGITS * len(text)
        and not any(_ruled(above, below, rules) for above, below in pairwise(column))
    )


def _ruled(above: _Line, below: _Line, rules: Sequence[Rectangle]) -> bool:
    both = union((above.box, below.box))
    return any(above.box.y < rule.y < below.box.y and rule.shared_x(both) > 0.5 * both.width for rule in rules)


def _packed(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _spans(torn: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for first, last in sorted(torn):
        if spans and first <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
        else:
            spans.append((first, last))
    return spans


def _whole_columns(first: int, last: int, lines: Sequence[_Line], prose: set[int], tables: set[int]) -> tuple[int, int]:
    """Widen a span by the next blocks that belong to its columns."""
    of_block: defaultdict[int, set[int]] = defaultdict(set)
    for line in lines:
        for number in line.blocks:
            of_block[number].add(line.column)
    columns = prose.intersection(*[set().union(*(of_block[number] for number in range(first, last + 1)))])
    while first - 1 not in tables and of_block[first - 1] & columns:
        first -= 1
    while last + 1 not in tables and of_block[last + 1] & columns:
        last += 1
    return first, last


def _by_column(blocks: Sequence[Block], lines: Sequence[_Line], tables: set[int], ink: Ink) -> Iterator[Block]:
    """Give the blocks of some lines, column after column; running text is made anew."""
    body = ink.body() or style_of(lines[0].rows)
    of_block: defaultdict[int, set[int]] = defaultdict(set)
    for line in lines:
        for number in line.blocks:
            of_block[number].add(line.column)
    stay = {
        number: min(columns)
        for number, columns in of_block.items()
        if number in tables or (len(columns) == 1 and _stays(blocks[number], body))
    }
    columns: defaultdict[int, list[tuple[_Line, int | None]]] = defaultdict(list)
    for line in lines:
        whole = next((number for number in line.blocks if number in stay), None)
        columns[line.column if whole is None else stay[whole]].append((line, whole))
    given: set[int] = set()
    parts = list(columns.values())
    places = [union(line.box for line, _ in part) for part in parts]
    for number in reading_order(places, [part[0][0].run for part in parts]):
        for whole, group in groupby(parts[number], key=lambda found: found[1]):
            if whole is None:
                yield from _made([line for line, _ in group], ink.number, body)
            elif whole not in given:
                given.add(whole)
                yield blocks[whole]


def _stays(block: Block, body: Style) -> bool:
    if block.kind == "heading":
        return _has_its_own(block) and all(stands_out_or_differs(row.style, body) for row in block.ink)
    return block.kind not in {"paragraph", "table"}


def _has_its_own(block: Block) -> bool:
    """Say whether a block says what its rows say: liteparse gives some the text of other blocks as well."""
    if block.kind not in {"heading", "paragraph"} or not block.ink or "\\" in block.text:  # a formula in TeX is longer
        return True
    return len(_packed(block.text)) - len(_packed("".join(row.text for row in block.ink))) <= _OTHERS


def _made(lines: Sequence[_Line], page: int, body: Style) -> Iterator[Block]:
    """Make paragraphs and headings of lines below each other."""
    left = min(line.box.x0 for line in lines)
    right = max(line.box.x1 for line in lines)
    steps = [below.box.y - above.box.y for above, below in pairwise(lines)]
    pitch = median(steps) if steps else 0.0
    group: list[_Line] = []
    for line in lines:
        if group and _begins(group[-1], line, body, (left, right), pitch):
            yield _block(group, page, body)
            group = []
        group.append(line)
    yield _block(group, page, body)


def _begins(above: _Line, line: _Line, body: Style, sides: tuple[float, float], pitch: float) -> bool:
    """Say whether a line begins a paragraph or a heading."""
    style, last = style_of(line.rows), style_of(above.rows)
    if stands_out(style, body) != stands_out(last, body) or not 1 / _LARGER < style.size / last.size < _LARGER:
        return True
    left, right = sides
    if line.box.y - above.box.y > _WIDE * pitch or _BULLET.fullmatch(line.text.split()[0]):
        return True
    if line.box.x0 - left > _INDENT * style.size >= above.box.x0 - left:
        return not line.text[:1].islower()
    return above.box.x1 < left + _SHORT * (right - left) and bool(_ENDED.search(above.text))


def _block(lines: Sequence[_Line], page: int, body: Style) -> Block:
    rows = [row for line in lines for row in line.rows]
    text = " ".join(line.text for line in lines)
    if stands_out(style_of(rows), body) and len(lines) <= _HEADING_LINES and not _ENDED.search(text):
        return block_of("heading", page, rows, level=2)
    return block_of("list_item" if _BULLET.fullmatch(text.split()[0]) else "paragraph", page, rows)
