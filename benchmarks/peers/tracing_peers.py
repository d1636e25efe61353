"""Times what MLflow and Weights & Biases take of the caller for one question, and writes that as JSON.

What enters: the spans of a question, as `benchmarks/tracing.py` writes them. It runs in the environment of
`requirements-tracking.txt`. MLflow gets every span with its attributes; W&B has no spans (Weave, which has, asks for a
key), so it gets the attributes of the outermost one by `run.log`.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["mlflow", "mlflow-sync", "wandb"])
    parser.add_argument("--spans", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--pause", type=float, default=0.02)
    given = parser.parse_args()
    spans = json.loads(given.spans.read_text())
    os.chdir(given.folder)
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "WANDB_MODE": "offline", "WANDB_ERROR_REPORTING": "false"}
    os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = str(given.what == "mlflow").lower()
    started = time.perf_counter()
    log, close = (open_wandb if given.what == "wandb" else open_mlflow)()
    opened = time.perf_counter() - started
    seconds = []
    for number in range(given.questions + 5):  # the first ones open
        time.sleep(given.pause)
        clock, processor = time.perf_counter(), time.thread_time()
        log(spans)
        if number >= 5:
            seconds.append([time.perf_counter() - clock, time.thread_time() - processor])
    started = time.perf_counter()
    close()
    print("RESULT " + json.dumps({"open": opened, "close": time.perf_counter() - started, "seconds": seconds}))


def open_mlflow() -> tuple[Any, Any]:
    import mlflow

    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    mlflow.set_experiment("tracing")

    def log(spans: list[dict[str, Any]], at: int = 0) -> int:
        """Open the span at a place, those within it inside, and give the next place."""
        depth = spans[at]["depth"]
        with mlflow.start_span(spans[at]["name"], attributes=spans[at]["attributes"]):
            at += 1
            while at < len(spans) and spans[at]["depth"] > depth:
                at = log(spans, at)
        return at

    return log, lambda: mlflow.flush_trace_async_logging(terminate=True)


def open_wandb() -> tuple[Any, Any]:
    import wandb

    run = wandb.init(project="tracing", settings=wandb.Settings(silent=True, console="off", x_disable_stats=True))
    return lambda spans: run.log(spans[0]["attributes"]), run.finish


if __name__ == "__main__":
    main()
