"""Runs shown in MLflow and W&B, with the real libraries: `.ci/run` installs them, elsewhere these tests are skipped.

Each library runs in a process of its own, which tells of every connection that leaves the machine.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import scoville
from scoville.track.mirror import MirroredCase, columns_of
from scoville.types import Case, Score

SETUP = """
import json, os, sys
from dataclasses import replace
from pathlib import Path
calls = []
def watch(event, details):
    if event == "socket.connect" and isinstance(details[1], tuple) and details[1][0] not in ("127.0.0.1", "::1"):
        calls.append(repr(details[1]))
    if event == "socket.getaddrinfo" and details[0] not in ("localhost", "127.0.0.1", "::1", None):
        calls.append(repr(details[0]))
sys.addaudithook(watch)
from scoville.track.mirror import MirroredCase, MirroredRun
from scoville.track.open import open_mirror
from scoville.track.runs import TrackedRun
from scoville.track.traces import StoredSpan
from scoville.types import Case, Score
root = Path(sys.argv[2])
folder = root / "run"
folder.mkdir()
(folder / "results.jsonl").write_text("{}")
def span(name, id, parent, start, **attributes):
    return StoredSpan(trace_id="ab" * 16, span_id=id * 8, parent_id=parent * 8, name=name, status="UNSET",
        started=int(1.7e18) + start * 10**6, finished=int(1.7e18) + (start + 5) * 10**6, attributes=attributes)
