"""The commands: what they write where, with which exit code, and that docs/json.md says all of it."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from test_llm_openai import Endpoint

from conftest import Bench, Command, Done
from scoville.cases.files import write_cases
from scoville.cli.app import COMMANDS
from scoville.cost import is_deprecated
from scoville.models import cached_folder, catalogue
from scoville.recipe import Recipe
from scoville.recipe.file import load_recipe, recipe_keys
from scoville.track.lineage import Artifact, record, run_artifact
from scoville.track.store import FILE_NAME, Store
from scoville.types import Case

LEAVE = "Staff of Larkspur Freight have thirty days of leave in a year."
QUESTION = "How many days of leave do staff have?"
DOCS = Path(__file__).parents[2] / "docs" / "json.md"


@pytest.fixture
def filled(bench: Bench) -> Bench:
    bench.write("leave.md", f"# Handbook\n\n## Leave\n\n{LEAVE}\n\n## Travel\n\nTrains are preferred to planes.\n")
    bench.write("notice.txt", "Notice must be given in writing one month ahead.")
    bench.add()
    return bench


UNSEEN = {
    "ranking[]", "data", "probability", "signals.reader", "signals.similarity", "refusal.citations[]",
    "refusal.choices[]", "notes[]",
    "citations[].pointer", *(f"findings[].{name}" for name in ("place", "guard", "what", "text", "document", "page")),
}  # fmt: skip
"""Of an answer: what runs, a reader, a near passage, a schema and guards bring."""


class Field(NamedTuple):
    path: str
    types: frozenset[str]


NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def observed(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Give the path and type of every value in JSON, as docs/json.md writes them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from observed(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from observed(inner, f"{path}[]")
    else:
        yield path, NAMES[type(value)]


def tables() -> dict[str, list[tuple[str, str]]]:
    """Read the tables of docs/json.md: for each heading its fields and their types."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for section in DOCS.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        rows = [line.strip("|").split("|") for line in body.splitlines() if line.startswith("| `")]
        cells = [(name, row[1].strip()) for row in rows for name in re.findall(r"`([^`]+)`", row[0])]
        for name in re.findall(r"`scoville ([^`]+)`", heading) or [heading]:
            sections[name] = cells
    return sections


TABLES = tables()


def documented(name: str, prefix: str = "") -> Iterator[Field]:
    """Give the fields of a table, other tables that it names put in their place."""
    for field, kind in TABLES[name]:
        path = prefix + field.removesuffix("...") if field.endswith("...") else f"{prefix}{field}"
        if kind in TABLES:
            yield from documented(kind, path if field.endswith("...") and not path else f"{path.rstrip('.')}.")
        else:
            yield Field(path, frozenset(kind.split(" or ")))


def check(name: str, outputs: Iterable[Any], *, never: Iterable[str] = ()) -> None:
    """Compare real outputs with a table: the same fields, of the types that it says.

    Each documented field must have been seen with a value that is not null, but for those that are ``never`` in these.
    """
    fields = {field.path: field.types for field in documented(name)}
    anything = {path: ".*" if types == {"any"} else "" for path, types in fields.items()}
    patterns = {path: re.escape(path).replace(r"\*", ".+") + tail for path, tail in anything.items()}
    seen: dict[str, set[str]] = {}
    for output in outputs:
        for path, kind in observed(output):
            field = next((field for field, pattern in patterns.items() if re.fullmatch(pattern, path)), path)
            seen.setdefault(field, set()).add(kind)
    assert set(seen) - set(fields) == set(), "not documented"
    valued = {path for path, kinds in seen.items() if kinds - {"null"}} | {p for p in seen if fields[p] == {"any"}}
    assert set(fields) - valued == set(never), "documented, not written"
    for path, types in fields.items():
        allowed = types | ({"integer"} if "number" in types else set())
        assert types == {"any"} or seen.get(path, set()) <= allowed, path


@pytest.fixture
def paged(bench: Bench) -> Bench:
    """Give a workspace with a document that has pages, headings and boxes."""
    demo = files("scoville.demo") / "documents"
    bench.write("policy-schedule.pdf", (demo / "policy-schedule.pdf").read_bytes())
    bench.write("leave.md", f"# Handbook\n\n## Leave\n\n{LEAVE}\n")
    bench.add()
    return bench


@contextmanager
def served_models(names: list[str]) -> Iterator[str]:
    """Give the address of a server that has these models."""
    with Endpoint() as server:
        server.models = names
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.url.removesuffix("/v1")
        server.shutdown()
        thread.join()


class TestContract:
    def test_add(self, bench: Bench, command: Command):
        bench.write("leave.txt", LEAVE)
        bench.write("empty.txt", "")
        bench.write("notes.pdf", LEAVE)  # a text in truth, which reading remarks
        done = command("add", "docs", "--json")
        assert "1 remark on docs/notes.pdf: `scoville inspect FILE` shows what they are" in done.err
        outputs = [done.json]
        for entries in (
            "{path: docs, groups: [hr]}, {path: docs/leave.txt, groups: [it]}",
            "{path: docs, groups: [hr]}",
        ):
            bench.workspace.recipe_path.write_text(f"sources: [{entries}]")
            outputs.append(command("add", "docs", "--json").json)
        check("add PATHS --json", outputs, never={"findings[]", "notes[]"})
        check("add --failed --json", [command("add", "--failed", "--json").json])

    def test_search(self, paged: Bench, command: Command):
        outputs = [command("search", question, "--json").json for question in (QUESTION, "Juniper Ashgrove's cover")]
        check("search QUESTION --json", outputs)
        assert {hit["page"] for output in outputs for hit in output} >= {None, 1}

    def test_inspect(self, paged: Bench, command: Command):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "ash@example.com", "rowan@example.com", "Leave"
        mail.set_content(LEAVE)
        mail.add_attachment(b"%PDF-1.7 cut off", maintype="application", subtype="pdf", filename="torn.pdf")
        paged.write("mail.eml", bytes(mail))
        paged.write("grades.csv", "Grade,Days\nA,25\nB,27\n")
        names = ("policy-schedule.pdf", "leave.md", "mail.eml", "grades.csv")
        outputs = [command("inspect", f"docs/{name}", "--json").json for name in names]
        check("inspect FILE --json", outputs, never={"documents[].warnings[]"})

    def test_ask_and_chat(self, paged: Bench, command: Command):
        unanswered = command("ask", "Zebra?", "--set", "answer.min_similarity=1.0", "--json").json
        nobody = command("ask", QUESTION, "--set", "llm.model='fake:It is fine [9].'", "--json").json
        schedule = command(
            "ask", "When does Juniper Ashgrove's cover end?", "--where", "type = application/pdf", "--json"
        )
        outputs = [command("ask", QUESTION, "--json", "--show-withheld").json, unanswered, schedule.json]
        assert (unanswered["refused"], unanswered["reason"], unanswered["model"]) == (True, "weak_evidence", None)
        assert nobody["reason"] == "ungrounded"
        check("ask QUESTION --json", outputs, never=UNSEEN)
        chat = command("chat", "--json", stdin=f"{QUESTION}\nWhen does Juniper Ashgrove's cover end?\n".encode())
        assert [line["refused"] for line in chat.lines] == [False, False]
        assert {path for line in chat.lines for path, _ in observed(line)} <= {f.path for f in documented("Answer")}

    def test_conversations(self, filled: Bench, command: Command):
        assert command("chat", "--conversation", "ada", stdin=f"{QUESTION}\n".encode()).code == 0
        check("chat --list --json", [command("chat", "--list", "--json").json])

    def test_the_pages_of_an_answer_are_drawn_and_what_has_none_says_so(self, paged: Bench, command: Command):
        schedule = ("ask", "When does Juniper Ashgrove's cover end?", "--where", "type = application/pdf")
        done = command(*schedule, "--pages", "pages")
        assert done.code == 0 and Path("pages/1.png").read_bytes().startswith(b"\x89PNG"), done.err
        assert "[1] pages/1.png" in done.err
        done = command("ask", QUESTION, "--where", "type = text/markdown", "--pages", "none")
        assert "[1]" in done.err and not list(Path("none").iterdir())

    def test_ask_in_a_batch(self, paged: Bench, command: Command):
        rows = [
            {"id": "first", "question": QUESTION},
            {"question": " "},
            {"id": {"any": [1, None]}, "question": "When does Juniper Ashgrove's cover end?"},
            {"id": 7, "question": "Is Juniper\u2028Ashgrove covered?"},
        ]
        text = "\ufeff" + "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        done = command("ask", "--batch", "-", "--show-withheld", stdin=text.encode())
        assert done.code == 1
        assert [line["id"] for line in done.lines] == ["first", 3, {"any": [1, None]}, 7]
        assert set(done.lines[1]) == {"id", "question", "error"}
        assert "1 of 4 questions failed" in done.err
        seen = [*done.lines, command("ask", "Zebra?", "--set", "answer.min_similarity=1.0", "--json").json]
        check("ask --batch FILE", seen, never=UNSEEN)

    def test_cases(self, filled: Bench, command: Command):
        Path("qa.jsonl").write_text(
            f'{{"question": "{QUESTION}", "truth": "Thirty.[leave.md#page=1]"}}\n'
            '{"question": "What is preferred to planes?", "truth": "Trains.[gone.md]"}\n{"question": ""}\n'
        )
        imported = command("cases", "import", "qa.jsonl", "--json")
        check("cases import SOURCE --json", [imported.json])
        file = imported.json["file"]
        assert command("cases", "import", "qa.jsonl", "--out", "cases/again.jsonl").code == 0
        checked = command("cases", "check", file, "cases/again.jsonl", "--json")
        assert checked.code == 1
        check("cases check FILE --json", [checked.json])
        check("cases split FILE --json", [command("cases", "split", file, "--json").json])
        check("cases list --json", [command("cases", "list", "--json").json])
        check("cases review FILE --json", [command("cases", "review", file, "--json", stdin=b"a\nd\n").json])

    def test_cases_generate(self, paged: Bench, command: Command):
        for name in ("claims-guide.docx", "faq.html", "handbook.md"):
            paged.write(name, (files("scoville.demo") / "documents" / name).read_bytes())
        paged.add()
        done = command("cases", "generate", "-n", "40", "--generator", "templates", "--json")
        assert done.code == 0, done.err
        check("cases generate --json", [done.json])

    def test_evaluate_and_report(self, filled: Bench, command: Command):
        rows = [
            {"question": QUESTION, "expected": LEAVE, "evidence": [{"document": "leave.md", "quote": LEAVE}]},
            {"question": "How much notice must be given?", "expected": "Nine years.",
             "evidence": [{"document": "gone.md"}]},
            {"question": "Who is the queen of the moon?", "answerable": False},
        ]  # fmt: skip
        Path("cases.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        Path("bot.py").write_text(
            "def half(question): return 'I do not know.' if 'queen' in question or 'leave' in question else 'x' / 2\n"
            "def less(question): return 'Nine years.' if 'queen' not in question else 'Nobody, for nine years.'\n"
        )
        bots = [command("evaluate", "cases.jsonl", "--system", f"bot.py:{name}", "--json") for name in ("half", "less")]
        outputs = [command("evaluate", "cases.jsonl", "--json", "--baseline", bot.json["run"]) for bot in bots]
        judge = 'fake:{"verdict": "wrong"}'
        label = {"question": QUESTION, "answer": "Ten.", "expected": ["Thirty."], "label": 0}
        Path("labels.jsonl").write_text(json.dumps(label))
        assert command("judge", "check", "labels.jsonl", "--model", judge).code == 0
        outputs.append(command("evaluate", "--score", "latest", "--judge", "--set", f"judge.model='{judge}'", "--json"))
        noisy = f"judge={{model: '{judge}', repeat: 2, temperature: 0.5}}"
        words = "--baseline", "latest", "--max-drop", "0", "--judge", "--set", noisy
        gated = command("evaluate", "--score", "latest", *words, "--json")
        assert (gated.code, gated.json["gate"]["verdict"]) == (1, "fails")  # its evidence is gone
        assert [done.code for done in bots] == [1, 0]  # of three cases one failed, which is over a tenth
        assert all(done.code == 0 for done in outputs)
        check("evaluate CASES --json", [done.json for done in (*bots, *outputs, gated)])
        check("evaluate --json", [command("evaluate", "--json").json])
        check("report RUN --json", [command("report", "--json").json])
        check("report RUN --blame --json", [command("report", "--blame", "--json").json])
        run = outputs[-1].json["run"]
        store = Store(filled.workspace.folder / FILE_NAME)
        rows_of_it = Artifact(kind="rows", name="rows", digest="ef", bytes=9)
        record(store, Artifact(kind="adapter", name="adapter", digest="ab", bytes=7), [run_artifact(run), rows_of_it])
        record(store, Artifact(kind="adapter", name="adapter", digest="cd", bytes=8), [run_artifact(run), rows_of_it])
        store.close()
        check("lineage --json", [command("lineage", "--json").json])
        made = [command("lineage", name, "--json").json for name in (run, "adapter")]
        check("lineage ARTIFACT --json", made)

    def test_compare_and_sweep(self, filled: Bench, command: Command):
        rows = [
            {"question": QUESTION, "expected": LEAVE, "evidence": [{"document": "leave.md", "quote": LEAVE}]},
            {"question": "When must notice be given?", "expected": "Nine years.",
             "evidence": [{"document": "x.md", "page": 2}]},
            {"question": "Who is the queen of the moon?", "answerable": False},
        ]  # fmt: skip
        Path("cases.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        Path("bot.py").write_text("def half(question): return 'I do not know.'\n")
        Path("recipe.yaml").write_text(
            "sweep: {cases: cases.jsonl, space: {search.passages: [1, 2], llm.model: [fake, 'fake:No.']}}\n"
        )
        words = "compare", "recipe.yaml", "bot.py:half", "--cases", "cases.jsonl", "--json"
        judge = """judge.model='fake:{"verdict": "first"}'"""
        outputs = [command(*words), command(*words, "--out", "page.html", "--preference", "--set", judge)]
        assert all(done.code == 0 for done in outputs), outputs[0].err
        check("compare SYSTEM... --json", [done.json for done in outputs])
        swept = command("sweep", "--json")
        assert swept.code == 0, swept.err
        check("sweep --json", [swept.json], never={"importance.*.*"})
        check("sweep --list --json", [command("sweep", "--list", "--json").json])

    def test_trace_and_cost(self, filled: Bench, command: Command):
        assert command("ask", QUESTION).code == 0
        ends = time.monotonic() + 10  # written by a thread
        while command("trace", "--json").out.strip() in ("", "[]") and time.monotonic() < ends:
            time.sleep(0.05)
        traces = command("trace", "--json").json
        check("trace --json", [traces, command("trace", "latest", "--json").json])
        check("cost --json", [command("cost", "--json").json])

    def test_judge(self, filled: Bench, command: Command):
        answers = ("Thirty days.", "For ten.") * 10 + ("A month.", "Thirty days")
        rows = [
            {"question": QUESTION, "answer": answer, "expected": ["Thirty days."], "label": int(answer[0] in "TA")}
            for answer in answers
        ]
        Path("labels.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        words = "--model", 'fake:{"verdict": "wrong"}', "--repeat", "2", "--temperature", "0.5"
        done = command("judge", "check", "labels.jsonl", *words, "--json")
        assert done.code == 0, done.err
        check("judge check LABELS --json", [done.json], never={"metrics.*.unscored_reasons[]"})

    def test_metrics(self, command: Command, tmp_path: Path):
        rows = [
            {
                "question": QUESTION,
                "answer": answer,
                "reference": "Thirty days.",
                "human": {"overall": answer[0] == "T"},
            }
            for answer in ("Thirty days.", "Six weeks of snow.") * 5
        ]
        (tmp_path / "judged.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        done = command("metrics", "check", str(tmp_path / "judged.jsonl"), "--json")
        assert done.code == 0, done.err
        check("metrics check FILE --json", [done.json])

    def test_plan(self, command: Command, filled: Bench):
        for name, words in (("train", ()), ("serve", ("--users", 20))):
            done = command("plan", name, "--model", "llama-2-13b", *words, "--json")
            assert done.code == 0, done.err
            check(f"plan {name} --json", [done.json])
        write_cases(filled.workspace.root / "cases.jsonl", [Case(id="a", question=QUESTION, expected=("a fortnight",))])
        command("evaluate", "cases.jsonl")
        check("plan phase --json", [command("plan", "phase", "--json").json])

    def test_compare_phases(self, command: Command, filled: Bench):
        cases = [Case(id="a", question=QUESTION, expected=("thirty days",)),
                 Case(id="b", question="Who won the race?", answerable=False)]  # fmt: skip
        write_cases(filled.workspace.root / "cases.jsonl", cases)
        assert command("add", "--rebuild").code == 0  # by the command, which keeps what it took
        words = ("compare", "--phases", "prompt,rag", "--cases", "cases.jsonl", "--json")
        outputs = [command(*words, "--out", "page.html").json, command(*words, "--floor", 0).json]
        outputs += [command(*words, "--change-a-fact", "thirty days=forty days").json]
        assert outputs[1]["notes"] == []
        check("compare --phases PHASE,PHASE --json", outputs, never={"notes[]", "forgetting[].*"})

    def test_models(self, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("SCOVILLE_MODELS", str(tmp_path))
        missing = command("models", "--json")
        names = [row["name"] for row in missing.json]
        assert not any(row["cached"] for row in missing.json)
        assert command("models", "where", names[0], "--json").code == 1
        for entry in catalogue():
            cached_folder(entry).mkdir()
        check("models --json", [missing.json, command("models", "--json").json])
        verified = command("models", "verify", names[0], "--json")
        assert verified.code == 1
        check("models verify NAME --json", [verified.json])

    def test_models_for_a_use(self, command: Command):
        with served_models(["qwen3:0.6b"]) as url, pytest.MonkeyPatch.context() as patch:
            patch.setattr("scoville.endpoint.VLLM_URL", url)
            outputs = [command("models", "--for", use, "--json").json for use in ("answers", "embeddings", "rerank")]
        assert [outputs[0]["models"][0][key] for key in ("name", "recommended")] == ["vllm:qwen3:0.6b", True]
        check("models --for answers --json", outputs)
        shown = command("models", "--for", "speech").out
        assert "This machine:" in shown and "take  whisper-tiny-en" in shown

    def test_models_where(self, command: Command, tmp_path: Path):
        (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(64))
        done = command("models", "where", f"path:{tmp_path / 'model.gguf'}", "--json")
        assert done.code == 0, done.err
        check("models where NAME --json", [done.json])
        assert TABLES["models pull NAME --json"] == TABLES["models where NAME --json"]

    def test_recipe(self, command: Command, bench: Bench):
        check("recipe --json", [command("recipe", "--json").json])

    def test_doctor(self, command: Command, filled: Bench):
        done = command("doctor", "--json")
        check("doctor --json", [done.json])
        assert [row["name"] for row in done.json] == [
            "python", "libraries", "plugins", "processor", "recipe", "embedder", "llm", "index", "disk",
        ]  # fmt: skip

    def test_init(self, command: Command, tmp_path: Path):
        check("init --json", [command("init", tmp_path / "new", "--json").json])

    def test_demo(self, command: Command, tmp_path: Path):
        done = command("demo", tmp_path / "demo", "--json")
        assert done.code == 0, done.err
        check("demo --json", [done.json], never={f"cases[].{name}" for name in UNSEEN - {"refusal.citations[]"}})
        cases, cards = done.json["cases"], done.json["scorecards"]
        assert set(cards) == {"fake", "quote"}
        for card in cards.values():
            assert card["answerable"] + card["unanswerable"] == len(cases)
        assert cards["fake"]["right"] == sum(case["right"] for case in cases if case["answerable"])

    def test_keys(self, bench: Bench, command: Command):
        check("keys add NAME --json", [command("keys", "add", "ada", "--as", "hr", "--json").json])
        command("keys", "add", "eve", "--everything")
        check("keys revoke NAME --json", [command("keys", "revoke", "ada", "--json").json])
        check("keys list --json", [command("keys", "list", "--json").json], never={"[].groups"})

    def test_releases(self, command: Command, filled: Bench):
        filled.workspace.root.joinpath("cases.jsonl").write_text(
            '{"id": "a", "question": "How must notice be given?", "expected": ["in writing"]}\n'
        )
        command("evaluate", "cases.jsonl")
        made = [command("release", name, "--json").json for name in ("v1", "v2")]
        check("release NAME --json", made, never={"kept.*", "drift[]"})
        switched = [command("promote", "v1", "--json").json, command("promote", "v2", "--canary", 5, "--json").json]
        assert command("rollback", "--json").json["release"] == "v1"
        check("promote NAME --json", switched, never={"standing.gate.needed"})
        (filled.workspace.folder / "releases" / "v2" / "recipe.json").unlink()
        check("releases --json", [command("releases", "--json").json])
        differ = command("diff", "v1", "v1", "--json").json
        check(
            "diff FIRST SECOND --json",
            [differ],
            never={f"documents.{x}[]" for x in ("added", "removed", "changed")} | {"settings.*"},
        )

    def test_every_command_with_json_is_documented(self):
        commands = {name.split()[0] for name in TABLES if name not in {"Box", "Hit", "Answer", "Counts", "Artifact"}}
        assert commands == set(COMMANDS)
        assert "chat --json" in DOCS.read_text(encoding="utf-8")

    def test_the_check_fails_on_what_is_not_documented_and_on_what_is_missing(self):
        with pytest.raises(AssertionError, match="not documented"):
            check("init --json", [{"recipe": "a", "more": 1}])
        with pytest.raises(AssertionError, match="documented, not written"):
            check("init --json", [{}])
        with pytest.raises(AssertionError, match="recipe"):
            check("init --json", [{"recipe": 1}])


class TestStreams:
    def test_data_goes_to_stdout_and_talk_to_stderr(self, filled: Bench, command: Command):
        added = command("add", "docs")
        assert added.out == ""
        assert re.fullmatch(r"2 unchanged in [\d.]+ s; 2 documents, \d passages in the index\.\n", added.err)
        searched = command("search", QUESTION)
        assert "docs/leave.md" in searched.out
        assert searched.err == ""
        asked = command("ask", QUESTION)
        assert "thirty days of leave in a year. [1]" in asked.out
        assert re.search(r"s, \d+ \+ \d+ tokens, \$0, fake on fake\n$", asked.err)
        streamed = command("ask", QUESTION, "--stream")
        assert streamed.out == asked.out
        assert "thirty days of leave" in streamed.err

    def test_a_refusal_says_why_and_is_no_failure(self, filled: Bench, command: Command):
        done = command("ask", "Zebra?", "--set", "answer.min_similarity=1.0")
        assert done.code == 0
        assert done.out.startswith("I don't know")
        assert "close enough" in done.out
        assert "no model asked" in done.err

    def test_a_question_comes_from_stdin(self, filled: Bench, command: Command):
        for words in (["ask"], ["ask", "-"], ["search"], ["search", "-"]):
            assert "leave.md" in command(*words, stdin=f"{QUESTION}\n".encode()).out

    def test_paths_come_from_stdin(self, bench: Bench, command: Command):
        for name in ("a.txt", "b.txt", "c.txt"):
            bench.write(name, f"{LEAVE} {name}")
        done = command("add", "-", "docs/c.txt", "--json", stdin=b"docs/a.txt\r\n\ndocs/b.txt\n")
        assert done.json["added"] == 3

    def test_chat_takes_one_question_a_line_and_survives_bad_ones(self, filled: Bench, command: Command):
        long = "x" * 20_001
        done = command("chat", stdin=f"{QUESTION}\n\n{long}\nbytes \udce9\n".encode(errors="surrogateescape"))
        assert done.code == 0
        assert "thirty days of leave" in done.out
        assert "over 20,000" in done.err

    def test_an_output_that_lacks_a_sign_escapes_it(self, bench: Bench, command: Command):
        bench.write("é🙂.txt", LEAVE)
        bench.add()
        done = command("search", QUESTION, encoding="latin-1")
        assert done.code == 0
        assert "docs/é\\U0001f642.txt" in done.out
        json_done = command("add", "nowhere\udce9", "--json")
        assert json_done.code == 2

    def test_a_name_that_is_no_utf8_is_written_as_json(self, command: Command, tmp_path: Path):
        folder = tmp_path / "caf\udce9"
        done = command("init", folder, "--json")
        assert done.code == 0
        assert done.json["recipe"] == str(folder / "recipe.yaml")


class TestExitCodes:
    def test_unknown_words_are_usage_errors(self, bench: Bench, command: Command):
        for words in (["sweeep"], ["ask", "--nonsense"], ["add", "--rebuildd"], ["search", "-n", "0", "leave"], []):
            done = command(*words)
            assert (done.code, done.out) == (2, ""), words
        assert "no command 'sweeep'; did you mean sweep?" in command("sweeep").err

    def test_nothing_to_add_is_a_usage_error(self, bench: Bench, command: Command):
        done = command("add")
        assert (done.code, "e.g. `scoville add docs/`" in done.err) == (2, True)

    def test_a_path_that_never_was(self, bench: Bench, command: Command):
        done = command("add", "nowhere")
        assert (done.code, done.out) == (2, "")
        assert done.err == "scoville: nowhere does not exist: expected a file or a folder\n"

    def test_a_folder_with_failures_only_fails_and_one_without_files_does_not(self, bench: Bench, command: Command):
        assert command("add", "docs").code == 0
        bench.write("bad/empty.txt", "")
        done = command("add", "docs")
        assert done.code == 1
        assert "not read: docs/bad/empty.txt: is empty" in done.err
        bench.write("leave.txt", LEAVE)
        assert command("add", "docs").code == 0
        assert command("add", "docs/bad").code == 1

    def test_failures_are_listed(self, bench: Bench, command: Command):
        assert command("add", "--failed").err == "Every file was read.\n"
        for number in range(12):
            bench.write(f"{number:02}.txt", "")
        done = command("add", "docs")
        assert done.err.count("not read: ") == 10
        assert "... and 2 more: scoville add --failed" in done.err
        assert len(command("add", "--failed").out.splitlines()) == 12

    @pytest.mark.parametrize("words", [["ask", QUESTION], ["search", QUESTION], ["chat"]])
    def test_asking_before_adding_says_what_to_type_before_a_model_is_fetched(
        self, bench: Bench, command: Command, words: list[str], monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("SCOVILLE_MODELS", str(bench.workspace.root / "models"))
        for name in ("SCOVILLE_EMBED__MODEL", "SCOVILLE_LLM__MODEL"):
            monkeypatch.delenv(name)
        done = command(*words)
        assert (done.code, done.out) == (1, "")
        assert "add documents with `scoville add PATH`" in done.err
        assert not (bench.workspace.root / "models").exists()

    def test_a_question_and_a_batch_contradict(self, filled: Bench, command: Command):
        done = command("ask", QUESTION, "--batch", "-")
        assert (done.code, "expected one of them" in done.err) == (2, True)

    @pytest.mark.parametrize("line", ["{", "[]", '"text"', "{}", '{"question": 3}', '{"id": 1}', "[" * 50_000, "null"])
    def test_a_bad_line_of_a_batch_is_refused_before_the_first_question(
        self, filled: Bench, command: Command, line: str
    ):
        done = command("ask", "--batch", "-", stdin=f'{{"question": "Leave?"}}\n{line}\n'.encode())
        assert (done.code, done.out) == (2, "")
        assert "--batch -, line 2: " in done.err
        assert len(done.err) < 300

    def test_a_batch_that_is_not_there(self, filled: Bench, command: Command):
        done = command("ask", "--batch", "nowhere.jsonl")
        assert (done.code, done.err) == (2, "scoville: --batch nowhere.jsonl: no such file\n")

    def test_a_damaged_workspace_is_one_line_without_a_traceback(self, filled: Bench, command: Command):
        (filled.workspace.folder / "workspace.json").write_text('{"format": 99}')
        for words in (["ask", QUESTION], ["add", "docs"], ["search", QUESTION]):
            done = command(*words)
            assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
            assert "install a newer Scoville" in done.err

    def test_a_mixed_index_is_refused_with_advice(
        self, filled: Bench, command: Command, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("scoville.embed.fake.FakeEmbedder.name", "fake:second")
        for words in (["ask", QUESTION], ["add", "docs"], ["search", QUESTION]):
            done = command(*words)
            assert done.code == 1
            assert "scoville add --rebuild" in done.err
        assert command("add", "--rebuild").code == 0
        assert command("ask", QUESTION).code == 0

    def test_a_workspace_that_is_a_file_is_refused(self, bench: Bench, command: Command):
        path = bench.write("file", LEAVE)
        done = command("ask", QUESTION, "-w", path)
        assert (done.code, "is a file; expected the folder" in done.err) == (2, True)

    def test_another_workspace_is_named_by_an_option(self, filled: Bench, command: Command, tmp_path: Path):
        os.chdir(tmp_path)
        assert "leave.md" in command("ask", QUESTION, "-w", filled.workspace.root).out

    def test_a_workspace_is_found_from_below(self, filled: Bench, command: Command):
        os.chdir(filled.docs)
        assert "leave.md" in command("ask", QUESTION).out
        assert command("add", ".", "--json").json["unchanged"] == 2


class TestProcess:
    """What only a process of its own shows."""

    def test_a_reader_that_goes_away_is_no_failure(self, filled: Bench):
        words = [sys.executable, "-m", "scoville", "search", "leave notice trains", "--json"]
        read, write = os.pipe()
        os.close(read)
        with subprocess.Popen(words, stdout=write, stderr=subprocess.PIPE, text=True) as child:
            os.close(write)
            _, err = child.communicate(timeout=30)
        assert (child.returncode, err) == (0, "")

    def test_ctrl_c_is_one_line_and_130(self, filled: Bench):
        code = (
            "import sys, time; from scoville.cli import main; import scoville.answer\n"
            "def wait(*_, **__): print('opening', flush=True); time.sleep(20)\n"
            "scoville.answer.open_answerer = wait; sys.argv = ['scoville', 'ask', 'Leave?']; main()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout and child.stdout.readline() == "opening\n"
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=20)
        assert child.returncode == 130
        assert err.strip() == "scoville: interrupted; what was finished is kept"


class TestSettings:
    @pytest.mark.parametrize(
        ("flag", "words"),
        [
            ("llm.temprature=0", ["llm.temprature", "valid keys", "temperature"]),
            ("nonsense.key=1", ["nonsense", "valid keys", "search"]),
            ("split.by=chapter", ["split.by", "'chapter'", "semantic, fixed"]),
            ("search.passages=many", ["search.passages", "'many'", "integer"]),
            ("search.passages=0", ["search.passages", "0", "greater than or equal to 1"]),
            ("llm.api_key=abc", ["llm.api_key", "OPENAI_API_KEY"]),
            ("nothing", ["'nothing'", "section.key=value"]),
            ("=1", ["section.key=value"]),
            ("split.overlap=300", ["split.overlap", "by"]),
        ],
    )
    def test_a_bad_setting_names_key_value_and_choices(
        self, bench: Bench, command: Command, flag: str, words: list[str]
    ):
        for name in ("recipe", "ask", "add"):
            done = command(name, *([] if name == "recipe" else ["docs"]), "--set", flag)
            assert (done.code, done.out) == (2, "")
            for word in words:
                assert word in done.err, done.err

    def test_an_unknown_model_names_the_known(self, bench: Bench, command: Command):
        bench.write("a.txt", LEAVE)
        done = command("add", "docs", "--set", "embed.model=all-minilm")
        assert done.code == 2
        assert "'all-minilm'" in done.err
        assert "all-minilm-l6-v2" in done.err

    def test_a_flag_beats_the_environment_beats_the_recipe_beats_the_default(
        self, bench: Bench, command: Command, monkeypatch: pytest.MonkeyPatch
    ):
        Path("recipe.yaml").write_text("llm: {seed: 1, max_tokens: 11, temperature: 0.1}\n")
        monkeypatch.setenv("SCOVILLE_LLM__SEED", "2")
        monkeypatch.setenv("SCOVILLE_LLM__MAX_TOKENS", "22")
        done = command("recipe", "--set", "llm.seed=3", "--json").json
        rows = {row["key"]: (row["value"], row["source"]) for row in done["values"]}
        assert rows["llm.seed"] == (3, "flag")
        assert rows["llm.max_tokens"] == (22, "environment")
        assert rows["llm.temperature"] == (0.1, "recipe")
        assert rows["llm.runtime"] == ("auto", "default")
        assert list(rows) == recipe_keys()
        shown = command("recipe", "--set", "llm.seed=3").out
        assert re.search(r"^llm\.seed +3 +flag$", shown, re.MULTILINE)
        assert shown.endswith(f"# hash {done['hash']}\n")

    def test_init_writes_a_recipe_that_is_the_default(self, bench: Bench, command: Command):
        done = command("init")
        assert (done.code, done.out) == (0, "")
        assert "Next: scoville add PATH" in done.err
        loaded = load_recipe(Path("recipe.yaml"), environment={})
        assert loaded.recipe == Recipe()
        assert {setting.source for setting in loaded.settings} == {"recipe", "default"}

    def test_init_replaces_a_recipe_only_when_told(self, bench: Bench, command: Command):
        Path("recipe.yaml").write_text("version: 1\n")
        done = command("init")
        assert (done.code, "--force" in done.err) == (2, True)
        assert Path("recipe.yaml").read_text() == "version: 1\n"
        assert command("init", "--force").code == 0
        assert load_recipe(Path("recipe.yaml"), environment={}).recipe == Recipe()

    def test_init_makes_the_folder_and_refuses_a_file(self, bench: Bench, command: Command):
        assert command("init", "new/bot").code == 0
        assert Path("new/bot/recipe.yaml").is_file()
        done = command("init", "new/bot/recipe.yaml")
        assert (done.code, "expected a folder" in done.err) == (2, True)

    def test_a_recipe_that_is_no_yaml_is_one_line(self, bench: Bench, command: Command):
        Path("recipe.yaml").write_text("llm: [")
        done = command("ask", QUESTION)
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert "recipe.yaml is not YAML" in done.err


class TestDoctor:
    def test_all_is_well(self, filled: Bench, command: Command):
        done = command("doctor")
        assert done.code == 0, done.out
        assert "FIX" not in done.out
        assert "2 documents" in done.out
        assert f"no {filled.workspace.recipe_path}: the defaults hold" in done.out

    def test_a_bad_recipe_is_a_finding(self, filled: Bench, command: Command):
        Path("recipe.yaml").write_text("llm: {temprature: 0}\n")
        finding = self.finding(command, "recipe")
        assert "temprature" in finding["detail"]
        assert "scoville init --force" in finding["advice"]

    def test_a_stale_index_is_a_finding(self, filled: Bench, command: Command):
        finding = self.finding(command, "index", "--set", "split.size=64")
        assert finding["advice"] == "scoville add --rebuild"

    def test_a_damaged_index_is_a_finding(self, filled: Bench, command: Command):
        (filled.workspace.folder / "workspace.json").write_text("{")
        assert "damaged" in self.finding(command, "index")["detail"]

    def test_an_unknown_model_is_a_finding(self, filled: Bench, command: Command):
        assert "'nonsense'" in self.finding(command, "llm", "--set", "llm.model=nonsense")["detail"]

    def test_an_endpoint_that_is_down_is_a_finding(self, filled: Bench, command: Command):
        with Endpoint() as gone:
            url = gone.url
        asked = ("--set", "llm.model=openai:tester", "--set", f"llm.base_url={url}")
        assert "no connection" in self.finding(command, "llm", *asked)["detail"]
        asked = ("--set", "metadata.model={model: 'openai:tester', base_url: '" + url + "'}")
        assert "no connection" in next(
            row["detail"] for row in command("doctor", "--json", *asked).json if row["name"] == "metadata.model"
        )

    def test_a_model_that_the_endpoint_does_not_have_is_a_finding(
        self, filled: Bench, command: Command, monkeypatch: pytest.MonkeyPatch
    ):
        with served_models(["qwen3:0.6b", "llama3:latest"]) as url:
            monkeypatch.setenv("OLLAMA_HOST", url)
            asked = "llm.model=ollama:gemma"
            assert "has no gemma; it has llama3:latest" in self.finding(command, "llm", "--set", asked)["detail"]
            rows = {row["name"]: row for row in command("doctor", "--json", "--set", "llm.model=ollama:llama3").json}
            assert rows["llm"]["ok"] and "qwen3:0.6b" in rows["ollama"]["detail"]
            assert "ollama:qwen3:0.6b" in command("models").out

    def test_a_model_that_its_provider_gives_up_is_told(
        self, filled: Bench, command: Command, monkeypatch: pytest.MonkeyPatch
    ):
        google = "https://generativelanguage.googleapis.com/v1beta/openai"
        assert is_deprecated("openai:gemini-2.0-flash", google)
        assert not is_deprecated("anthropic:claude-haiku-4-5", "https://api.anthropic.com/v1")
        monkeypatch.setattr("scoville.bot.doctor.is_deprecated", lambda model, _: model == "openai:old")
        with served_models(["new", "old"]) as url:
            for name in ("new", "old"):
                asked = ("--set", f"llm.model=openai:{name}", "--set", f"llm.base_url={url}")
                rows = {row["name"]: row for row in command("doctor", "--json", *asked).json}
                assert ("gives it up" in rows["llm"]["advice"]) is (name == "old")

    def test_a_damaged_model_is_a_finding(
        self, filled: Bench, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("SCOVILLE_MODELS", str(tmp_path))
        name = next(row["name"] for row in command("models", "--json").json if row["kind"] == "llm")
        monkeypatch.setenv("SCOVILLE_LLM__MODEL", name)
        assert command("doctor").code == 0  # fetched on first use
        version = next(row["source"] for row in command("models", "--json").json if row["name"] == name)
        (tmp_path / f"{name}-{version.rpartition('==')[2]}").mkdir()
        assert "damaged" in self.finding(command, "llm")["detail"]

    def test_a_machine_without_openvino_is_a_finding(
        self, filled: Bench, command: Command, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setitem(sys.modules, "openvino", None)
        assert "llamacpp" in self.finding(command, "processor")["advice"]

    def test_a_full_disk_is_a_finding(self, filled: Bench, command: Command, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("scoville.bot.doctor.LOW_DISK_BYTES", 2**60)
        assert self.finding(command, "disk")["advice"] == "free some space"

    @staticmethod
    def finding(command: Command, name: str, *words: str) -> dict[str, Any]:
        """Give the one check that is not ok."""
        done: Done = command("doctor", "--json", *words)
        assert done.code == 1
        [finding] = [row for row in done.json if not row["ok"]]
        assert finding["name"] == name
        return finding


class TestDemo:
    def test_the_demo_runs_twice_and_leaves_a_workspace_with_runs_and_a_report_that_say_what_it_said(
        self, command: Command, tmp_path: Path
    ):
        folder = tmp_path / "demo"
        first = command("demo", folder)
        assert first.code == 0
        assert re.search(r"right answers +\d+ of 8 ", first.out)
        done = command("demo", folder, "--json")
        assert done.code == 0 and "unchanged" in done.err
        card = done.json["scorecards"]["fake"]
        runs = command("evaluate", "-w", folder, "--json").json
        assert [run["id"] for run in runs[2:]] == list(done.json["runs"].values())
        right = (card["right"] + card["declined"]) / (card["answerable"] + card["unanswerable"])
        assert runs[2]["quality"] == pytest.approx(right, abs=1e-3)
        assert done.json["cases"][0]["question"] in Path(done.json["report"]).read_text()
        assert command("ask", "-w", folder, "Which form is used for lost keys?").code == 0
        assert all(run["id"] in command("lineage", "-w", folder).out for run in runs)
        assert {"index", "cases", "document"} <= {
            one["kind"] for one in command("lineage", "-w", folder, runs[2]["id"], "--json").json["built_from"]
        }

    def test_the_demo_leaves_other_folders_alone(self, command: Command, tmp_path: Path):
        (tmp_path / "mine.txt").write_text(LEAVE)
        done = command("demo", tmp_path)
        assert (done.code, "give a new folder" in done.err) == (2, True)
        assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
        assert command("demo", tmp_path / "mine.txt").code == 2
