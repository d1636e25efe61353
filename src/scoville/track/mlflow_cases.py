"""The cases of a run in MLflow: a dataset, and of each case its trace with what the metrics say of the answer.

Enters: a run as trackers take it, and the run of MLflow. Leaves: what MLflow shows under Evaluation runs, Datasets and
Traces. Written again, the same traces stand there with the new scores, and what people noted on them stays.
"""

import hashlib
import importlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scoville.track.mirror import MirroredCase, MirroredRun
from scoville.track.spans import DOCUMENTS, INPUT_MESSAGES, NANOSECONDS, OPERATION, OUTPUT_MESSAGES, QUERY
from scoville.track.traces import StoredSpan
from scoville.types import Score

CASES_TAG = "scoville_cases"
OURS = "scoville.run_id"
"""In the metadata of an assessment: that it may be replaced."""
SPAN_TYPES = {"invoke_workflow": "CHAIN", "retrieval": "RETRIEVER"}
"""Of the operations that MLflow does not know by itself."""
YES_OR_NO = "_right"
"""Metrics whose names end so say yes or no, which MLflow counts as passed and failed."""
BATCH = 100


def log_dataset(client: Any, store: Any, experiment: str, run_id: str, shown: MirroredRun) -> None:
    """Write the cases as a dataset of the experiment, once, and say that the run used it."""
    made = importlib.import_module("mlflow.entities")
    digest = shown.dataset_digest
    known = client.search_datasets([experiment], filter_string=f"tags.{CASES_TAG} = '{digest}'", max_results=1)
    dataset = known[0] if known else client.create_dataset(
        f"{shown.dataset or 'cases'} {digest[:8]}", experiment, {CASES_TAG: digest}
    )  # fmt: skip
    if not known:
        store.upsert_dataset_records(dataset.dataset_id, [_record(one) for one in shown.cases])
    used = made.Dataset(
        name=dataset.name, digest=digest, source_type=dataset.source._get_source_type(),  # noqa: SLF001
        source=dataset.source.to_json(), profile=json.dumps({"num_records": len(shown.cases)}),
    )  # fmt: skip
    context = made.InputTag(key="mlflow.data.context", value="evaluation")
    client.log_inputs(run_id, datasets=[made.DatasetInput(dataset=used, tags=[context])])


def log_traces(client: Any, tracing: Any, experiment: str, run_id: str, shown: MirroredRun) -> None:
    """Write a trace for each case, with what was expected and what the metrics say."""
    traces = {_trace_id(run_id, one): one for one in shown.cases}
    known = dict(_known(client, experiment, run_id))
    for at in range(0, len(gone := sorted(known.keys() - traces.keys())), BATCH):  # of cases that were asked again
        client.delete_traces(experiment, trace_ids=gone[at : at + BATCH])
    for name, one in traces.items():
        spans = _spans(name, one, shown.run.started)
        if name not in known:
            tracing.log_spans(experiment, spans)
        info = _info(name, one, experiment, run_id, shown, spans[0])
        tracing.start_trace(info)
        kept = {assessment.assessment_id for assessment in info.assessments}
        for old in known[name].assessments if name in known else ():
            if OURS in (old.metadata or {}) and old.assessment_id not in kept:
                tracing.delete_assessment(name, old.assessment_id)


def _trace_id(run_id: str, one: MirroredCase) -> str:
    """Name the trace of a case in this run of MLflow: a copy of the workspace may show the same one in another."""
    return f"tr-{_hash(run_id, one.spans[0].trace_id if one.spans else one.case.id)[:32]}"


def _known(client: Any, experiment: str, run_id: str) -> Iterable[tuple[str, Any]]:
    token = None
    while True:
        page = client.search_traces(
            locations=[experiment], run_id=run_id, include_spans=False, max_results=BATCH, page_token=token
        )
        yield from ((trace.info.trace_id, trace.info) for trace in page)
        token = page.token
        if not token:
            return


def _record(one: MirroredCase) -> dict[str, Any]:
    case = one.case
    history = [{"role": turn.role, "content": turn.content} for turn in case.history]
    evidence = [{"document": place.document, "page": place.page, "quote": place.quote} for place in case.evidence]
    return {
        "inputs": {"question": case.question, **({"history": history} if history else {})},
        "expectations": {"expected_response": one.expected, "answerable": case.answerable,
                         **({"evidence": evidence} if evidence else {})},
        "tags": {"case": case.id, **dict.fromkeys(case.tags, "true")},
    }  # fmt: skip