SPANS = [
    span("invoke_workflow scoville", "aa", "", 0, **{"gen_ai.operation.name": "invoke_workflow",
        "gen_ai.retrieval.documents": '[{"id": "p1", "document": "docs/otter.txt", "score": 0.5}]'}),
    span("retrieval", "bb", "aa", 1, **{"gen_ai.operation.name": "retrieval",
        "gen_ai.retrieval.query.text": "How many fish?"}),
    span("chat small", "cc", "aa", 2, **{"gen_ai.operation.name": "chat", "gen_ai.response.model": "small",
        "gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 2}),
]
def score(name, value, reason=""):
    return name, Score(metric=name, value=value, reason=reason)
def cases(right, spans):
    return [
        MirroredCase(case=Case(id="1", question="How many fish?", expected=("3",)), answer="Three.", seconds=0.5,
            spans=spans, scores=dict([score("answered_right", right), score("contains", True),
            score("token_f1", right)])),
        MirroredCase(case=Case(id="2", question="Why?", expected=("Hunger",)), refused=True, answer="I don't know.",
            scores=dict([score("answered_right", 0.0, "refused"), score("contains", 0.0, "refused")])),
        MirroredCase(case=Case(id="3", question="Who?", answerable=False), error="the model is down",
            scores=dict([score("refused_right", None, "the model is down")])),
    ]
def shown(value, id="20260101-a1b2", sweep=None, **more):
    run = TrackedRun(
        id=id, kind="evaluation", name="first", status="finished", started=1.7e9, finished=1.7e9 + 5,
        recipe_hash="abc", params={"llm": {"model": "fake"}, "long": "x" * 9000} | more,
        metrics={"page_hit@5": value, "page_hit@5/low": 0.1, "page_hit@5/n": 2, "none": None}
        | {f"m{n}": 1.0 for n in range(150)})
    return MirroredRun(run=run, cases=cases(value, [] if sweep else SPANS), dataset="fish.jsonl",
        dataset_digest="0123456789abcdef", headline=["answered_right", "refused_right", "token_f1"],
        files=[folder / "results.jsonl"], group="handbook", sweep=sweep,
        tags={"scoville.state": "complete"} if sweep else {})
mirror = open_mirror(sys.argv[1], root)
"""
PUBLISH = """
places = [mirror.publish(shown(0.75))]
between()
places.append(mirror.publish(shown(1.0, added=1)))
sweep = TrackedRun(id="sweep-1", kind="sweep", name="sweep 1", started=1.7e9, params={"method": "grid"})
trials = [mirror.publish(shown(0.1 * n, f"trial-{n}", sweep, size=n)) for n in (1, 2, 2)]
places.append(mirror.publish(MirroredRun(run=replace(sweep, status="finished"), group="handbook",
    files=[folder / "results.jsonl"], tags={"scoville.best.size": "2"})))
"""
MLFLOW = (
    """
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, Feedback
from mlflow.tracing.client import TracingClient
client = MlflowClient(tracking_uri=sys.argv[1].partition(":")[2])
def between():
    (trace,) = client.search_traces(locations=["1"], filter_string="tags.`scoville.case` = '1'")
    TracingClient(sys.argv[1].partition(":")[2]).log_assessment(trace.info.trace_id, Feedback(
        name="looks_fine", value=True, source=AssessmentSource(source_type="HUMAN", source_id="ada")))
"""
    + PUBLISH
    + """
(experiment,) = [one for one in client.search_experiments() if one.name == "handbook"]
runs = {run.data.tags["scoville.run_id"]: run for run in client.search_runs([experiment.experiment_id])}
run, above = runs["20260101-a1b2"], runs["sweep-1"]
nested = {name: one.data.params["size"] for name, one in runs.items()
    if one.data.tags.get("mlflow.parentRunId") == above.info.run_id and one.data.tags["scoville.state"] == "complete"}
table = json.loads(Path(client.download_artifacts(run.info.run_id, "cases.json", str(root))).read_text())
files = [one.path for one in client.list_artifacts(run.info.run_id, "run")]
traces = {one.info.client_request_id: one for one in client.search_traces(
    locations=[experiment.experiment_id], run_id=run.info.run_id)}
def told(trace):
    given = {one.name: one.value if one.error is None else one.error.error_message for one in trace.info.assessments}
    return {"ours": trace.info.tags.get("scoville.trace"), "state": trace.info.state.value,
        "asked": trace.info.request_preview, "said": trace.info.response_preview,
        "assessments": given, "run": trace.info.trace_metadata["mlflow.sourceRun"],
        "spans": [[one.name, one.span_type, one.parent_id] for one in trace.data.spans],
        "tokens": trace.info.token_usage, "inputs": trace.data.spans[0].inputs,
        "found": [one.outputs for one in trace.data.spans][1:2]}
used = run.inputs.dataset_inputs
import mlflow
mlflow.set_tracking_uri(sys.argv[1].partition(":")[2])
datasets = client.search_datasets([experiment.experiment_id])
json.dump({"runs": sorted(runs), "nested": nested, "sweep": [above.info.run_name, above.info.status, above.data.params,
    above.data.tags["scoville.best.size"]], "name": run.info.run_name, "status": run.info.status, "id": run.info.run_id,
    "params": run.data.params, "metrics": run.data.metrics, "tags": run.data.tags, "table": table, "files": files,
    "kind": experiment.tags["mlflow.experimentKind"], "above": above.data.tags,
    "traces": {name: told(trace) for name, trace in traces.items()},
    "used": [[one.dataset.name, one.dataset.digest, one.dataset.source_type] for one in used],
    "records": [[one.inputs, one.expectations] for dataset in datasets for one in dataset.records],
    "calls": calls, "places": places, "here": os.listdir("."), "telemetry": os.environ["MLFLOW_DISABLE_TELEMETRY"]},
    open(root / "said.json", "w"))
"""
)
WANDB = (
    "between = lambda: None"
    + PUBLISH
    + """
import wandb
wandb.teardown()  # its writer is a process of its own
kept = sorted((root / "wandb").glob("offline-run-*-20260101-a1b2"))
trial = sorted((root / "wandb").glob("offline-run-*-trial-1"))
def records_of(folder):
    return b"".join(path.read_bytes() for path in folder.glob("*.wandb"))
records = records_of(kept[-1])
tables = [json.loads(path.read_text()) for path in kept[-1].rglob("*.table.json")]
json.dump({"kept": len(kept), "trials": len(trial), "in_sweep": [
    b"sweep-1" in records_of(folder) for folder in (trial[0], kept[-1])], "tables": tables,
    "calls": calls, "places": places, "here": os.listdir("."), "found": [
    word for word in ("20260101-a1b2", "page_hit@5/low", "llm.model", "handbook", "fish.jsonl", "results.jsonl")
    if word.encode() in records]}, open(root / "said.json", "w"))
"""
)


def publish(target: str, then: str, root: Path) -> Any:
    """Show runs in a tracker, look what it keeps, and give that."""
    name = target.partition(":")[0]
    if not importlib.util.find_spec(name):
        pytest.skip(f"{name} is not installed: pip install -c constraints.txt 'scoville[{name}]'")
    here = root / "here"
    here.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB", "MLFLOW"))}
    environment |= {"PYTHONPATH": str(Path(scoville.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", SETUP + then, target, str(root)], cwd=here, env=environment, capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((root / "said.json").read_text())


def test_a_table_has_columns_of_one_type_each():
    scores = [{"contains": Score(metric="contains", value=value)} for value in (True, 0.0, 1)]
    columns = columns_of([
        MirroredCase(case=Case(id=str(number), question="?", expected=("a", "b")), scores=found, refused=number > 0)
        for number, found in enumerate([*scores, {}])
    ])  # fmt: skip
    assert columns["contains"] == [1.0, 0.0, 1.0, None]
    assert [type(value) for value in columns["contains"][:3]] == [float, float, float]
    assert (columns["refused"], columns["expected"][0]) == ([False, True, True, True], "a / b")


def test_mlflow_shows_an_evaluation_once_however_often_it_is_published(tmp_path: Path):
    said = publish(f"mlflow:sqlite:///{tmp_path}/mlflow.db", MLFLOW, tmp_path)
    assert said["runs"] == ["20260101-a1b2", "sweep-1", "trial-1", "trial-2"]
    assert (said["name"], said["status"], said["kind"]) == ("first", "FINISHED", "genai_development")
    assert said["tags"]["mlflow.runType"] == "genai_evaluate" and "mlflow.runType" not in said["above"]
    assert said["nested"] == {"trial-1": "1", "trial-2": "2"}
    assert said["sweep"] == ["sweep 1", "FINISHED", {"method": "grid"}, "2"]
    assert said["params"]["llm.model"] == "fake" and said["params"]["added"] == "1"
    assert len(said["params"]["long"]) == 6000
    assert said["metrics"].items() >= {"page_hit_at_5": 1.0, "page_hit_at_5/low": 0.1, "page_hit_at_5/n": 2.0}.items()
    assert len(said["metrics"]) == 153
    rows = [dict(zip(said["table"]["columns"], row, strict=True)) for row in said["table"]["data"]]
    assert [(row["id"], row["contains"], row["refused"], row["trace"]) for row in rows] == [
        ("1", 1.0, False, "ab" * 16), ("2", 0.0, True, ""), ("3", None, False, "")
    ]  # fmt: skip
    assert said["files"] == ["run/results.jsonl"]
    assert said["calls"] == [] and said["here"] == [] and said["telemetry"] == "true"

    assert said["used"] == [["fish.jsonl 01234567", "0123456789abcdef", "mlflow_evaluation_dataset"]]
    assert len(said["records"]) == 3
    assert [{"question": "Who?"}, {"expected_response": "", "answerable": False}] in said["records"]

    answered, refused, failed = (said["traces"][name] for name in "123")
    assert {one["run"] for one in said["traces"].values()} == {said["id"]}
    assert (answered["ours"], answered["asked"], answered["said"]) == ("ab" * 16, "How many fish?", "Three.")
    assert answered["assessments"] == {
        "expected_response": "3", "answered_right": True, "token_f1": 1.0, "looks_fine": True
    }  # fmt: skip
    assert answered["spans"] == [
        ["invoke_workflow scoville", "CHAIN", None], ["retrieval", "RETRIEVER", "aa" * 8],
        ["chat small", "CHAT_MODEL", "aa" * 8],
    ]  # fmt: skip
    assert answered["inputs"] == {"question": "How many fish?"}
    assert answered["found"][0][0]["metadata"] == {"doc_uri": "docs/otter.txt", "score": 0.5}
    assert answered["tokens"]["total_tokens"] == 9
    assert refused["assessments"]["answered_right"] is False and len(refused["spans"]) == 1
    assert (failed["state"], failed["said"]) == ("ERROR", "the model is down")
    assert failed["assessments"]["refused_right"] == "the model is down"


def test_wandb_keeps_a_run_with_answers_and_refusals_in_the_workspace_without_a_key(tmp_path: Path):
    said = publish("wandb:handbook", WANDB, tmp_path)
    assert said["kept"] >= 1 and "send it with `wandb sync`" in said["places"][0]
    assert (said["trials"], said["in_sweep"]) == (1, [True, False])
    assert "wandb group sweep-1, kept in " in said["places"][-1]
    assert said["found"] == [
        "20260101-a1b2", "page_hit@5/low", "llm.model", "handbook", "fish.jsonl", "results.jsonl"
    ]  # fmt: skip
    columns, rows = said["tables"][0]["columns"], said["tables"][0]["data"]
    contains = columns.index("contains")
    assert [row[contains] for row in rows] == [1.0, 0.0, None]
    assert said["calls"] == [] and said["here"] == []
