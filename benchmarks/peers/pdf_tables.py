"""How well tables are found and cut into cells: adjacency relations as in the ICDAR 2013 table competition.

What enters: the competition's folder (PDFs with NAME-str.xml) and engines. What leaves: precision, recall and F1 of
pairs of neighbouring cells (Göbel, Hassan, Oro, Orsi: "A Methodology for Evaluating Algorithms for Table
Understanding in PDF Documents", DocEng 2012): each filled cell with the next filled cell to its right and below it.
Finding the tables counts too: nothing tells an engine where they are. Averaged over documents.
"""

import argparse
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple
from xml.etree import ElementTree

RESAMPLES = 10_000


class Cell(NamedTuple):
    """A cell's text and the rows and columns it takes, first and last, from 0."""

    text: str
    top: int
    bottom: int
    left: int
    right: int


Table = Sequence[Cell]


def of_rows(rows: Sequence[Sequence[str | None]], merged: Sequence[Sequence[int]] = ()) -> Table:
    """Make a table of rows of texts; ``merged`` holds row, column, rows and columns of merged cells."""
    spans = {(row, column): (height, width) for row, column, height, width in merged}
    cells: list[Cell] = []
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            height, width = spans.get((row, column), (1, 1))
            cells.append(Cell(text or "", row, row + height - 1, column, column + width - 1))
    return cells


def truth(path: Path) -> list[Table]:
    """Read the tables of one NAME-str.xml. A table on two pages has a region on each."""
    found: list[Table] = []
    for region in ElementTree.parse(path).getroot().iter("region"):
        cells: list[Cell] = []
        for cell in region.iter("cell"):
            given = cell.attrib
            top, left = int(given["start-row"]), int(given["start-col"])
            bottom, right = int(given.get("end-row", top)), int(given.get("end-col", left))
            cells.append(Cell(cell.findtext("content") or "", top, bottom, left, right))
        found.append(cells)
    return found


def relations(tables: Sequence[Table]) -> Counter[tuple[str, str, str]]:
    """Count the pairs of neighbours of a document: text, neighbour's text, direction."""
    pairs: Counter[tuple[str, str, str]] = Counter()
    for table in tables:
        places: dict[tuple[int, int], Cell] = {}
        filled = [cell._replace(text=packed(cell.text)) for cell in table if packed(cell.text)]
        for cell in filled:
            for row in range(cell.top, cell.bottom + 1):
                for column in range(cell.left, cell.right + 1):
                    places[row, column] = cell
        last_row = max((row for row, _ in places), default=0)
        last_column = max((column for _, column in places), default=0)
        for cell in filled:
            for row in range(cell.top, cell.bottom + 1):
                steps = ((row, column) for column in range(cell.right + 1, last_column + 1))
                _add(pairs, cell, steps, places, "right")
            for column in range(cell.left, cell.right + 1):
                steps = ((row, column) for row in range(cell.bottom + 1, last_row + 1))
                _add(pairs, cell, steps, places, "below")
    return pairs


def _add(pairs: Counter[Any], cell: Cell, steps: Any, places: dict[Any, Cell], direction: str) -> None:
    if near := next((places[step] for step in steps if step in places), None):
        pairs[cell.text, near.text, direction] += 1


def packed(text: str) -> str:
    """Keep letters and figures: engines differ in spaces, dashes and dots."""
    return re.sub(r"[\W_]+", "", text.casefold())


def f1(expected: Counter[Any], found: Counter[Any]) -> tuple[float, float, float]:
    """Give precision, recall and F1 of the relations found."""
    right = (expected & found).total()
    precision = right / found.total() if found else 0.0
    recall = right / expected.total() if expected else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if right else 0.0


def scoville(path: Path) -> list[Table]:
    from scoville.read import read_document
    from scoville.recipe import Read

    document = read_document(path, source=path.name, settings=Read())
    return [of_rows(one.rows, one.merged) for one in document.elements if one.kind == "table"]


def liteparse(path: Path) -> list[Table]:
    from liteparse.parser import LiteParse

    parsed = LiteParse(ocr_enabled=False, quiet=True, output_format="json", extract_blocks=True).parse(str(path))
    return [
        of_rows([[cell.text for cell in row] for row in [block.header or [], *(block.rows or [])]])
        for page in parsed.pages
        for block in page.blocks or ()
        if block.kind == "table"
    ]


def pdfplumber(path: Path) -> list[Table]:
    import pdfplumber as library

    with library.open(path) as document:
        return [of_rows(rows) for page in document.pages for rows in page.extract_tables()]


def tabula(path: Path) -> list[Table]:
    import tabula as library

    found = library.read_pdf(str(path), pages="all", output_format="json", silent=True)
    return [of_rows([[cell["text"] for cell in row] for row in one["data"]]) for one in found]


ENGINES: dict[str, Callable[[Path], list[Table]]] = {
    "scoville": scoville, "liteparse": liteparse, "pdfplumber": pdfplumber, "tabula": tabula,
}  # fmt: skip


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Give the 95 % bootstrap interval of a mean."""
    draw = random.Random(0)
    means = sorted(fmean(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES)]


def main() -> None:
    """Score engines on all documents of the competition; the first is compared with the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=list(ENGINES))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    pairs = ((path, path.with_name(path.name.replace("-str.xml", ".pdf"))) for path in given.data.rglob("*-str.xml"))
    files = sorted((path, pdf) for path, pdf in pairs if pdf.exists())
    scores: dict[str, dict[str, tuple[float, float, float]]] = {}
    lines = [
        "| engine | documents | precision | recall | F1 | s | first minus this, F1, 95 % interval |",
        "|---|" + "--:|" * 6,
    ]
    for engine in given.engines:
        started = time.perf_counter()
        scores[engine] = {}
        for file, pdf in files:
            try:
                found = ENGINES[engine](pdf)
            except Exception as error:
                print(f"{engine}: {pdf.name}: {type(error).__name__}: {error}")
                found = []
            scores[engine][pdf.stem] = f1(relations(truth(file)), relations(found))
        seconds = time.perf_counter() - started
        means = " | ".join(f"{fmean(column):.3f}" for column in zip(*scores[engine].values(), strict=True))
        first = scores[given.engines[0]]
        differences = [first[name][2] - one[2] for name, one in scores[engine].items()]
        low, high = interval(differences)
        versus = f"{fmean(differences):+.3f} [{low:+.3f}, {high:+.3f}]" if engine != given.engines[0] else ""
        lines.append(f"| {engine} | {len(files)} | {means} | {seconds:.1f} | {versus} |")
    print("\n".join(lines))
    if given.out:
        given.out.write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
