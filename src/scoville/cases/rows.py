"""Files of rows: JSON lines, a JSON array, CSV → values with the number of their line.

Enters: a path. Leaves: rows as they were written. A file that is not what it seems is refused with the line and the
reason, never half read. Knows nothing of cases.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from scoville.errors import UsageError
from scoville.read.decode import MARKS

FORM = 'expected JSON, of cases a line for each, such as {"question": "...", "expected": ["..."]}'

_DELIMITERS = ",;\t"
_QUOTED = re.compile(r'"[^"]*("|$)')
_LONGEST_CELL = 1 << 26


class Row(NamedTuple):
    """What stands on a line."""

    line: int
    """From 1; for a JSON array the number of the element."""
    value: Any


def text_of(path: Path) -> str:
    """Read a text: UTF-8, a byte order mark, or Windows-1252 where no line of the file is UTF-8 beyond ASCII.

    Raises UsageError, with the first line that is wrong, when the encoding is none of these or the file mixes two.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}; expected a file that can be read") from None
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _decode(path, data[len(mark) :], encoding)
    if b"\0" in data:
        raise UsageError(f"{path}: holds NUL bytes, so it is binary or UTF-16 without a mark; save it as UTF-8")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _decode_mixed(path, data)


def json_rows(path: Path) -> Iterator[Row]:
    """Give the values of JSON lines, or the elements of a JSON array; empty lines are passed over."""
    text = text_of(path)
    if text.lstrip()[:1] == "[":
        for number, value in enumerate(parse_json(path, text), start=1):
            yield Row(number, value)
        return
    for number, line in enumerate(text.split("\n"), start=1):  # not splitlines: U+2028 may stand in a text
        if line.strip():
            yield Row(number, parse_json(path, line, number))


def parse_json(path: Path, text: str, line: int | None = None) -> Any:
    """Parse JSON; UsageError names the line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        at = f"line {line if line is not None else error.lineno}"
        raise UsageError(f"{path}: {at} is no JSON: {error.msg} at column {error.colno}; {FORM}") from None
    except (ValueError, RecursionError) as error:  # a number of too many digits, too deep a nesting
        raise UsageError(f"{path}: line {line or 1} cannot be read as JSON: {error}") from None


def csv_rows(path: Path) -> Iterator[Row]:
    """Give the rows of a CSV file as lists of cells; the delimiter is found in the first line. Empty rows are left out.

    Raises UsageError for a quote that is never closed and the like.
    """
    text = text_of(path)
    bare = _QUOTED.sub("", text.partition("\n")[0])
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(_DELIMITERS, key=bare.count)
    previous = csv.field_size_limit(_LONGEST_CELL)
    line = 1
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Row(line, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{path}: the row that begins on line {line} is broken: {error}") from None
    finally:
        csv.field_size_limit(previous)


def table_rows(path: Path) -> Iterator[Row]:
    """Give the rows of a CSV file with a header as mappings without the empty cells; every row must fit the header."""
    rows = csv_rows(path)
    header = [name.strip() for name in next(rows, Row(1, [])).value]
    twice = {name for name in header if header.count(name) > 1}
    if twice:
        raise UsageError(f"{path}: the header names {', '.join(sorted(twice))!r} twice")
    for line, cells in rows:
        if len(cells) != len(header):
            raise UsageError(
                f"{path}: line {line} has {len(cells)} cells and the header {len(header)}; is a quote missing?"
            )
        yield Row(line, {name: cell for name, cell in zip(header, cells, strict=True) if cell.strip()})


def rows_of(path: Path) -> Iterator[Row]:
    """Give the rows of a file by its ending: CSV and TSV with a header, else JSON."""
    return table_rows(path) if is_table(path) else json_rows(path)


def is_table(path: Path) -> bool:
    """Say whether a file is CSV or TSV, by its name."""
    return path.suffix.lower() in {".csv", ".tsv"}


def _decode(path: Path, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, "replace").count("\n") + 1
        raise UsageError(f"{path}: line {line} is no {encoding.upper()} ({error.reason}); save it as UTF-8") from None


def _decode_mixed(path: Path, data: bytes) -> str:
    """Read a file that is no UTF-8 as Windows-1252, which Excel writes, unless some of its lines are UTF-8."""
    utf8, wrong = 0, 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.isascii():
            continue
        try:
            line.decode()
            utf8 = utf8 or number
        except UnicodeDecodeError:
            wrong = wrong or number
    if utf8:
        raise UsageError(
            f"{path}: line {wrong} is no UTF-8 while line {utf8} is: the file mixes encodings; save it as UTF-8"
        )
    return _decode(path, data, "cp1252")