def _info(
    name: str, one: MirroredCase, experiment: str, run_id: str, shown: MirroredRun, root: Any
) -> Any:  # fmt: skip
    made = importlib.import_module("mlflow.entities")
    seconds = (root.end_time_ns - root.start_time_ns) / NANOSECONDS
    return made.TraceInfo(
        trace_id=name, trace_location=made.TraceLocation.from_experiment_id(experiment),
        request_time=root.start_time_ns // 1_000_000, execution_duration=int(1000 * seconds),
        state=made.trace_state.TraceState.ERROR if one.error else made.trace_state.TraceState.OK,
        request_preview=one.case.question, response_preview=one.error or one.answer,
        client_request_id=one.case.id, trace_metadata={"mlflow.sourceRun": run_id},
        tags={"mlflow.traceName": root.name, "scoville.case": one.case.id,
              **({"scoville.trace": one.spans[0].trace_id} if one.spans else {})},
        assessments=list(_assessments(name, one, shown, run_id, root.span_id)),
    )  # fmt: skip


def _assessments(name: str, one: MirroredCase, shown: MirroredRun, run_id: str, span_id: str) -> Iterable[Any]:
    """Give what was expected, and what the metrics say that say most."""
    made = importlib.import_module("mlflow.entities")
    about = {
        "trace_id": name, "span_id": span_id,
        "metadata": {OURS: shown.run.id, "mlflow.assessment.sourceRunId": run_id},
    }  # fmt: skip
    code = made.AssessmentSource(source_type="CODE", source_id="scoville")
    wanted = one.expected if one.case.answerable else "no answer: the documents do not say"
    given = [made.Expectation(name="expected_response", value=wanted, source=code, **about)] if wanted else []
    for metric in shown.headline:
        if score := one.scores.get(metric):
            judge = made.AssessmentSource(source_type="LLM_JUDGE", source_id=score.judge) if score.judge else code
            given.append(made.Feedback(name=metric, source=judge, **_said(score), **about))
    for assessment in given:  # so that it takes the place of the one from before
        assessment.assessment_id = f"a-{_hash(name, assessment.name)[:32]}"
        yield assessment


def _said(score: Score) -> dict[str, Any]:
    if score.value is None:
        made = importlib.import_module("mlflow.entities.assessment_error")
        return {"error": made.AssessmentError(error_code="UNSCORED", error_message=score.reason)}
    value = score.value == 1 if score.metric.endswith(YES_OR_NO) else float(score.value)
    return {"value": value, "rationale": score.reason or None}


def _spans(name: str, one: MirroredCase, started: float) -> list[Any]:
    """Give the spans as MLflow's, the outermost first; one for the whole where none were kept."""
    stored = one.spans or [_whole(one, started)]
    found = stored[0].attributes.get(DOCUMENTS, "")
    return [_span(name, span, one if span is stored[0] else None, found) for span in stored]


def _whole(one: MirroredCase, started: float) -> StoredSpan:
    begun = int(started * NANOSECONDS)
    return StoredSpan(
        trace_id="", span_id=_hash(one.case.id)[:16], parent_id="", name="question", started=begun,
        finished=begun + int(one.seconds * NANOSECONDS), status="ERROR" if one.error else "OK",
        attributes={OPERATION: "invoke_workflow"},
    )  # fmt: skip


def _span(name: str, stored: StoredSpan, root_of: MirroredCase | None, found: str) -> Any:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, Status, StatusCode

    def context(span_id: str) -> SpanContext:
        return SpanContext(int(name.removeprefix("tr-"), 16), int(span_id, 16), is_remote=False)

    operation = stored.attributes.get(OPERATION)
    attributes: dict[str, Any] = {"mlflow.traceRequestId": name, **stored.attributes}
    if operation in SPAN_TYPES:
        attributes["mlflow.spanType"] = SPAN_TYPES[operation]
    if root_of:
        attributes |= {"mlflow.spanInputs": {"question": root_of.case.question},
                       "mlflow.spanOutputs": root_of.error or root_of.answer}  # fmt: skip
        for taken in (INPUT_MESSAGES, OUTPUT_MESSAGES, DOCUMENTS):
            attributes.pop(taken, None)
    elif operation == "retrieval":
        attributes |= {"mlflow.spanInputs": stored.attributes.get(QUERY, ""),
                       "mlflow.spanOutputs": _documents(found)}  # fmt: skip
    return importlib.import_module("mlflow.entities").Span(ReadableSpan(
        name=stored.name, context=context(stored.span_id),
        parent=context(stored.parent_id) if stored.parent_id and not root_of else None,
        start_time=stored.started, end_time=stored.finished, resource=Resource.get_empty(),
        status=Status(StatusCode[stored.status]),
        attributes={key: json.dumps(value, ensure_ascii=False) for key, value in attributes.items()},
    ))  # fmt: skip


def _documents(found: str) -> Sequence[Mapping[str, Any]]:
    """Give the passages in the form in which MLflow shows what a retriever found."""
    return [
        {"id": one["id"], "page_content": "", "metadata": {"doc_uri": one["document"], "score": one["score"]}}
        for one in json.loads(found or "[]")
    ]


def _hash(*of: str) -> str:
    return hashlib.sha256("\n".join(of).encode()).hexdigest()
