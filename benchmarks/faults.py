"""The campaign of faults: kills and failing calls, damaged documents, readers outside a group.

    python benchmarks/faults.py DOCUMENTS... --out benchmarks/results/faults

DOCUMENTS are folders of good files to damage; the demo's are always among them. What is tried and what counts as wrong
is said in fault_trials.py, fault_mutants.py and fault_readers.py, of which the tests run a small part. Exit code 1
where anything is wrong. Needs Linux and a C compiler for the first part.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fault_mutants import SECONDS, WAYS, add_mutants, good_files, mutants, read_mutants
from fault_readers import DOORS, try_door
from fault_trials import Kind, campaign, scenarios

from scoville.recipe import Read

PARTS = ("trials", "mutants", "readers")
KINDS: tuple[Kind, ...] = ("kill", "full", "handles", "broken", "memory")
SHARES = {"kill": 1.0, "full": 0.5, "handles": 0.5, "broken": 0.5, "memory": 0.25}
"""Of the number of calls that are tried."""
BATCH = 60
"""Mutants that are added together."""

Row = dict[str, Any]


def run_trials(work: Path, points: int, kinds: Sequence[Kind]) -> list[Row]:
    """Kill and fail commands; give a row for each fault."""
    rows: list[Row] = []
    for kind in kinds:
        tried = campaign(work / kind, points=max(round(points * SHARES[kind]), 2), kinds=[kind], say=_say)
        rows += [
            {"command": one.scenario, "kind": kind, "fault": str(one.fault), "wrong": one.wrong,
             "seconds": round(one.seconds, 1)}
            for one in tried
        ]  # fmt: skip
    return rows


def run_mutants(work: Path, folders: Sequence[Path], count: int) -> list[Row]:
    """Read and add damaged documents; give a row for each, and one for each `add`."""
    made = list(mutants(good_files([_demo(), *folders]), count))
    rows: list[Row] = []
    for one in read_mutants(work / "read", made, Read(timeout_seconds=SECONDS, ocr="never")):
        rows.append({"kind": one.mutant.kind, "name": one.mutant.name, "outcome": one.outcome or "read",
                     "seconds": round(one.seconds, 2), "megabytes": round(one.megabytes), "wrong": list(one.wrong)})  # fmt: skip
    for start in range(0, len(made), BATCH):
        started = time.monotonic()
        batch = made[start : start + BATCH]
        wrong = add_mutants(work / f"add-{start}", batch)
        rows.append({"kind": "add", "name": f"{len(batch)} from {start}", "outcome": "added", "wrong": wrong,
                     "seconds": round(time.monotonic() - started, 2), "megabytes": 0})  # fmt: skip
    for row in rows:
        for wrong in row["wrong"]:
            _say(f"{row['kind']}, {row['name']}: {wrong}")
    return rows


def run_readers(work: Path) -> list[Row]:
    """Put a document in by every door; give a row for each."""
    rows = [{"door": door, "wrong": try_door(work / "office", door)} for door in DOORS]
    for row in rows:
        for wrong in row["wrong"]:
            _say(f"{row['door']}: {wrong}")
    return rows


def page(found: dict[str, list[Row]]) -> str:
    """Write the results as Markdown."""
    lines = [
        "# Faults", "",
        f"Made by `benchmarks/faults.py` on {os.cpu_count()} cores that other work shared, {platform.system()}, Python "
        f"{platform.python_version()}. What counts as wrong is said in `fault_trials.py`, `fault_mutants.py`, "
        "`fault_readers.py`.", "",
        *_trial_lines(found.get("trials", [])), *_mutant_lines(found.get("mutants", [])),
        *_reader_lines(found.get("readers", [])),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _trial_lines(rows: list[Row]) -> Iterator[str]:
    if not rows:
        return
    yield "## Commands that are killed or that the machine fails"
    yield ""
    yield "Faults tried at file-system calls spread over the run / after which something was wrong."
    yield ""
    yield f"| command | {' | '.join(KINDS)} |"
    yield "|---" * (len(KINDS) + 1) + "|"
    for scenario in scenarios():
        cells = [[row for row in rows if (row["command"], row["kind"]) == (scenario.name, kind)] for kind in KINDS]
        counts = " | ".join(
            f"{len(cell)} / {sum(bool(row['wrong']) for row in cell)}" if cell else "not tried" for cell in cells
        )
        yield f"| `{scenario.name}` | {counts} |"
    yield ""
    yield from _wrong_lines((f"`{row['command']}`, {row['fault']}", row["wrong"]) for row in rows)


def _mutant_lines(rows: list[Row]) -> Iterator[str]:
    if not rows:
        return
    read = [row for row in rows if row["kind"] != "add"]
    yield f"## {len(read)} damaged documents"
    yield ""
    yield "| damage | mutants | read | refused in one line | slowest, s | most memory, MB | wrong |"
    yield "|---|---|---|---|---|---|---|"
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in read:
        by_kind[row["kind"]].append(row)
    for kind in WAYS:
        of_kind = by_kind[kind]
        good = sum(row["outcome"] == "read" for row in of_kind)
        yield (
            f"| {kind} | {len(of_kind)} | {good} | {len(of_kind) - good} "
            f"| {max((row['seconds'] for row in of_kind), default=0):.1f} "
            f"| {max((row['megabytes'] for row in of_kind), default=0)} "
            f"| {sum(bool(row['wrong']) for row in of_kind)} |"
        )
    added = [row for row in rows if row["kind"] == "add"]
    yield ""
    yield (
        f"`add` of all of them between good neighbours, {BATCH} at a time: {len(added)} runs, "
        f"{sum(bool(row['wrong']) for row in added)} with something wrong."
    )
    yield ""
    yield from _wrong_lines((f"{row['name']} ({row['kind']})", row["wrong"]) for row in rows)


def _reader_lines(rows: list[Row]) -> Iterator[str]:
    if not rows:
        return
    yield "## A document for one group"
    yield ""
    leaks = sum(bool(row["wrong"]) for row in rows)
    yield f"{len(rows)} doors, each looked through in 13 ways by a reader outside the group; seen after {leaks}:"
    yield ""
    yield "; ".join(f"{row['door']}{' (seen)' if row['wrong'] else ''}" for row in rows) + "."
    yield ""
    yield from _wrong_lines((row["door"], row["wrong"]) for row in rows)


def _wrong_lines(found: Iterator[tuple[str, list[str]]]) -> Iterator[str]:
    lines = [f"- {where}: {'; '.join(wrong)}" for where, wrong in found if wrong]
    yield from [*lines, ""] if lines else []


def _demo() -> Path:
    return Path(str(files("scoville.demo"))) / "documents"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", nargs="*", type=Path)
    parser.add_argument("--part", choices=PARTS, action="append", help="only this; may be given several times")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only this fault; may be given several times")
    parser.add_argument("--points", type=int, default=24, help="calls at which each command is killed")
    parser.add_argument("--mutants", type=int, default=573)
    parser.add_argument("--out", type=Path, help="writes OUT.md and OUT.json; parts not run now stay as they are there")
    arguments = parser.parse_args()
    found: dict[str, list[Row]] = {}
    written = arguments.out.with_suffix(".json") if arguments.out else None
    if written and written.exists():
        found = json.loads(written.read_text())
    with TemporaryDirectory() as folder:
        work = Path(folder).resolve()
        for part in arguments.part or PARTS:
            (work / part).mkdir()
            match part:
                case "trials":
                    kinds = arguments.kind or KINDS
                    kept = [row for row in found.get(part, []) if row["kind"] not in kinds]
                    found[part] = [*kept, *run_trials(work / part, arguments.points, kinds)]
                case "mutants":
                    found[part] = run_mutants(work / part, arguments.documents, arguments.mutants)
                case _:
                    found[part] = run_readers(work / part)
    if written:
        written.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        arguments.out.with_suffix(".md").write_text(page(found))
    else:
        print(page(found))
    sys.exit(any(row["wrong"] for rows in found.values() for row in rows))


if __name__ == "__main__":
    main()
