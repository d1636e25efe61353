"""Adding by workers beside adding in one process: the same rows, and what it takes, also while workers are killed.

    python benchmarks/executors.py --data DATA --work WORK --set mixed --on local processes:2 ray
    python benchmarks/executors.py --data DATA --work WORK --set hr --on local processes:2 ray --kill-seconds 10

DATA holds `contoso_hr/data` (six PDFs) and `scifact/corpus.jsonl`, of whose abstracts two thousand files are made: text,
Markdown, HTML, CSV, mail, DOCX and PDF in turn, every seventh with a table. Each way is `scoville add` in a new process
over one workspace, `--rebuild` after the first. Rows are compared in every column, vectors by every number. With
`--kill-seconds` each way with workers runs once more, and one of its workers is killed so often. `--on ray` needs Ray.
Writes results/executors.json and .md; start-up, apart, is a run over a single small file.
"""

import argparse
import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
FILES = 2000


class Abstract(NamedTuple):
    title: str
    text: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--set", choices=["hr", "mixed"], default="mixed")
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--on", nargs="+", default=["local", "processes:2", "ray"])
    parser.add_argument("--kill-seconds", type=float)
    parser.add_argument("--out", type=Path, default=HERE / "results/executors.json")
    given = parser.parse_args()
    workspace = given.work / given.set
    if not (workspace / "docs").exists():
        (workspace / "docs").mkdir(parents=True)
        if given.set == "hr":
            shutil.copytree(given.data / "contoso_hr/data", workspace / "docs", dirs_exist_ok=True)
        else:
            write_files(given.data, workspace / "docs", given.files)
    result: dict[str, Any] = json.loads(given.out.read_text()) if given.out.exists() else {}
    found = result.setdefault(given.set, {})
    for on in given.on:
        for pause in (None, given.kill_seconds) if on != "local" and given.kill_seconds else (None,):
            name = f"{on}, a worker killed every {pause:g} s" if pause else on
            found[name] = {**run(workspace, on, pause), **compared(workspace, is_first=on == "local")}
            if not pause:
                found[name]["startup_s"] = startup(given.work / "one", on)
            given.out.write_text(json.dumps(result, indent=1) + "\n")
            given.out.with_suffix(".md").write_text(report(result))
            print(name, json.dumps(found[name]), flush=True)


SETS = {"hr": "Six PDFs, 263 pages", "mixed": "2,000 files of seven kinds"}


