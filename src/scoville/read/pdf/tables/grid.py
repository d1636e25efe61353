"""A table block in, its geometry out: printed lines, where columns part, which words stand in which cell.

The columns are those that liteparse found; where exactly they part is looked for between them, as the place that
fewest lines run over. Knows no rule about what a table is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from scoville.read.pdf.ink import Row
from scoville.read.pdf.lines import Rectangle, Word, place_rows, union
from scoville.read.pdf.page import Block

_BRIDGED = 0.5  # of the size: a narrower gap is a space between words of one text
_SPACE = 0.35  # of the size: a space between words that are not justified
_APART = 1.0  # of the size: a wider gap parts two texts


@dataclass(slots=True)
class PrintedLine:
    """All words of a table at one height, from left to right."""

    words: list[Word]
    size: float
    bold: bool
    rows: list[Row]

    @property
    def box(self) -> Rectangle:
        """The rectangle around its words."""
        return union(word.box for word in self.words)

    @property
    def middle(self) -> float:
        """Half its height."""
        return self.box.y

    @property
    def text(self) -> str:
        """Its words, with a space between them."""
        return " ".join(word.text for word in self.words)

    def segments(self, places: Sequence[float] = ()) -> list[list[Word]]:
        """Cut it where a gap is wider than any space, or as wide as a space may be and columns part there."""
        parts = [[self.words[0]]]
        for word in self.words[1:]:
            end = parts[-1][-1].box.x1
            gap = word.box.x0 - end
            if gap > _APART * self.size or (gap > _SPACE * self.size and any(end <= x <= word.box.x0 for x in places)):
                parts.append([word])
            else:
                parts[-1].append(word)
        return parts


def printed_lines(rows: Sequence[Row]) -> list[PrintedLine]:
    """Group printed rows into lines, from the top."""
    lines: list[list[Row]] = []
    for row in sorted((row for row in rows if row.words), key=lambda row: row.box.y):
        if lines and lines[-1][0].box.on_one_line(row.box):
            lines[-1].append(row)
        else:
            lines.append([row])
    return [_line(line) for line in lines]


def _line(rows: list[Row]) -> PrintedLine:
    words = sorted((word for row in rows for word in row.words), key=lambda word: word.box.x0)
    size = median(row.style.size for row in rows)
    return PrintedLine(words, size, all(row.style.bold for row in rows), rows)


def separators(block: Block, lines: Sequence[PrintedLine]) -> list[float] | None:
    """Give the x at which each two neighbouring columns of a table part; None where they cannot be told apart."""
    places: list[float] = []
    for column in range(len(block.rows[0]) - 1):
        right, left = _edges(block, column, "x1"), _edges(block, column + 1, "x0")
        starts = _edges(block, column, "x0")
        if not right or not left or not starts:
            return None
        low, high = median(right), median(left)
        if high <= low:  # a column whose texts are as wide as the gap is far
            low = (median(starts) + high) / 2
        if high <= low:
            return None
        places.append(_valley(low, high, lines))
    return places if places == sorted(places) else None


def _edges(block: Block, column: int, side: str) -> list[float]:
    """Give a side of each of a column's cells that stands alone: a merged cell has the box of its neighbour too."""
    edges: list[float] = []
    for row, boxes in zip(block.rows, block.cell_boxes, strict=True):
        if column >= len(row) or not row[column] or not (box := boxes[column]):
            continue
        if sum(other == box for other in boxes) == 1 and box != block.box:
            edges.append(getattr(box, side))
    return edges


def _valley(low: float, high: float, lines: Sequence[PrintedLine]) -> float:
    """Give the middle of the widest place between two x that fewest lines cover."""
    spans = [(word.box.x0, word.box.x1) for line in lines for word in line.words if word.box.x1 > low < high]
    edges = sorted({low, high, *(x for span in spans for x in span if low < x < high)})
    best, place = (1 << 30, 0.0), (low + high) / 2
    for x0, x1 in zip(edges, edges[1:], strict=False):
        middle = (x0 + x1) / 2
        crossed = sum(start < middle < end for start, end in spans)
        if (crossed, x0 - x1) < best:
            best, place = (crossed, x0 - x1), middle
    return place


def bridged(line: PrintedLine, places: Sequence[float]) -> int:
    """Count the places between columns that a line's text runs over as if there were no columns."""
    count = 0
    for x in places:
        before = [word.box.x1 for word in line.words if word.box.x0 < x]
        after = [word.box.x0 for word in line.words if word.box.x1 > x]
        if before and after and min(after) - max(before) < _BRIDGED * line.size:
            count += 1
    return count


def between_uprights(line: PrintedLine, rules: Sequence[Rectangle], box: Rectangle) -> bool:
    """Say whether vertical rulings stand at the height of a line, inside a table."""
    return any(
        rule.upright and rule.y0 <= line.middle <= rule.y1 and box.x0 + 2 < rule.x0 < box.x1 - 2 for rule in rules
    )


def framed(line: PrintedLine, rules: Sequence[Rectangle], box: Rectangle) -> bool:
    """Say whether vertical rulings stand at both ends of a line."""
    uprights = [rule.x0 for rule in rules if rule.upright and rule.y0 <= line.middle <= rule.y1]
    return any(x <= line.box.x0 and x > box.x0 - 20 for x in uprights) and any(
        x >= line.box.x1 and x < box.x1 + 20 for x in uprights
    )


def cells_of(lines: Sequence[PrintedLine], places: Sequence[float]) -> tuple[list[str], list[Rectangle | None]]:
    """Put the words of one table row's lines into the columns."""
    texts: list[str] = []
    boxes: list[Rectangle | None] = []
    edges = [float("-inf"), *places, float("inf")]
    for left, right in zip(edges, edges[1:], strict=False):
        within = [[word for word in line.words if left <= word.box.x < right] for line in lines]
        within = [words for words in within if words]
        texts.append(place_rows(within).text if within else "")
        boxes.append(union(word.box for words in within for word in words) if within else None)
    return texts, boxes
