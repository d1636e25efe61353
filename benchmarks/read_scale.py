"""How fast and how large reading is: pages a second and memory of the whole process tree, by number of processes.

    python benchmarks/read_scale.py FOLDER_OF_DATA

What enters: ``contoso_hr`` and a PDF of 1,600 pages made of it and of ``pdfbench/odl``. What leaves: a Markdown table.
``0`` processes is the same work without children: what is left of it is what they cost. Memory is the proportional set size (shared pages counted once) of this process and its children, sampled each 50 ms.
OCR is off: benchmarks/ocr.py measures it.
"""

import argparse
import gc
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2

from scoville.read import read_document
from scoville.read.pdf import tasks as pdf_tasks
from scoville.read.pdf.paged import BATCH_PAGES
from scoville.read.sandbox.children import CHILDREN
from scoville.recipe import Read

PAGES = 1_600


def make_large(data: Path, path: Path) -> None:
    """Join real pages to one PDF."""
    sources = [*sorted((data / "contoso_hr/data").glob("*.pdf")), *sorted((data / "pdfbench/odl/pdfs").glob("*.pdf"))]
    large = pypdfium2.PdfDocument.new()
    while len(large) < PAGES:
        for source in sources:
            document = pypdfium2.PdfDocument(source)
            large.import_pages(document, list(range(min(len(document), PAGES - len(large)))))
            document.close()
            if len(large) == PAGES:
                break
    large.save(path)


def memory_megabytes() -> float:
    total = 0.0
    for process in (os.getpid(), *(child.pid for child in CHILDREN.processes())):
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0)
    return total


def cpu_seconds() -> float:
    """Give the processor time of this process and its children."""
    ticks = 0
    for process in (os.getpid(), *(child.pid for child in CHILDREN.processes())):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def read_here(path: Path) -> int:
    """Lay a PDF out in this process."""
    count = pdf_tasks.open_pdf(str(path), None).pages
    for first in range(1, count + 1, BATCH_PAGES):
        last = min(first + BATCH_PAGES - 1, count)
        pdf_tasks.lay_out(str(path), None, first, last, keep=True, seek_doubts=False, seek_hard=False)
        gc.collect()
    pdf_tasks.join(str(path), {}, [], [], {})
    return count


def measure(paths: list[Path], processes: int) -> str:
    settings = Read(processes=max(processes, 1), ocr="never")
    peak, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.05):
            peak = max(peak, memory_megabytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    started, spent = time.perf_counter(), cpu_seconds()
    if processes:
        pages = sum(read_document(path, source="s", settings=settings).pages for path in paths)
    else:
        gc.disable()
        pages = sum(map(read_here, paths))
    seconds, spent = time.perf_counter() - started, cpu_seconds() - spent
    done.set()
    watcher.join()
    return f"{processes} | {pages} | {pages / seconds:.0f} | {1000 * spent / pages:.1f} | {peak:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--one", nargs="+", help="for itself: processes and files")
    arguments = parser.parse_args()
    if arguments.one:
        processes, *files = arguments.one
        print(measure([Path(file) for file in files], int(processes)))
        return
    print("| files | processes | pages | pages/s | CPU ms/page | peak MB |\n|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        large = Path(folder) / "large.pdf"
        make_large(arguments.data, large)
        contoso = sorted((arguments.data / "contoso_hr/data").glob("*.pdf"))
        for name, paths in (("contoso_hr", contoso), (f"{PAGES:,} pages in one", [large])):
            for processes in (0, 1, 2):
                # In a process of its own, so that no memory of the run before counts.
                command = [sys.executable, __file__, str(arguments.data), "--one", str(processes), *map(str, paths)]
                row = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
                print(f"| {name} | {row} |", flush=True)


if __name__ == "__main__":
    main()
