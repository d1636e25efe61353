"""Where spans go: into the workspace's database, and to an OTLP endpoint where the environment names one.

Enters: spans that have ended. Leaves: rows; and requests to the endpoint of ``OTEL_EXPORTER_OTLP_ENDPOINT`` or
``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT``, without which nothing leaves the machine. What people and documents say stays in
the workspace unless ``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`` is true; secrets of the environment are in
neither. Both are written by threads of their own: an endpoint that is down costs a question nothing.
"""

import json
import logging
import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from scoville.errors import ScovilleError
from scoville.track.background import THREAD_NAME, Background
from scoville.track.spans import CONTENT
from scoville.track.store import Store

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
CAPTURED = {"true", "1", "span_only", "span_and_event"}
KEPT_SPANS = 200_000
"""So many are kept in the workspace, of about 15,000 questions; the oldest go. Short answers take 350 bytes a span."""
QUEUED_SPANS = 20_000
INSERT = (
    "INSERT INTO spans (trace_id, span_id, parent_id, name, started, finished, status, attributes) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
URL_USER = re.compile(r"(?<=://)[^/?#@\s]+(?=@)")
SECRET_NAME = re.compile(r"key|token|secret|passw|credential|authorization|headers|cookie", re.IGNORECASE)
SHORTEST_SECRET = 8
HIDDEN = "***"

Hide = Callable[[Any], Any]


def make_provider(store: Store) -> "tuple[Any, list[Background[ReadableSpan]]]":
    """Make a tracer provider that stores spans, and exports them where the environment says so; and its queues."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.id_generator import IdGenerator

    class Ids(IdGenerator):
        """Ids by chance alone: the SDK's follow ``random.seed``, and programs with one would share their traces."""

        def generate_span_id(self) -> int:
            return secrets.randbits(64) or 1

        def generate_trace_id(self) -> int:
            return secrets.randbits(128) or 1

    class Queue(SpanProcessor):
        """Hands spans that ended to the queues."""

        def on_end(self, span: "ReadableSpan") -> None:
            for queue in queues:
                queue.put(span)

    hide = hide_secrets(os.environ)
    local: Background[ReadableSpan] = Background(
        lambda spans: store_spans(store, spans, hide), "traces", queue=QUEUED_SPANS
    )
    queues = [local]
    if wants_export(os.environ):
        queues.append(Background(_otlp(hide), "exported traces", queue=QUEUED_SPANS))
    resource = Resource.create({"service.name": "scoville", "service.version": version("scoville")})
    provider = TracerProvider(resource=resource, id_generator=Ids(), shutdown_on_exit=False)
    provider.add_span_processor(Queue())
    return provider, queues


def wants_export(environment: Mapping[str, str]) -> bool:
    """Say whether the standard variables ask for export."""
    named = any(environment.get(name, "").strip() for name in ENDPOINTS)
    return named and environment.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() != "none"


def store_spans(store: Store, spans: "Sequence[ReadableSpan]", hide: Hide) -> None:
    """Write spans, and forget the oldest."""
    with store.writing():
        store.write(INSERT, [_row(span, hide) for span in spans])
        store.write("DELETE FROM spans WHERE id <= (SELECT max(id) FROM spans) - ?", [(KEPT_SPANS,)])


def hide_secrets(environment: Mapping[str, str]) -> Hide:
    """Give a function that takes users of URLs, and values of variables named like secrets, out of texts."""
    secrets = {
        value for name, value in environment.items() if SECRET_NAME.search(name) and len(value) >= SHORTEST_SECRET
    }
    longest_first = sorted(secrets, key=len, reverse=True)

    def hide(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        for secret in longest_first:
            value = value.replace(secret, HIDDEN)
        return URL_USER.sub(HIDDEN, value) if "://" in value else value  # of a page of text a tenth of the time

    return hide


def _row(span: "ReadableSpan", hide: Hide) -> tuple[Any, ...]:
    own, parent = span.get_span_context(), span.parent
    assert own is not None, "a span that has ended has a context"
    attributes = {name: hide(value) for name, value in (span.attributes or {}).items()}
    return (
        f"{own.trace_id:032x}", f"{own.span_id:016x}", f"{parent.span_id:016x}" if parent else "", hide(span.name),
        span.start_time, span.end_time, span.status.status_code.name, json.dumps(attributes, ensure_ascii=False),
    )  # fmt: skip


def _otlp(hide: Hide) -> "Callable[[Sequence[ReadableSpan]], None]":
    """Give a function that sends spans; it is opened, with what it imports, by its first call."""
    captured = os.environ.get(CAPTURE, "").strip().lower() in CAPTURED
    opened: list[Any] = []

    def send(spans: "Sequence[ReadableSpan]") -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import SpanExportResult

        if not opened:
            logging.getLogger(OTLPSpanExporter.__module__).addFilter(_not_ours)
            opened.append(OTLPSpanExporter())
        if opened[0].export([_shared(span, hide, captured) for span in spans]) is not SpanExportResult.SUCCESS:
            endpoint = next(filter(None, map(os.environ.get, ENDPOINTS))) or ""
            raise ScovilleError(f"{endpoint.partition('?')[0].rpartition('@')[2]} does not take them")

    return send


def _not_ours(record: logging.LogRecord) -> bool:
    """Keep the exporter from telling each try of ours: what is lost is said once."""
    return record.threadName != THREAD_NAME


def _shared(span: "ReadableSpan", hide: Hide, captured: bool) -> "ReadableSpan":
    """Copy a span without what stays in the workspace."""
    from opentelemetry.sdk.trace import ReadableSpan

    return ReadableSpan(
        name=hide(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={
            name: hide(value) for name, value in (span.attributes or {}).items() if captured or name not in CONTENT
        },
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
