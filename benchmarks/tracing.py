"""What tracing takes of a question: per span, per question, in the background, on disk; beside MLflow and W&B.

    python benchmarks/tracing.py --peer .venv-tracking/bin/python --out benchmarks/results/tracing.md

The question is a real one of the fakes: twelve spans with their attributes. Questions come one after another with a
pause, as they do, and again without one, where the thread that writes competes with the caller.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from scoville.answer import Answerer, open_answerer
from scoville.index import Workspace, add_paths
from scoville.recipe import Recipe
from scoville.track.ledger import Ledger
from scoville.track.store import FILE_NAME, Store
from scoville.track.traces import load_trace
from scoville.track.tracker import Tracker
from scoville.types import Answer

QUESTION = "How many days of leave do staff have in a year?"
PEERS = Path(__file__).parent / "peers" / "tracing_peers.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="a Python with peers/requirements-tracking.txt; without it, ours alone")
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--pause", type=float, default=0.02, help="seconds between two questions")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = measure(Path(folder), given.questions, given.pause, given.peer)
    text = "\n".join(lines) + "\n"
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


def measure(root: Path, questions: int, pause: float, peer: str | None) -> list[str]:
    answerer = make_answerer(root / "work")
    answer = answerer.ask(QUESTION)
    tracker = Tracker(answerer_workspace(root), Ledger(0.1))
    opening = timed(lambda: tracker.answered(answer, "fake"))
    spaced = repeat(tracker, answer, questions, pause)
    dense = repeat(tracker, answer, questions, 0.0)
    tracker.flush()
    store = Store(answerer_workspace(root).folder / FILE_NAME)
    spans = load_trace(store, store.query("SELECT trace_id FROM spans LIMIT 1")[0][0])
    count = len(spans)
    store.query("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = store.query("SELECT count(*) FROM spans")[0][0]
    size = store.path.stat().st_size / stored
    store.close()
    whole = whole_questions(answerer, tracker, questions)
    tracker.close()
    rows = [
        row(f"scoville, a question every {pause * 1000:.0f} ms", spaced, count),
        row("scoville, without a pause", dense, count),
    ]
    if peer:
        path = root / "spans.json"
        path.write_text(json.dumps([
            {"depth": one.depth, "name": one.span.name, "attributes": dict(one.span.attributes)} for one in spans
        ]))  # fmt: skip
        rows += [
            peer_row(peer, what, path, root, questions, pause, count) for what in ("mlflow", "mlflow-sync", "wandb")
        ]
    return [
        "# What tracing takes",
        "",
        f"Made by `benchmarks/tracing.py`: {questions} questions of {count} spans each; {os.cpu_count()} cores, Python "
        f"{sys.version.split()[0]}. Microseconds that the caller waits, by the clock and by the processor time of its "
        "thread, which other work on the machine disturbs less; p50 and p95 over questions.",
        "",
        "| | question p50 | p95 | span p50 | p95 | processor: question p50 | p95 | span p50 | p95 |",
        "|---|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"- A whole question of the fakes takes {whole[0] * 1000:.2f} ms of the processor without tracing and "
        f"{whole[1] * 1000:.2f} ms with it, the thread that writes included: {(whole[1] - whole[0]) * 1000:.2f} ms.",
        f"- The first trace of a process: {opening * 1000:.0f} ms, which imports OpenTelemetry and opens the database.",
        f"- {size:.0f} bytes a span on disk, with its question, answer and the ledger's entries; "
        f"{tracker.dropped} were dropped.",
        "- MLflow: a span with its attributes each, SQLite; `mlflow` logs in the background, `mlflow-sync` at once.",
        "- W&B has no spans: it gets what the outermost span says, by one `run.log`, offline; its row is one call.",
    ]


def answerer_workspace(root: Path) -> Workspace:
    return Workspace(root / "work")


def make_answerer(folder: Path) -> Answerer:
    folder.mkdir()
    (folder / "leave.txt").write_text("Staff have thirty days of leave in a year. It is asked for in the portal.")
    recipe = Recipe.model_validate({
        "embed": {"model": "fake"}, "llm": {"model": "fake"}, "prompt": {"style": "passages"},
        "answer": {"min_similarity": -1},
    })  # fmt: skip
    add_paths(Workspace(folder), recipe, [folder / "leave.txt"])
    return open_answerer(Workspace(folder), recipe)


def repeat(tracker: Tracker, answer: Answer, questions: int, pause: float) -> list[list[float]]:
    """Give for each question the seconds of the clock, and those of the processor in the caller's thread."""
    taken = []
    for _ in range(questions):
        time.sleep(pause)
        clock, processor = time.perf_counter(), time.thread_time()
        tracker.answered(answer, "fake")
        taken.append([time.perf_counter() - clock, time.thread_time() - processor])
    return taken


def whole_questions(answerer: Answerer, tracker: Tracker, questions: int) -> tuple[float, float]:
    """Give the processor's seconds of a question without tracing and with it, writing included, in turns of fifty.

    Of the processor, since it waits for nothing: the clock's seconds differ more from other work on the machine.
    """
    taken = ([], [])
    for turn in range(max(questions // 25, 2)):
        traced = turn % 2
        started = time.process_time()
        for _ in range(50):
            answer = answerer.ask(QUESTION)
            if traced:
                tracker.answered(answer, "fake")
        tracker.flush()
        taken[traced].append((time.process_time() - started) / 50)
    return statistics.median(taken[0]), statistics.median(taken[1])


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def peer_row(peer: str, what: str, spans: Path, root: Path, questions: int, pause: float, count: int) -> str:
    folder = root / what
    folder.mkdir()
    command = [peer, str(PEERS), what, "--spans", str(spans), "--folder", str(folder)]
    command += ["--questions", str(40 if what == "mlflow-sync" else min(questions, 200)), "--pause", str(pause)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    return row(what, json.loads(line.removeprefix("RESULT "))["seconds"], 1 if what == "wandb" else count)


def row(name: str, taken: list[list[float]], spans: int) -> str:
    cells = []
    for seconds in zip(*taken, strict=True):
        p50, p95 = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
        cells += [p50, p95, p50 / spans, p95 / spans]
    return f"| {name} | " + " | ".join(f"{value * 1e6:,.0f}" for value in cells) + " |"


if __name__ == "__main__":
    main()
