"""Runs in MLflow: a database (``sqlite:///mlflow.db``) or a server.

Enters: a run. Leaves: an evaluation run of MLflow with its parameters, metrics, the table of cases, its files, the
dataset and the traces of its cases; the trials of a sweep are nested in that of the sweep. Nothing global of MLflow is
changed. Importing it takes 3 s, so that is done when the first run is over.
"""

import importlib
import importlib.util
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scoville.errors import MissingExtra, ScovilleError, UsageError
from scoville.track.mirror import MirroredRun, columns_of, flat
from scoville.track.mlflow_cases import log_dataset, log_traces
from scoville.track.runs import TrackedRun

RUN_TAG = "scoville.run_id"
PARENT_TAG = "mlflow.parentRunId"
EVALUATION = {"mlflow.runType": "genai_evaluate"}
"""What lists a run under Evaluation."""
KIND = {"mlflow.experimentKind": "genai_development"}
"""What gives an experiment the pages Evaluation, Datasets and Traces."""
STATUS = {
    "finished": "FINISHED", "failed": "FAILED", "running": "RUNNING",
    **dict.fromkeys(("halted", "stopped", "pruned"), "KILLED"),
}  # fmt: skip
LONGEST_PARAMETER = 6000
LONGEST_TAG = 5000
BATCH = 100
SCHEMES = re.compile(r"(sqlite|postgresql|mysql|mssql|https?|databricks)\b")


class MlflowMirror:
    """Shows runs in MLflow."""

    def __init__(self, uri: str, folder: Path) -> None:
        if not SCHEMES.match(uri):
            raise UsageError(
                f"track: mlflow:{uri}: MLflow keeps no runs in folders any more; "
                "expected e.g. mlflow:sqlite:///mlflow.db or mlflow:http://127.0.0.1:5000"
            )
        if importlib.util.find_spec("mlflow") is None:
            raise MissingExtra("track: mlflow: MLflow is not installed: pip install 'scoville[mlflow]'")
        self._uri = uri
        self._folder = folder

    def publish(self, shown: MirroredRun) -> str:
        """Write a run, or write it again, and say where it can be seen."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        mlflow = importlib.import_module("mlflow")  # no dependency, so unknown to the type checker
        try:
            return self._publish(mlflow.MlflowClient(tracking_uri=self._uri), shown)
        except (mlflow.MlflowException, OSError, NotImplementedError) as error:  # the last of servers before 3.4
            raise ScovilleError(f"MLflow at {self._uri} does not take the run: {str(error)[:300]}") from error

    def _publish(self, client: Any, shown: MirroredRun) -> str:
        run = shown.run
        experiment = self._experiment(client, shown.group)
        parent = self._find(client, experiment, shown.sweep, {}).info.run_id if shown.sweep else ""
        found = self._find(client, experiment, run, {PARENT_TAG: parent} if parent else {})
        run_id = found.info.run_id
        self._log(client, run_id, shown, found.data.params)
        for file in shown.files:
            client.log_artifact(run_id, str(file), "run")
        client.set_terminated(run_id, STATUS.get(run.status, "FINISHED"), _milliseconds(run.finished))
        if shown.cases:
            tracing = importlib.import_module("mlflow.tracing.client").TracingClient(self._uri)
            self._log_table(client, run_id, columns_of(shown.cases))
            log_dataset(client, tracing.store, experiment, run_id, shown)
            log_traces(client, tracing, experiment, run_id, shown)
        return f"mlflow run {run_id} at {self._uri}"

    def _find(self, client: Any, experiment: str, run: TrackedRun, tags: Mapping[str, str]) -> Any:
        """Find the run of MLflow for a run, or begin it; named from its first moment, so that a kill leaves one."""
        known = client.search_runs([experiment], filter_string=f"tags.`{RUN_TAG}` = '{run.id}'", max_results=1)
        return known[0] if known else client.create_run(
            experiment, start_time=_milliseconds(run.started), run_name=run.name or run.id,
            tags={RUN_TAG: run.id, "scoville.kind": run.kind, **tags},
        )  # fmt: skip

    def _experiment(self, client: Any, name: str) -> str:
        found = client.get_experiment_by_name(name)
        if found:
            return found.experiment_id
        # A server knows where to keep files; with a database MLflow would take the folder one happens to be in.
        artifacts = None if self._uri.startswith("http") else (self._folder / "mlflow").resolve().as_uri()
        return client.create_experiment(name, artifact_location=artifacts, tags=KIND)

    def _log_table(self, client: Any, run_id: str, columns: Mapping[str, list[Any]]) -> None:
        name = "cases.json"
        if any(file.path == name for file in client.list_artifacts(run_id)):  # `log_table` would append to it
            rows = [list(row) for row in zip(*columns.values(), strict=True)]
            client.log_dict(run_id, {"columns": list(columns), "data": rows}, name)
        else:
            client.log_table(run_id, columns, name)

    def _log(self, client: Any, run_id: str, shown: MirroredRun, before: Mapping[str, str]) -> None:
        made = importlib.import_module("mlflow.entities")
        run = shown.run
        now = _milliseconds(time.time())  # of two values MLflow shows the later one, and of one moment the greater
        metrics = [made.Metric(_name(name), value, now, 0) for name, value in run.metrics.items() if value is not None]
        wanted = {_name(key): str(value)[:LONGEST_PARAMETER] for key, value in flat(run.params).items()}
        params = [
            made.Param(key, value) for key, value in wanted.items() if key not in before
        ]  # MLflow lets none change
        tags = {"scoville.recipe_hash": run.recipe_hash, **(EVALUATION if shown.cases else {}), **shown.tags}
        client.log_batch(run_id, tags=[made.RunTag(key, value[:LONGEST_TAG]) for key, value in tags.items() if value])
        for at in range(0, max(len(metrics), len(params)), BATCH):
            client.log_batch(run_id, metrics=metrics[at : at + BATCH], params=params[at : at + BATCH])


def _name(name: str) -> str:
    """Write a name with the signs that MLflow takes: ``page_hit@5`` as ``page_hit_at_5``."""
    return re.sub(r"[^\w\-. /]", "_", name.replace("@", "_at_"))


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)
