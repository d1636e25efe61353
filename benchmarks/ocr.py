"""How well pages are read as pictures: engines, turned pages, and which pages are sent to OCR.

    python benchmarks/ocr.py FOLDER_OF_DATA [--quick]
    python benchmarks/ocr.py FOLDER_OF_DATA --only layout --out FOLDER
    peers/python benchmarks/peers/pdf_scores.py --truth ODL/ground-truth/markdown --made FOLDER/scan FOLDER/scan-layout

What enters: the public PDFs of ``contoso_hr``, ``pdfbench/odl`` and ``docling_tests``. What leaves: Markdown tables.
Truth is a page's own text layer: the page is rendered, its picture is put into a PDF without text, and both are read
the same way. CER is the edit distance of the two texts in reading order, white space made alike, over the length of
the true one, so layout errors count too; word F1 does not look at order.
"""

import argparse
import io
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pypdfium2
from PIL import Image

from scoville.read import read_document
from scoville.read.ocr.engine import open_engine, read_upright
from scoville.read.ocr.route import find_doubts
from scoville.recipe import Read

DPI = 200
SENTENCE = "Docling bundles PDF document conversion to JSON and Markdown in an easy self contained package"


class Page(NamedTuple):
    """A page with a text layer."""

    name: str
    picture: Image.Image
    text: str


def character_error_rate(truth: str, made: str) -> float:
    """Levenshtein distance over the length of the truth, row by row."""
    true, other = (np.frombuffer(" ".join(text.split()).encode("utf-32-le"), np.uint32) for text in (truth, made))
    steps = np.arange(len(other) + 1)
    row = steps.copy()
    for number, character in enumerate(true, 1):
        best = np.minimum(row[1:] + 1, row[:-1] + (other != character))
        row = np.minimum.accumulate(np.concatenate(([number], best)) - steps) + steps
    return float(row[-1]) / max(len(true), 1)


def word_f1(truth: str, made: str) -> float:
    one, other = (Counter(re.findall(r"\w+", text.casefold())) for text in (truth, made))
    return 2 * (one & other).total() / max(one.total() + other.total(), 1)


def read_bytes(data: bytes, **settings: Any) -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "page.pdf"
        path.write_bytes(data)
        return read_document(path, source="s", settings=Read(**settings)).text


def as_scan(picture: Image.Image) -> bytes:
    """Put a picture on a PDF page, without loss."""
    document = pypdfium2.PdfDocument.new()
    width, height = picture.width * 72 / DPI, picture.height * 72 / DPI
    page = document.new_page(width, height)
    image = pypdfium2.PdfImage.new(document)
    image.set_bitmap(pypdfium2.PdfBitmap.from_pil(picture))
    image.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
    page.insert_obj(image)
    page.gen_content()
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def pages_with_text(data: Path, quick: bool) -> Iterator[Page]:
    picked = [(path, 4) for path in sorted((data / "contoso_hr/data").glob("*.pdf"))]
    odl = sorted((data / "pdfbench/odl/pdfs").glob("*.pdf"))
    picked += [(path, 0) for path in odl[:: len(odl) // 6]]
    for path, number in picked[:: 2 if quick else 1]:
        document = pypdfium2.PdfDocument(path)
        number = min(number, len(document) - 1)
        single = pypdfium2.PdfDocument.new()
        single.import_pages(document, [number])
        stream = io.BytesIO()
        single.save(stream)
        picture = document[number].render(scale=DPI / 72, grayscale=True).to_pil()
        text = read_bytes(stream.getvalue(), ocr="never")
        if len(text) > 500:
            yield Page(f"{path.name} p. {number + 1}", picture, text)


def measure_engines(pages: Sequence[Page]) -> list[str]:
    """Read scans of pages, upright and turned, by the whole pipeline."""
    rows = ["| engine | turned by | pages | CER | word F1 | CPU s/page |", "|---|---|---|---|---|---|"]
    single = ["", "| page | characters | engine | CER by turn | word F1 by turn |", "|---|---|---|---|---|"]
    for engine in ("tesseract", "rapidocr"):
        some = pages if engine == "tesseract" else pages[:3]
        by_page: list[list[tuple[float, float]]] = [[] for _ in some]
        for turn in (0, 90, 180, 270):
            rates: list[float] = []
            shares: list[float] = []
            started = children_seconds()
            for page in some:
                scan = as_scan(page.picture.rotate(-turn, expand=True))
                made = read_bytes(scan, ocr_engine=engine, processes=1)
                rates.append(character_error_rate(page.text, made))
                shares.append(word_f1(page.text, made))
            seconds = (children_seconds() - started) / len(some)
            rows.append(
                f"| {engine} | {turn}° | {len(some)} | {fmean(rates):.3f} | {fmean(shares):.3f} | {seconds:.1f} |"
            )
            print(rows[-1], flush=True)
            for found, rate, share in zip(by_page, rates, shares, strict=True):
                found.append((rate, share))
        for page, found in zip(some, by_page, strict=True):
            cer, f1 = (", ".join(f"{value:.3f}" for value in values) for values in zip(*found, strict=True))
            single.append(f"| {page.name} | {len(page.text):,} | {engine} | {cer} | {f1} |")
    return rows + single


def children_seconds() -> float:
    from scoville.read.sandbox.children import CHILDREN

    ticks = 0
    for process in CHILDREN.processes():
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))  # with the programs that it called
    return ticks / 100


