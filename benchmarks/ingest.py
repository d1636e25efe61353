"""How long `add` takes: stage by stage over the HR documents, and for one changed file among a thousand.

    python benchmarks/ingest.py --data DATA --out benchmarks/results/ingest.json

DATA holds `contoso_hr/data` (PDFs) and `scifact/corpus.jsonl` (abstracts, of which the thousand files are made). Writes
a JSON file with every number and a Markdown file beside it.
"""

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from scoville.embed import open_embedder
from scoville.index import AddReport, Workspace, add_paths, ingest
from scoville.recipe import Recipe

FILES = 1000
PASSES = 3
STAGES = ("list", "read", "split", "embed", "write")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/ingest.json")
    parser.add_argument("--passes", type=int, default=PASSES)
    parser.add_argument("--only", nargs="*", choices=["documents", "thousand"], default=["documents", "thousand"])
    given = parser.parse_args()
    result: dict[str, Any] = json.loads(given.out.read_text()) if given.out.exists() else {}
    result |= {"cores": len(os.sched_getaffinity(0)), "passes": given.passes}
    with tempfile.TemporaryDirectory() as folder:
        if "documents" in given.only:
            result["documents"] = stages(given.data / "contoso_hr/data", Path(folder), given.passes)
        if "thousand" in given.only:
            result["thousand"] = thousand(given.data / "scifact/corpus.jsonl", Path(folder), given.passes)
    given.out.write_text(json.dumps(result, indent=1), encoding="utf-8")
    given.out.with_suffix(".md").write_text(report(result), encoding="utf-8")
    print(report(result))


def stages(documents: Path, work: Path, passes: int) -> list[dict[str, Any]]:
    """Add the documents to an empty workspace with so many reading processes and reading threads, in turn."""
    open_embedder(Recipe().embed).embed(["warm up"] * 8)
    best: dict[tuple[int, int], AddReport] = {}
    for number, processes, readers in itertools.product(range(passes), (1, 2), (1, 2)):
        recipe = Recipe.model_validate({"read": {"processes": processes}})
        ingest.READERS = readers
        done = add_paths(Workspace(work / f"{number}-{processes}-{readers}"), recipe, [documents])
        before = best.get((processes, readers))
        best[processes, readers] = min(before or done, done, key=lambda one: one.seconds)
    return [
        {"processes": processes, "readers": readers, "seconds": done.seconds, "tokens": done.tokens,
         "by_stage": dict(done.seconds_by_stage)}
        for (processes, readers), done in best.items()
    ]  # fmt: skip


def thousand(corpus: Path, work: Path, passes: int) -> dict[str, Any]:
    """Time the commands `add` and `sync` of a thousand files: all new, none changed, one changed."""
    root = work / "thousand"
    docs = root / "docs"
    docs.mkdir(parents=True)
    with corpus.open(encoding="utf-8") as lines:
        for number, line in enumerate(itertools.islice(lines, FILES)):
            row = json.loads(line)
            (docs / f"{number:04}.md").write_text(f"# {row['title']}\n\n{row['text']}\n", encoding="utf-8")
    (root / "recipe.yaml").write_text("sources: [{path: docs}]\n")
    times: dict[str, list[Taken]] = {"add, all new": [command(root, "add", "docs")]}
    time.sleep(2.5)  # what changed a moment ago is compared by content
    command(root, "add", "docs")
    for number in range(passes):
        for name in ("add", "sync"):
            words = ["add", "docs"] if name == "add" else ["sync"]
            times.setdefault(f"{name}, none changed", []).append(command(root, *words))
            (docs / "0500.md").write_text(f"# Changed\n\nBy {name} number {number}.\n")
            times.setdefault(f"{name}, one changed", []).append(command(root, *words))
        (root / ".scoville" / "seen.json").unlink()
        times.setdefault("add, none changed, all hashed", []).append(command(root, "add", "docs"))
    return {name: min(taken)._asdict() for name, taken in times.items()}


class Taken(NamedTuple):
    seconds: float
    processor_seconds: float


def command(root: Path, *words: str) -> Taken:
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "scoville", *words], cwd=root, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(time.perf_counter() - started, used)


def report(result: dict[str, Any]) -> str:
    lines = [f"# Ingest ({result['cores']} cores, best of {result['passes']})"]
    if rows := result.get("documents"):
        lines += [
            "", "Six HR documents, 263 pages, into an empty workspace. Reading and splitting happen while others are",
            "embedded, so the stages add up to more than the whole.", "",
            f"| Reading processes | Reading threads | Whole, s | {' | '.join(STAGES)} |",
            f"|---|---|---|{'---|' * len(STAGES)}",
        ]  # fmt: skip
        for row in rows:
            cells = " | ".join(f"{row['by_stage'][stage]:.2f}" for stage in STAGES)
            lines.append(f"| {row['processes']} | {row['readers']} | {row['seconds']:.2f} | {cells} |")
    if taken := result.get("thousand"):
        lines += ["", f"{FILES} abstracts as files; the command from start to end.", ""]
        lines += ["| Command | s | Processor, s |", "|---|---|---|"]
        lines += [f"| {name} | {one['seconds']:.2f} | {one['processor_seconds']:.2f} |" for name, one in taken.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
