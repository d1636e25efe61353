"""CSV text in, one table out: the delimiter, the quotes and whether the first row names the columns are found out."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from scoville.read.assemble import ParsedFile, Piece
from scoville.read.clean import clean
from scoville.read.office.sheet import Sheet, table_pieces
from scoville.read.text.plain import read_text

_DELIMITERS = ",;\t|"
_DECLARED = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_SAMPLE_ROWS = 100
_SAMPLE_CHARACTERS = 100_000
_NUMBER = re.compile(
    r"[-+(]?[^\w\s]?\s?\d[\d.,' ]*(?:[eE][-+]?\d+)?\s?[%)€$£]?|\d{4}-\d\d-\d\d\S*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*"
)


def read_csv(text: str) -> ParsedFile:
    """Read a table; its anchor is its range: ``A1:C9``. A text in which no delimiter makes columns is read as text."""
    text = clean(text)
    declared = _DECLARED.match(text)
    body = text[declared.end() :] if declared else text
    delimiter = declared[1] if declared else _delimiter(body)
    if delimiter is None:
        return read_text(text)
    sheet = Sheet()
    for number, row in enumerate(_rows(body.split("\n"), delimiter)):
        for column, cell in enumerate(row):
            sheet.add(number, column, cell, is_number=bool(_NUMBER.fullmatch(cell.strip())))
    pieces: Sequence[Piece] = table_pieces(sheet)
    return ParsedFile(media_type="text/tab-separated-values" if delimiter == "\t" else "text/csv", pieces=pieces)


def _delimiter(text: str) -> str | None:
    """Choose the delimiter that cuts most rows into the same number of columns, and more than one."""
    sample = text[:_SAMPLE_CHARACTERS]
    lines = sample.split("\n")[: _SAMPLE_ROWS * 10]
    best, best_score = None, 0.0
    for delimiter in _DELIMITERS:
        rows = [row for row, _ in zip(_rows(lines, delimiter), range(_SAMPLE_ROWS), strict=False) if any(row)]
        if len(sample) < len(text) and len(rows) > 1:
            rows.pop()  # cut off
        widths = Counter(len(row) for row in rows)
        width, times = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        score = times / max(len(rows), 1) * min(width, 10) ** 0.5
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    previous = csv.field_size_limit(1 << 30)
    try:
        yield from csv.reader((f"{line}\n" for line in lines), delimiter=delimiter)
    except csv.Error:  # a lone carriage return or NUL was cleaned before; nothing else is known to raise
        return
    finally:
        csv.field_size_limit(previous)