def measure_turns(pages: Sequence[Page]) -> list[str]:
    """Compare ways to find which way up a page is."""
    engine = open_engine("tesseract", ("eng",))

    def by_osd(picture: Image.Image) -> int:
        stream = io.BytesIO()
        picture.save(stream, "PPM")
        command = ["tesseract", "stdin", "stdout", "--psm", "0", "--dpi", str(DPI)]
        told = subprocess.run(command, input=stream.getvalue(), capture_output=True, check=False).stdout.decode()
        found = re.search(r"Orientation in degrees: (\d+)", told)
        return int(found[1]) if found else 0

    ways: dict[str, Callable[[Image.Image], int]] = {
        "reading it, and turning it where that goes badly": lambda picture: read_upright(picture, engine, DPI).turn,
        "Tesseract's OSD": lambda picture: -by_osd(picture) % 360,
    }
    rows = [
        "| way | upright pages right | turned pages right | CPU s, upright | CPU s, turned |",
        "|---|---|---|---|---|",
    ]
    for name, way in ways.items():
        right: dict[bool, list[bool]] = {True: [], False: []}
        spent: dict[bool, list[float]] = {True: [], False: []}
        for page in pages:
            for turn in (0, 90, 180, 270):
                picture = page.picture.rotate(-turn, expand=True)
                started = sum(os.times()[:4])
                right[turn == 0].append((way(picture) + turn) % 360 == 0)
                spent[turn == 0].append(sum(os.times()[:4]) - started)
        rows.append(
            f"| {name} | {sum(right[True])} of {len(right[True])} | {sum(right[False])} of {len(right[False])} "
            f"| {fmean(spent[True]):.2f} | {fmean(spent[False]):.2f} |"
        )
        print(rows[-1], flush=True)
    return rows


def measure_scans(data: Path) -> list[str]:
    """Read the scans whose text is known."""
    rows = ["| file | pages | CER |", "|---|---|---|"]
    folder = data / "docling_tests"
    files = [*sorted((folder / "ocr/sources").glob("ocr_test*.pdf")), *(folder / "webp/sources").glob("*.webp"),
             *(folder / "ocr/sources").glob("nemotron*.pdf")]  # fmt: skip
    for path in files:
        document = read_document(path, source="s", settings=Read())
        truth = "\n\n".join([SENTENCE] * document.pages)
        rows.append(f"| {path.name} | {document.pages} | {character_error_rate(truth, document.text):.3f} |")
        print(rows[-1], flush=True)
    return rows


