"""An answer, an `add` or a failure becomes OpenTelemetry spans, in the GenAI semantic conventions.

Enters: what was done, with when each stage began and how long it took. Leaves: spans below the caller's own, if there
is one. They are made when the work is over, so that tracing takes no time of it and nothing is imported before.

    invoke_workflow scoville        the question: tokens and dollars of all replies, refused or not, why
    ├── retrieval                   the search; below it a span for each step
    │   ├── embeddings NAME
    │   ├── dense, bm25, fuse, ...
    │   └── rewrite ── chat NAME    what the model was asked on behalf of the search
    ├── chat NAME                   what it wrote in a step of the prompt
    ├── prompt
    ├── chat NAME                   the reply: tokens, dollars, seconds to the first one
    └── ground

Knows not where spans go.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scoville.index import AddReport
from scoville.recipe.model import is_hosted, name_of
from scoville.track.ledger import Entry
from scoville.types import Answer, Message, Reply, Stage

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

OPERATION = "gen_ai.operation.name"
WORKFLOW = "gen_ai.workflow.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
FINISH_REASONS = "gen_ai.response.finish_reasons"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
QUERY = "gen_ai.retrieval.query.text"
DOCUMENTS = "gen_ai.retrieval.documents"
ERROR_TYPE = "error.type"
NOTE = "scoville.note"
FEE = "scoville.cost.fee_usd"
HARDWARE = "scoville.cost.hardware_usd"
REFUSED = "scoville.refused"
REASON = "scoville.refusal.reason"
WITHHELD = "scoville.refusal.withheld"
SUPPORT = "scoville.support"
"""The probability that the passages answer the question."""
CITATIONS = "scoville.citations"
GUARDS = "scoville.guards.findings"
RUN = "scoville.run.id"
CASE = "scoville.case.id"
CALLER = "user.id"
"""Who asked: the name of a key of the service."""
RELEASE = "scoville.release"
"""What answered, where that was not the workspace as it was then."""
ROUTE = "scoville.release.route"
"""Why that release was asked: `production`, `production canary`, `production shadow`, or its own name."""
SHADOWED = "scoville.release.shadowed"
"""The trace of the answer that was shown, of which this is the shadow."""
AGREES = "scoville.release.agrees"
"""Of a shadow: whether it answered where the other did, from the same documents."""
LIKENESS = "scoville.release.likeness"
"""Of a shadow: how alike both answers are in their words, 0..1."""
SUM = "scoville.seconds"
CONTENT = frozenset({INPUT_MESSAGES, OUTPUT_MESSAGES, QUERY, DOCUMENTS, CITATIONS, NOTE, WITHHELD})
"""Attributes that hold what people and documents say."""
NANOSECONDS = 1_000_000_000
ROOT = "invoke_workflow scoville"
MOST_DOCUMENTS = 20
MOST_PROMPT = 24_000
"""Characters of what a model was given that a span holds: mostly all of it, some 6,000 tokens."""

Attributes = dict[str, Any]


def answer_spans(
    tracer: "Tracer", answer: Answer, *, embedder: str, entries: Sequence[Entry] = (), about: Attributes | None = None
) -> str:
    """Make the spans of an answer and give the id of their trace, 32 hex digits; empty where none is wanted.

    ``entries`` are those of the ledger, in its order: the search, its replies, the answer. ``about`` is added to the
    outermost span.
    """
    from opentelemetry.trace import set_span_in_context

    zero = int(answer.started_at * NANOSECONDS)
    root = tracer.start_span(ROOT, attributes=_root(answer, entries) | (about or {}), start_time=zero)
    if not root.is_recording():  # the environment, or the caller's sampler, wants none
        return ""
    root.end(zero + int(answer.total_seconds * NANOSECONDS))
    within = {"": set_span_in_context(root)}
    earlier = (*answer.search_replies, *answer.step_replies)
    priced = list(zip(earlier, entries[1:], strict=False))
    thoughts = iter(priced or [(reply, None) for reply in earlier])
    last = (answer.reply, entries[-1] if entries else None)
    for stage in answer.stages:
        parent, _, name = stage.name.rpartition("/")
        if name == "generate":
            reply, entry = last if not parent else next(thoughts, (None, None))
            name, attributes = _chat(reply, entry) if reply else (name, {})
        else:
            name, attributes = _stage(stage, name, answer, embedder)
        start = zero + int(stage.started * NANOSECONDS)
        span = tracer.start_span(name, within.get(parent, within[""]), attributes=attributes, start_time=start)
        span.end(start + int(stage.seconds * NANOSECONDS))
        within[stage.name] = set_span_in_context(span)
    return f"{root.get_span_context().trace_id:032x}"


def added_spans(tracer: "Tracer", report: AddReport, embedder: str, ended_at: float) -> str:
    """Make the spans of an `add` or a `sync` and give the id of their trace.

    Its stages overlap and only their sums are known: each begins with the whole and is as long as its sum, or as the
    whole where that is shorter.
    """
    from opentelemetry.trace import set_span_in_context

    start = int((ended_at - report.seconds) * NANOSECONDS)
    counts = ("documents", "passages", "added", "changed", "removed", "unchanged")
    about: Attributes = {WORKFLOW: "add", INPUT_TOKENS: report.tokens, REQUEST_MODEL: embedder}
    about |= {f"scoville.{name}": getattr(report, name) for name in counts} | {"scoville.failed": len(report.failed)}
    root = tracer.start_span("add", attributes=about, start_time=start)
    root.end(start + int(report.seconds * NANOSECONDS))
    for name, seconds in report.seconds_by_stage.items():
        span = tracer.start_span(name, set_span_in_context(root), attributes={SUM: seconds}, start_time=start)
        span.end(start + int(min(seconds, report.seconds) * NANOSECONDS))
    return f"{root.get_span_context().trace_id:032x}"


def failure_span(
    tracer: "Tracer",
    question: str,
    error: BaseException,
    reason: str,
    started_at: float,
    ended_at: float,
    about: Attributes,
) -> str:
    """Make the span of a question that got no answer, for a reason, and give the id of its trace."""
    from opentelemetry.trace import Status, StatusCode

    attributes = {OPERATION: "invoke_workflow", WORKFLOW: "scoville", ERROR_TYPE: type(error).__name__}
    attributes |= {INPUT_MESSAGES: _message("user", question)} | about
    span = tracer.start_span(ROOT, attributes=attributes, start_time=int(started_at * NANOSECONDS))
    span.set_status(Status(StatusCode.ERROR, type(error).__name__))  # its words may hold anything: they stay local
    span.set_attribute(NOTE, reason)
    span.end(int(ended_at * NANOSECONDS))
    return f"{span.get_span_context().trace_id:032x}"


def _root(answer: Answer, entries: Sequence[Entry]) -> Attributes:
    replies = answer.replies
    about: Attributes = {
        OPERATION: "invoke_workflow", WORKFLOW: "scoville", REFUSED: answer.refused,
        INPUT_TOKENS: sum(reply.prompt_tokens for reply in replies),
        OUTPUT_TOKENS: sum(reply.completion_tokens for reply in replies),
        INPUT_MESSAGES: _message("user", answer.question), OUTPUT_MESSAGES: _message("assistant", answer.text),
        DOCUMENTS: json.dumps([{"id": hit.passage.id, "document": hit.passage.source, "score": round(hit.score, 4)}
                               for hit in answer.hits[:MOST_DOCUMENTS]], ensure_ascii=False),
    }  # fmt: skip
    if answer.citations:
        cited = [{"document": one.document, "page": one.page, "state": one.state} for one in answer.citations]
        about[CITATIONS] = json.dumps(cited, ensure_ascii=False)
    if answer.probability is not None:
        about[SUPPORT] = round(answer.probability, 4)
    if answer.findings:
        about[GUARDS] = len(answer.findings)
    if answer.reason:
        about[REASON] = answer.reason
    if answer.withheld:
        about[WITHHELD] = answer.withheld
    if entries:
        about[HARDWARE] = sum(entry.hardware_usd for entry in entries)
        if None not in [entry.fee_usd for entry in entries]:
            about[FEE] = sum(entry.fee_usd or 0.0 for entry in entries)
    return about


def _chat(reply: Reply, entry: Entry | None) -> tuple[str, Attributes]:
    model = name_of(reply.model)
    about: Attributes = {
        OPERATION: "chat", PROVIDER: reply.runtime, REQUEST_MODEL: model, RESPONSE_MODEL: model,
        INPUT_TOKENS: reply.prompt_tokens, OUTPUT_TOKENS: reply.completion_tokens,
        FINISH_REASONS: (reply.finish_reason,), FIRST_CHUNK: reply.first_token_seconds,
        OUTPUT_MESSAGES: _message("assistant", reply.text, reply.finish_reason),
    }  # fmt: skip
    if reply.messages:
        about[INPUT_MESSAGES] = _prompt(reply.messages)
    if entry:
        about[HARDWARE] = entry.hardware_usd
        if entry.fee_usd is not None:
            about[FEE] = entry.fee_usd
    return f"chat {model}", about


def _stage(stage: Stage, name: str, answer: Answer, embedder: str) -> tuple[str, Attributes]:
    about: Attributes = {NOTE: stage.note} if stage.note else {}
    if stage.name == "search":
        return "retrieval", about | {OPERATION: "retrieval", QUERY: answer.question}
    if name == "embed":
        model = name_of(embedder)
        provider = "openai" if is_hosted(embedder) else "openvino"
        return f"embeddings {model}", about | {OPERATION: "embeddings", PROVIDER: provider, REQUEST_MODEL: model}
    return name, about


def _message(role: str, text: str, finish_reason: str = "") -> str:
    """Write a message in the form of the conventions."""
    message = _part(role, text)
    return json.dumps([message | ({"finish_reason": finish_reason} if finish_reason else {})], ensure_ascii=False)


def _prompt(messages: Sequence[Message]) -> str:
    """Write what a model was given; of what is too long the middle is left out."""
    most = MOST_PROMPT // len(messages)
    return json.dumps([_part(one.role, _cut(one.content, most)) for one in messages], ensure_ascii=False)


def _part(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half:,} characters are not kept …]\n{text[-half:]}"
