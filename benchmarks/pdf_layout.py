"""Write what Scoville and liteparse alone read of PDF pages as Markdown, for peers/pdf_scores.py to score.

    python benchmarks/pdf_layout.py --pdfs ODL/pdfs --out FOLDER [--ocr] [--steps]
    peers/python benchmarks/peers/pdf_scores.py --truth ODL/ground-truth/markdown --made FOLDER/liteparse FOLDER/*

``liteparse`` is its own Markdown, ``liteparse-html`` the same with tables written as Scoville writes them, so that
what the form of a table alone earns can be seen. ``scoville-furniture`` keeps page headers and footers. ``--ocr`` adds
both with OCR; ``--steps`` adds Scoville with its first n steps only. Speed is that of one process, by its CPU time.
"""

import argparse
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from markdown_export import to_markdown

from scoville.errors import ReadFailure
from scoville.read import read_document
from scoville.read.assemble import ParsedFile, Piece, assemble
from scoville.read.pdf import layout as pdf_layout
from scoville.read.pdf.flow import pieces_of
from scoville.read.pdf.witness import witness
from scoville.recipe import Read
from scoville.types import Document

PIPES = re.compile(r"(?:^\|.*\|[ ]*\n)+", re.MULTILINE)
RULE = re.compile(r":?-+:?")
Engine = Callable[[Path], str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pdfs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ocr", action="store_true")
    parser.add_argument("--steps", action="store_true")
    parser.add_argument("--tessdata", help="folder of eng.traineddata, for liteparse's OCR")
    given = parser.parse_args()
    files = sorted(given.pdfs.glob("*.pdf"))
    engines: dict[str, Engine] = {
        "liteparse": liteparse,
        "liteparse-html": lambda path: PIPES.sub(lambda found: as_html(found[0]), liteparse(path)),
        "scoville": lambda path: to_markdown(staged(path)),
        "scoville-furniture": lambda path: to_markdown(staged(path), furniture=True),
    }
    if given.ocr:
        engines["liteparse-ocr"] = lambda path: liteparse(path, given.tessdata)
        engines["scoville-ocr"] = through_the_door
    if given.steps:
        for count in range(len(pdf_layout.STEPS) + 1):
            name = pdf_layout.STEPS[count - 1].__name__ if count else "none"
            engines[f"steps-{count}-{name}"] = lambda path, count=count: to_markdown(staged(path, count, lost=False))
    for name, engine in engines.items():
        run(name, engine, files, given.out / name)


def run(name: str, engine: Engine, files: Sequence[Path], out: Path) -> None:
    """Write one engine's Markdown and say how fast it was."""
    out.mkdir(parents=True, exist_ok=True)
    started = time.process_time()
    for path in files:
        try:
            (out / f"{path.stem}.md").write_text(engine(path), encoding="utf-8")
        except ReadFailure as failure:
            print(f"{name}: {path.name}: {failure}")
    print(f"{name}: {len(files) / (time.process_time() - started):.1f} pages per second of this process's CPU time")


def liteparse(path: Path, tessdata: str | None = None) -> str:
    """Give liteparse's own Markdown, with OCR where language data is given."""
    from liteparse.parser import LiteParse

    ocr = {"tessdata_path": tessdata} if tessdata else {}
    parser = LiteParse(ocr_enabled=bool(tessdata), quiet=True, output_format="markdown", **ocr)
    return parser.parse(path.read_bytes()).text


def as_html(table: str) -> str:
    """Write a pipe table as Scoville writes tables."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines()]
    body = [tuple(cell.replace("\\", "") for cell in row) for row in rows if not all(map(RULE.fullmatch, row))]
    while body and not any(body[0]):  # liteparse writes an empty header where it found none
        del body[0]
    return to_markdown(_document((Piece(kind="table", rows=tuple(body), header_rows=1),), "table")) if body else table


def staged(path: Path, steps: int | None = None, *, lost: bool = True) -> Document:
    """Read a PDF in this process, as the children do, with the first steps only where a number is given."""
    from liteparse.parser import LiteParse

    every = pdf_layout.STEPS
    parsed = LiteParse(**pdf_layout.PARSER_OPTIONS).parse(str(path)).pages
    witnessed = witness(str(path), None, parsed)
    try:
        pdf_layout.STEPS = every[:steps]
        pages = [
            pdf_layout.lay_out(page if lost else before, [one.box for one in hidden], runs)
            for before, (page, runs, hidden) in zip(parsed, witnessed, strict=True)
        ]
    finally:
        pdf_layout.STEPS = every
    return _document(tuple(pieces_of(pages)), path.stem)


def _document(pieces: Sequence[Piece], name: str) -> Document:
    draft = ParsedFile(media_type="application/pdf", pieces=pieces)
    return assemble(draft, id="id", source=name, name=name, max_characters=10**8)


def through_the_door(path: Path) -> str:
    """Read a PDF as ``add`` does, with OCR where a page needs it."""
    return to_markdown(read_document(path, source=path.name, settings=Read()))


if __name__ == "__main__":
    main()