def measure_routing(data: Path) -> list[str]:
    """Count the pages that are sent to OCR, by the rule and by liteparse's own flag."""
    from liteparse.parser import LiteParse

    rows = ["| corpus | pages | liteparse's `needs_ocr` | whole pages, by our rule | pages with pictures to read |"]
    rows.append("|---|---|---|---|---|")
    for name, pattern in (
        ("pdfbench/odl", "pdfs/*.pdf"),
        ("contoso_hr", "data/*.pdf"),
        ("docling_tests", "pdf/sources/*.pdf"),
    ):
        pages = needed = whole = pictures = 0
        for path in sorted((data / name).glob(pattern)):
            parser = LiteParse(
                ocr_enabled=False, quiet=True, output_format="json", extract_blocks=True, include_complexity=True
            )
            parsed = parser.parse(path).pages
            doubts = find_doubts(str(path), None, parsed)
            pages += len(parsed)
            needed += sum(1 for page in parsed if page.complexity and page.complexity.needs_ocr)
            whole += sum(1 for doubt in doubts if not doubt.boxes)
            pictures += sum(1 for doubt in doubts if doubt.boxes)
        rows.append(f"| {name} | {pages} | {needed} | {whole} | {pictures} |")
        print(rows[-1], flush=True)
    return rows


def measure_scores(data: Path) -> list[str]:
    """Score Markdown of the odl pages with and without OCR; needs the peers' evaluator."""
    from markdown_export import to_markdown
    from peers.pdf_scores import score

    rows = ["| OCR | overall | NID | TEDS | MHS | wall s |", "|---|---|---|---|---|---|"]
    folder = data / "pdfbench/odl"
    for ocr in ("never", "auto"):
        started = time.perf_counter()
        scores: list[Any] = []
        for path in sorted((folder / "pdfs").glob("*.pdf")):
            truth = (folder / "ground-truth/markdown" / f"{path.stem}.md").read_text()
            made = to_markdown(read_document(path, source="s", settings=Read(ocr=ocr)))
            scores.append(score(truth, made))
        means = [fmean(value for each in scores if (value := getattr(each, part)) is not None) for part in
                 ("overall", "nid", "teds", "mhs")]  # fmt: skip
        rows.append(f"| {ocr} | {' | '.join(f'{mean:.3f}' for mean in means)} | {time.perf_counter() - started:.0f} |")
        print(rows[-1], flush=True)
    return rows


def measure_layout(data: Path, out: Path) -> list[str]:
    """Write Markdown of scans of the odl pages, with and without models for their layout."""
    from markdown_export import to_markdown

    rows = ["| read.scan_layout | pages | CPU s/page |", "|---|---|---|"]
    files = sorted((data / "pdfbench/odl/pdfs").glob("*.pdf"))
    scans = {path.stem: as_scan(pypdfium2.PdfDocument(path)[0].render(scale=DPI / 72, grayscale=True).to_pil())
             for path in files}  # fmt: skip
    for name, on in (("scan", False), ("scan-layout", True)):
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        started = children_seconds()
        for stem, scan in scans.items():
            path = folder / f"{stem}.pdf"
            path.write_bytes(scan)
            document = read_document(path, source="s", settings=Read(scan_layout=on, processes=1))
            (folder / f"{stem}.md").write_text(to_markdown(document), encoding="utf-8")
            path.unlink()
        rows.append(f"| {on} | {len(scans)} | {(children_seconds() - started) / len(scans):.1f} |")
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("scans"), help="folder for the Markdown of `layout`")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="routing,scans,turns,engines,scores")
    arguments = parser.parse_args()
    parts: dict[str, Callable[[], list[str]]] = {
        "routing": lambda: measure_routing(arguments.data),
        "scans": lambda: measure_scans(arguments.data),
        "turns": lambda: measure_turns(list(pages_with_text(arguments.data, arguments.quick))),
        "engines": lambda: measure_engines(list(pages_with_text(arguments.data, arguments.quick))),
        "scores": lambda: measure_scores(arguments.data),
        "layout": lambda: measure_layout(arguments.data, arguments.out),
    }
    for name in arguments.only.split(","):
        print(f"\n## {name}\n\n" + "\n".join(parts[name]()), flush=True)


if __name__ == "__main__":
    main()
