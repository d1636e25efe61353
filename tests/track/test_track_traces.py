"""Spans of answers: their form, where they go, what stays at home, and that nothing waits for them."""

import gzip
import json
import logging
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conftest import Bench
from scoville.answer import open_answerer
from scoville.cli.trace import command as trace
from scoville.errors import ProviderError, UsageError, WorkspaceError
from scoville.index import Workspace
from scoville.track import exporters, spans
from scoville.track.background import Background
from scoville.track.exporters import hide_secrets, wants_export
from scoville.track.ledger import Ledger, totals
from scoville.track.store import FILE_NAME, Store
from scoville.track.traces import Branch, find_trace, load_trace, recent
from scoville.track.tracker import Tracker
from scoville.types import Answer

QUESTION = "How many days of leave do staff have?"


@pytest.fixture(autouse=True)
def _no_export(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    for name in (*exporters.ENDPOINTS, exporters.CAPTURE, "OTEL_TRACES_EXPORTER", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)


NO_GUARDS: dict[str, Any] = {"question": [], "passages": [], "answer": []}
"""Their stages are counted in tests/guards."""


@pytest.fixture
def asked(bench: Bench) -> Answer:
    bench.write("leave.txt", "Staff have thirty days of leave in a year.")
    bench.add()
    bench.set(answer={"min_similarity": -1}, guards=NO_GUARDS)
    answerer = open_answerer(bench.workspace, bench.recipe)
    answer = answerer.ask(QUESTION)
    answerer.llm.close()
    assert answer.reply
    return answer


def without_guards(branches: Sequence[Branch]) -> list[Branch]:
    return [branch for branch in branches if not branch.span.name.startswith("guard_")]


def make_tracker(root: Path, **options: Any) -> Tracker:
    return Tracker(Workspace(root), Ledger(3.6, "run-1"), **options)


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[Tracker]:
    tracker = make_tracker(tmp_path / "work")
    yield tracker
    tracker.close()


@pytest.fixture
def look(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    opened: list[Store] = []

    def open_store() -> Store:
        opened.append(Store(tmp_path / "work" / ".scoville" / FILE_NAME, create=False))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


Look = Callable[[], Store]


def stored(tracker: Tracker, look: Look, trace_id: str) -> list[Branch]:
    tracker.flush()
    return load_trace(look(), trace_id)


class TestAnswer:
    def test_every_stage_is_a_span_below_the_one_it_is_part_of(self, asked: Answer, tracker: Tracker, look: Look):
        branches = without_guards(stored(tracker, look, tracker.answered(asked, "fake")))
        assert [branch.span.name for branch in branches if branch.depth < 2] == [
            "invoke_workflow scoville", "retrieval", "prompt", "chat fake", "ground",
        ]  # fmt: skip
        steps = branches[2:9]  # some run side by side
        assert {branch.depth for branch in steps} == {2}
        assert {branch.span.name for branch in steps} == {
            "rewrite", "embeddings fake", "dense", "bm25", "fuse", "distinct", "widen",
        }  # fmt: skip

    def test_each_stands_within_the_one_above_it(self, asked: Answer, tracker: Tracker, look: Look):
        known = {one.span.span_id: one.span for one in stored(tracker, look, tracker.answered(asked, "fake"))}
        for span in known.values():
            assert span.finished >= span.started
            above = known.get(span.parent_id)
            assert above is None or above.started <= span.started and span.finished <= above.finished + 1000

    def test_it_began_when_the_question_was_asked(self, asked: Answer, tracker: Tracker, look: Look):
        root = stored(tracker, look, tracker.answered(asked, "fake"))[0].span
        assert abs(root.started / 1e9 - asked.started_at) < 1e-3
        assert root.seconds == pytest.approx(asked.total_seconds, abs=1e-6)
        assert abs(time.time() - asked.started_at) < 60

    def test_tokens_and_dollars_stand_in_the_conventions_words(self, asked: Answer, tracker: Tracker, look: Look):
        branches = stored(tracker, look, tracker.answered(asked, "fake", case_id="7"))
        root, chat = (
            branches[0].span.attributes,
            next(b.span for b in branches if b.span.name == "chat fake").attributes,
        )
        assert asked.reply
        assert chat["gen_ai.operation.name"] == "chat"
        assert chat["gen_ai.request.model"] == "fake"
        assert chat["gen_ai.usage.input_tokens"] == asked.reply.prompt_tokens == root["gen_ai.usage.input_tokens"]
        assert chat["gen_ai.usage.output_tokens"] == asked.reply.completion_tokens
        assert chat["gen_ai.response.finish_reasons"] == ["stop"]
        assert chat["scoville.cost.fee_usd"] == 0.0
        assert chat["scoville.cost.hardware_usd"] == pytest.approx(asked.reply.total_seconds * 0.001)
        assert (root["scoville.case.id"], root["scoville.run.id"]) == ("7", "run-1")
        assert json.loads(root["gen_ai.output.messages"])[0]["parts"][0]["content"] == asked.text

    def test_what_the_model_was_given_is_kept_without_personal_data_and_bounded(
        self, asked: Answer, tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch
    ):
        def given(**options: Any) -> str:
            tracker = make_tracker(tmp_path / "work", **options)
            (chat,) = (one.span for one in stored(tracker, look, tracker.answered(asked, "fake")) if one.span.messages
                       and one.depth)  # fmt: skip
            tracker.close()
            assert chat.name == "chat fake"
            return "\n".join(text for _, text in chat.messages)

        assert "Staff have thirty days of leave" in given() and QUESTION in given()
        assert "thirty" not in given(redact=lambda text: text.replace("thirty", "***"))
        monkeypatch.setattr(spans, "MOST_PROMPT", 40)
        assert "characters are not kept" in given() and "thirty days" not in given()

    def test_programs_with_the_same_seed_have_traces_of_their_own(self, asked: Answer, tracker: Tracker):
        ids: set[str] = set()
        for _ in range(2):
            random.seed(42)
            ids.add(tracker.answered(asked, "fake"))
        assert len(ids) == 2

    def test_every_name_of_the_conventions_is_one(self):
        from opentelemetry.semconv._incubating.attributes import gen_ai_attributes as known

        names = {value for name, value in vars(known).items() if name.isupper()}
        ours = {value for value in vars(spans).values() if isinstance(value, str) and value.startswith("gen_ai.")}
        assert len(ours) > 10 and ours <= names

    def test_a_rewritten_question_shows_what_the_model_was_asked(self, bench: Bench, tracker: Tracker, look: Look):
        bench.write("leave.txt", "Staff have thirty days of leave in a year.")
        bench.add()
        bench.set(rewrite={"phrasings": 1}, guards=NO_GUARDS)
        answerer = open_answerer(bench.workspace, bench.recipe)
        answer = answerer.ask(QUESTION)
        answerer.llm.close()
        assert len(answer.search_replies) == 1
        found = [
            (b.depth, b.span.name) for b in without_guards(stored(tracker, look, tracker.answered(answer, "fake")))
        ]
        assert found[:4] == [(0, "invoke_workflow scoville"), (1, "retrieval"), (2, "rewrite"), (3, "chat fake")]

    def test_the_callers_span_is_its_parent(self, asked: Answer, tracker: Tracker, look: Look):
        from opentelemetry.sdk.trace import TracerProvider

        with TracerProvider(shutdown_on_exit=False).get_tracer("caller").start_as_current_span("request") as caller:
            trace_id = tracker.answered(asked, "fake")
        assert trace_id == f"{caller.get_span_context().trace_id:032x}"
        root = stored(tracker, look, trace_id)[0].span
        assert root.parent_id == f"{caller.get_span_context().span_id:016x}"
        assert [span.name for span in recent(look())] == [root.name]

    def test_none_is_made_where_the_environment_wants_none(
        self, asked: Answer, tracker: Tracker, look: Look, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
        assert tracker.answered(asked, "fake") == ""
        tracker.flush()
        assert recent(look()) == [] and totals(look())

    def test_a_failure_is_a_trace_with_its_reason(self, tracker: Tracker, look: Look):
        trace_id = tracker.failed(QUESTION, ProviderError("the endpoint is down"), time.time() - 2)
        (branch,) = stored(tracker, look, trace_id)
        assert branch.span.status == "ERROR" and branch.span.question == QUESTION
        assert branch.span.attributes["error.type"] == "ProviderError"
        assert branch.span.attributes["scoville.note"] == "the endpoint is down"
        assert branch.span.seconds == pytest.approx(2, abs=0.5)

    def test_adding_is_a_trace_with_its_stages(self, bench: Bench, tracker: Tracker, look: Look):
        bench.write("leave.txt", "Staff have thirty days of leave in a year.")
        report = bench.add()
        branches = stored(tracker, look, tracker.added(report, "fake", "abc", {"docs/leave.txt": "digest"}))
        assert {branch.span.name for branch in branches} == {"add", *report.seconds_by_stage}
        assert branches[0].span.attributes["scoville.added"] == 1
        assert [total.group for total in totals(look())] == ["ingest"]

    def test_the_ledger_is_kept_without_traces_too(self, asked: Answer, tmp_path: Path, look: Look):
        tracker = make_tracker(tmp_path / "work", traces=False)
        assert tracker.answered(asked, "fake") == ""
        tracker.close()
        assert {total.group for total in totals(look())} == {"search", "generation"}
        assert recent(look()) == []

    def test_the_oldest_spans_go(self, asked: Answer, tracker: Tracker, look: Look, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(exporters, "KEPT_SPANS", 12)
        first, second = tracker.answered(asked, "fake"), tracker.answered(asked, "fake")
        assert stored(tracker, look, second) and not stored(tracker, look, first)


class TestSecrets:
    def test_values_of_secret_variables_are_hidden(self):
        hide = hide_secrets({"OPENAI_API_KEY": "sk-123456789", "HOME": "/home/ada-lovelace", "SHORT_TOKEN": "abc"})
        assert hide("key sk-123456789 at /home/ada-lovelace abc") == "key *** at /home/ada-lovelace abc"
        assert hide("postgres://ada:hunter2@db/x, a@b.example") == "postgres://***@db/x, a@b.example"
        assert hide(5) == 5 and hide_secrets({})("x") == "x"

    def test_they_are_not_stored(self, tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-value")
        tracker = make_tracker(tmp_path / "work")
        tracker.failed("my key is sk-very-secret-value", ProviderError("refused sk-very-secret-value"), time.time())
        tracker.close()
        rows = str(look().query("SELECT * FROM spans"))
        assert "my key is ***" in rows and "sk-very-secret" not in rows


class Receiver:
    """An OTLP endpoint on this machine that keeps what it is sent."""

    def __init__(self, status: int = 200) -> None:
        requests = self.requests = list[tuple[str, dict[str, str], bytes]]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
                requests.append((self.path, dict(self.headers), body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def resources(self) -> list[Any]:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        return [
            one for _, _, body in self.requests for one in ExportTraceServiceRequest.FromString(body).resource_spans
        ]

    def spans(self) -> list[Any]:
        return [span for one in self.resources() for scope in one.scope_spans for span in scope.spans]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def attributes(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


class TestExport:
    def test_an_endpoint_gets_the_same_spans_without_content(
        self, asked: Answer, tmp_path: Path, receiver: Receiver, look: Look, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=handbook")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
        tracker = make_tracker(tmp_path / "work")
        trace_id = tracker.answered(asked, "fake")
        tracker.close()
        ((path, headers, body),) = receiver.requests
        assert path == "/v1/traces" and headers["x-team"] == "handbook"
        sent, kept = receiver.spans(), load_trace(look(), trace_id)
        assert {span.span_id.hex() for span in sent} == {branch.span.span_id for branch in kept}
        assert {span.trace_id.hex() for span in sent} == {trace_id}
        chat = next(span for span in sent if span.name == "chat fake")
        assert asked.reply and attributes(chat)["gen_ai.usage.input_tokens"] == asked.reply.prompt_tokens
        (resource,) = receiver.resources()
        assert {one.key: one.value.string_value for one in resource.resource.attributes}["service.name"] == "scoville"
        assert QUESTION.encode() not in body and b"thirty days" not in body and b"leave.txt" not in body

    def test_content_is_sent_when_it_is_asked_for(
        self, asked: Answer, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{receiver.url}/elsewhere")
        monkeypatch.setenv(exporters.CAPTURE, "true")
        tracker = make_tracker(tmp_path / "work")
        tracker.answered(asked, "fake")
        tracker.close()
        assert receiver.requests[0][0] == "/elsewhere"
        root = next(span for span in receiver.spans() if not span.parent_span_id)
        assert QUESTION in attributes(root)["gen_ai.input.messages"]

    @pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://192.0.2.1:4318", "nonsense"])
    def test_an_endpoint_that_is_down_costs_a_question_nothing(
        self, asked: Answer, tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture, endpoint: str,
    ):  # fmt: skip
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        tracker = make_tracker(tmp_path / "work")
        tracker.answered(asked, "fake")  # opens
        started = time.perf_counter()
        trace_id = tracker.answered(asked, "fake")
        assert time.perf_counter() - started < 5  # it waits for no reply
        started = time.perf_counter()
        tracker.close()
        assert time.perf_counter() - started < 20
        assert tracker.dropped == 30
        assert len(load_trace(look(), trace_id)) == 15
        said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert len(said) == 1 and said[0].startswith("exported traces are lost: ")

    def test_nothing_is_exported_unless_it_is_asked_for(self):
        assert not wants_export({})
        assert not wants_export({"OTEL_EXPORTER_OTLP_ENDPOINT": " "})
        assert not wants_export({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"})
        assert wants_export({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"})


class TestTrouble:
    def test_a_damaged_database_costs_the_record_and_not_the_answer(
        self, asked: Answer, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ):
        folder = tmp_path / "work" / ".scoville"
        folder.mkdir(exist_ok=True)
        (folder / FILE_NAME).write_bytes(b"nonsense" * 1000)
        tracker = make_tracker(tmp_path / "work")
        assert tracker.answered(asked, "fake") == tracker.answered(asked, "fake") == ""
        tracker.close()
        assert sum("is damaged" in record.getMessage() for record in caplog.records) == 1

    def test_threads_share_a_tracker(self, asked: Answer, tracker: Tracker, look: Look):
        threads = [threading.Thread(target=tracker.answered, args=(asked, "fake")) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tracker.flush()
        assert len(recent(look())) == 8 and tracker.dropped == 0

    def test_opentelemetry_is_imported_when_a_trace_is_made(self, tmp_path: Path):
        code = (
            "import sys; from pathlib import Path\n"
            "from scoville.track.tracker import Tracker; from scoville.track.ledger import Ledger\n"
            "from scoville.index import Workspace; import scoville.cli.trace\n"
            f"Tracker(Workspace(Path({str(tmp_path)!r})), Ledger(1.0))\n"
            "print([name for name in sys.modules if name.startswith(('opentelemetry', 'google', 'requests'))])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "[]\n"

    def test_what_was_asked_is_kept_when_the_process_ends(self, tmp_path: Path, look: Look):
        code = (
            "import time; from pathlib import Path\n"
            "from scoville.track.tracker import Tracker; from scoville.track.ledger import Ledger\n"
            "from scoville.index import Workspace\n"
            f"tracker = Tracker(Workspace(Path({str(tmp_path / 'work')!r})), Ledger(1.0))\n"
            "print(tracker.failed('why?', ValueError('because'), time.time()))"
        )
        done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
        assert [span.trace_id for span in recent(look())] == [done.stdout.strip()]


class TestBackground:
    def test_a_full_queue_drops_and_counts(self, caplog: pytest.LogCaptureFixture):
        go, written = threading.Event(), list[int]()
        queue = Background[int](lambda items: (go.wait(60), written.extend(items))[1], "numbers", queue=3)
        for number in range(10):
            queue.put(number)
        go.set()
        queue.close()
        assert len(written) + queue.dropped == 10 and queue.dropped >= 4
        assert sum("numbers are lost" in record.getMessage() for record in caplog.records) == 1

    def test_a_write_that_fails_costs_its_batch_and_is_said_once(self, caplog: pytest.LogCaptureFixture):
        written = list[int]()

        def write(items: Sequence[int]) -> None:
            if 1 in items:
                raise OSError("the disk is full")
            written.extend(items)

        queue = Background[int](write, "numbers")
        for number in (1, 1, 3):
            queue.put(number)
            queue.flush()
        queue.close()
        assert written == [3] and queue.dropped == 2
        assert [record.getMessage() for record in caplog.records] == ["numbers are lost: the disk is full"]

    def test_a_row_that_cannot_be_written_costs_only_itself(self, caplog: pytest.LogCaptureFixture):
        written = list[str]()

        def write(items: Sequence[str]) -> None:
            "".join(items).encode()  # as SQLite does; it keeps nothing of a batch that it refuses
            written.extend(items)

        queue = Background[str](write, "names")
        names = [str(number) for number in range(100)]
        names[17] = names[60] = "\ud800"
        for name in names:
            queue.put(name)
        assert queue.close(60)
        assert written == [name for name in names if name != "\ud800"] and queue.dropped == 2
        assert sum("names are lost" in record.getMessage() for record in caplog.records) == 1

    def test_without_a_thread_items_are_lost_and_nothing_else(self, monkeypatch: pytest.MonkeyPatch):
        def refuse(_thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", refuse)
        queue = Background[int](lambda _: None, "numbers")
        queue.put(1)
        assert queue.close()
        assert queue.dropped == 1

    def test_flush_waits_for_what_was_put(self):
        written = list[int]()
        queue = Background[int](lambda items: (time.sleep(0.05), written.extend(items))[1], "numbers")
        for number in range(5):
            queue.put(number)
        assert queue.flush() and written == [0, 1, 2, 3, 4]
        queue.close()

    def test_close_gives_up_after_its_time(self):
        go = threading.Event()
        queue = Background[int](lambda _: go.wait(60) and None, "numbers")
        queue.put(1)
        started = time.perf_counter()
        queue.close(0.1)
        assert time.perf_counter() - started < 20
        go.set()


class TestCommand:
    @pytest.fixture
    def root(self, asked: Answer, tmp_path: Path) -> str:
        tracker = make_tracker(tmp_path / "work")
        tracker.answered(asked, "fake")
        tracker.failed("Why \x1b[31mnot?", ProviderError("down"), time.time())
        tracker.close()
        return str(tmp_path / "work")

    def run(self, *words: str) -> str:
        return CliRunner().invoke(trace, list(words), catch_exceptions=False).stdout

    def test_it_lists_the_newest_first(self, root: str):
        failed, asked = self.run("-w", root).splitlines()
        assert "failed Why \\x1b[31mnot?" in failed
        assert asked.endswith(QUESTION)
        assert self.run("-w", root, "-n", "1").splitlines() == [failed]

    def test_it_draws_a_waterfall(self, root: str, asked: Answer):
        name = self.run("-w", root).splitlines()[1].split()[0]
        lines = self.run("-w", root, name).splitlines()
        assert lines[0].startswith(f"trace {name}") and lines[1] == QUESTION
        drawn = lines[3:]
        assert len(drawn) == 15
        bars = [line.split("|")[1] for line in drawn]
        assert len({len(bar) for bar in bars}) == 1 and all("#" in bar for bar in bars)
        assert bars[0].strip() == bars[0]
        assert bars[-1].index("#") > bars[1].index("#")
        chat = next(line for line in drawn if "chat fake" in line)
        assert asked.reply and f"{asked.reply.prompt_tokens} + {asked.reply.completion_tokens} tokens" in chat
        assert all(line.isascii() for line in drawn)

    def test_it_gives_json(self, root: str):
        (first, *_) = json.loads(self.run("-w", root, "latest", "--json"))
        assert first["status"] == "ERROR" and first["depth"] == 0
        assert len(json.loads(self.run("-w", root, "--json"))) == 2

    def test_an_unknown_id_names_the_newest(self, root: str):
        with pytest.raises(UsageError, match="there is none; the newest are"):
            self.run("-w", root, "zzz")
        with pytest.raises(UsageError, match="several begin so"):
            self.run("-w", root, "")

    def test_an_old_workspace_has_no_traces(self, tmp_path: Path):
        with pytest.raises(WorkspaceError, match="nothing is recorded yet"):
            self.run("-w", str(tmp_path))

    def test_ids_are_found_by_their_beginning(self, root: str, look: Look):
        store = look()
        full = recent(store)[0].trace_id
        assert find_trace(store, full[:12].upper()) == full