def report(result: dict[str, Any]) -> str:
    """Give all runs as a table of Markdown."""
    lines = [
        "# Adding by workers",
        "",
        f"`benchmarks/executors.py` on {os.cpu_count()} cores: seconds of a whole `scoville add`; start-up is one of a single small file. One process",
        "computes vectors on all cores already, so what workers gain here is reading and splitting beside that.",
        "",
        "| documents | on | s | start-up, s | workers killed | files set aside | rows | rows that differ |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, runs in result.items():
        lines += [
            f"| {SETS[name]} | {on} | {one['s']} | {one.get('startup_s', '')} | {one['killed']} | {one['failed']} | {one['rows']} "
            f"| {one.get('rows_that_differ', '')} |"
            for on, one in runs.items()
        ]
    return "\n".join(lines) + "\n"


def write_files(data: Path, folder: Path, count: int) -> None:
    """Write abstracts as files of seven kinds."""
    rows = [json.loads(line) for line in (data / "scifact/corpus.jsonl").open(encoding="utf-8")][:count]
    kinds = list(KINDS.items())
    for number, row in enumerate(rows):
        kind, write = kinds[number % len(kinds)]
        path = folder / f"{number % 20:02}" / f"{number}.{kind}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(write(Abstract(row["title"], row["text"])))


def as_markdown(one: Abstract) -> bytes:
    return f"# {one.title}\n\n{one.text}\n\n| words | letters |\n|---|---|\n| {len(one.text.split())} | {len(one.text)} |\n".encode()


def as_html(one: Abstract) -> bytes:
    from html import escape

    return f"<!doctype html><title>{escape(one.title)}</title><h1>{escape(one.title)}</h1><p>{escape(one.text)}</p>".encode()


def as_csv(one: Abstract) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows([["number", "sentence"], *enumerate(one.text.split(". "))])
    return file.getvalue().encode()


def as_mail(one: Abstract) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ada@example.com", "bo@example.com", " ".join(one.title.split())
    mail.set_content(one.text)
    return mail.as_bytes()


def as_docx(one: Abstract) -> bytes:
    from docx import Document

    document = Document()
    document.add_heading(one.title, 1)
    document.add_paragraph(one.text)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def as_pdf(one: Abstract) -> bytes:
    from xml.sax.saxutils import escape

    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    styles, file = getSampleStyleSheet(), io.BytesIO()
    texts = [(one.title, "Heading1"), (one.text, "BodyText")]
    SimpleDocTemplate(file, invariant=1).build([Paragraph(escape(text), styles[style]) for text, style in texts])
    return file.getvalue()


KINDS: dict[str, Callable[[Abstract], bytes]] = {
    "txt": lambda one: f"{one.title}\n\n{one.text}\n".encode(),
    "md": as_markdown, "html": as_html, "csv": as_csv, "eml": as_mail, "docx": as_docx, "pdf": as_pdf,
}  # fmt: skip


def run(workspace: Path, on: str, pause: float | None) -> dict[str, Any]:
    """Add everything; kill a worker now and then."""
    command = [sys.executable, "-c", "from scoville.cli import main; main()", "add", "docs", "--json"]
    command += ["--rebuild"] if (workspace / ".scoville").exists() else []
    command += [] if on == "local" else ["--on", on]
    started, next_kill, kills = time.perf_counter(), pause, 0
    with (workspace / "out").open("w+") as out:
        adding = subprocess.Popen(command, cwd=workspace, stdout=out)
        while adding.poll() is None:
            time.sleep(0.1)
            if pause and next_kill and time.perf_counter() - started > next_kill:
                next_kill += pause
                kills += kill_one(adding.pid)
        out.seek(0)
        report = json.loads(out.read().strip().splitlines()[-1]) if adding.returncode == 0 else {}
    if adding.returncode:
        raise SystemExit(f"add --on {on} ended with {adding.returncode}")
    return {
        "s": round(time.perf_counter() - started, 1), "load": round(os.getloadavg()[0], 1), "killed": kills,
        "documents": report.get("documents"), "failed": len(report.get("failed", [])),
    }  # fmt: skip


def kill_one(ancestor: int) -> int:
    """Kill the oldest worker among the descendants of a process; say how many were killed."""
    workers = [pid for pid in descendants(ancestor) if is_worker(pid)]
    for pid in sorted(workers)[:1]:
        os.kill(pid, signal.SIGKILL)
        return 1
    return 0


def is_worker(pid: int) -> bool:
    command = read(pid, "cmdline").replace("\0", " ")
    return "scoville.index.worker" in command or command.startswith("ray::Making")


def descendants(ancestor: int) -> set[int]:
    parents = {int(path.name): parent(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()}
    found = {ancestor}
    while more := {pid for pid, above in parents.items() if above in found} - found:
        found |= more
    return found - {ancestor}


def parent(pid: int) -> int:
    return int((read(pid, "stat").rpartition(")")[2].split() or ["", "0"])[1])


def read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""


def compared(workspace: Path, is_first: bool) -> dict[str, Any]:
    """Compare the rows of the workspace's table with those that are kept of the first way, which are kept here."""
    import pickle

    from scoville.index import Workspace
    from scoville.index.open import open_index
    from scoville.recipe import Recipe

    of = Workspace(workspace)
    table: Any = open_index(of, Recipe().index, of.built())._table
    rows = sorted(table.to_arrow().to_pylist(), key=lambda row: row["id"])
    kept = workspace / "rows.pickle"
    if is_first:
        kept.write_bytes(pickle.dumps(rows))
        return {"rows": len(rows)}
    before = pickle.loads(kept.read_bytes())
    same = sum(one == other for one, other in zip(rows, before, strict=False))
    return {"rows": len(rows), "rows_that_differ": max(len(rows), len(before)) - same}


def startup(folder: Path, on: str) -> float:
    """Time an `add` of one file."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "docs").mkdir(parents=True)
    (folder / "docs/a.txt").write_text("Leave is thirty days.")
    return run(folder, on, None)["s"]


if __name__ == "__main__":
    main()
