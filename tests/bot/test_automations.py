"""What happens by itself: each event once, behind the gate, told to a webhook that may hang, fail or not be there."""

import base64
import hashlib
import hmac
import json
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from serving import serving, wait_until

import scoville as sc
from conftest import Command, fish_cases
from scoville.automations import Kept, locked, outbox
from scoville.bot import automations
from scoville.bot.automations import LEAST_ASKED, Automatic, run_due
from scoville.cases.files import write_cases
from scoville.errors import NotPromoted, RecipeError, UsageError, WorkspaceError

DAY = 86400.0
Open = Callable[..., sc.Bot]


@pytest.fixture
def opened(tmp_path: Path, fakes: None) -> Iterator[Open]:
    """Open one workspace of a few documents and cases with automations."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for case in fish_cases(6):
        animal = case.id.partition("-")[0]
        (tmp_path / case.evidence[0].document).write_text(f"The {animal} of ward 0 eats {case.expected[0]} each day.")
    write_cases(tmp_path / "cases" / "fish.jsonl", fish_cases(6))
    bots: list[sc.Bot] = []

    def open_with(on: dict[str, Any], **values: Any) -> sc.Bot:
        bots.append(sc.open(tmp_path, on=on, **{"sources.entries": [{"path": "docs"}], **values}))
        if not (tmp_path / ".scoville").exists():
            bots[-1].sync()
        return bots[-1]

    yield open_with
    for bot in bots:
        bot.close()


class Receiver:
    """A webhook that keeps what it was sent, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.location = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(outer.status)
                if outer.location:
                    self.send_header("Location", outer.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def ask(bot: sc.Bot, question: str, rating: str = "", answer: str = "") -> None:
    trace = bot.asked(question, ()).trace_id
    bot.flush()
    if rating:
        with closing(sqlite3.connect(bot.workspace.folder / "track.db")) as database, database:
            database.execute(
                "INSERT INTO feedback (time, caller, trace_id, rating, reason, answer, answerable) "
                "VALUES (0, '', ?, ?, '', ?, 1)",
                (trace, rating, answer),
            )


def measure(bot: sc.Bot, release: str) -> None:
    with bot.open_release(release) as released:
        released.evaluate(bot.workspace.root / "cases" / "fish.jsonl")


def said(rows: list[dict[str, Any]] | None) -> list[tuple[str, str]]:
    assert rows is not None
    return [(row["event"], row["outcome"]) for row in rows]


def test_a_changed_source_is_followed_once_an_hour_and_then_the_cases_are_evaluated(opened: Open, tmp_path: Path):
    bot = opened({"source_changed": {"evaluate": "cases/fish.jsonl"}})
    now = time.time()
    assert run_due(bot, now) == []  # nothing changed since the sync
    (tmp_path / "docs" / "new.txt").write_text("The crane of ward 1 eats 9 fish each day.")
    assert run_due(bot, now + 60) == []  # not yet an hour
    ((event, outcome),) = said(run_due(bot, now + 3601))
    (run,) = bot.runs()
    assert (event, outcome.split("; ")[0]) == ("source_changed", "1 added")
    assert run.id in outcome and "quality" in outcome
    assert run_due(bot, now + 3700) == []
    (tmp_path / "docs" / "newer.txt").write_text("The crane of ward 2 eats 8 fish each day.")
    assert said(run_due(bot, now - 9 * DAY))[0][0] == "source_changed"  # the clock was set back: rather now than never


def test_a_source_that_is_gone_is_said_and_waits_for_the_next_time(opened: Open, tmp_path: Path):
    bot = opened({"source_changed": {}}, **{"sources.max_attempts": 1})
    (tmp_path / "docs").rename(tmp_path / "away")
    (row,) = run_due(bot, time.time()) or []
    assert "failed" in row["outcome"]
    assert run_due(bot, time.time() + 60) == []


def test_answers_that_were_called_wrong_become_cases_once(opened: Open):
    bot = opened({"feedback": {"at_least": 2}})
    assert bot.automations() == []  # nobody asked anything yet
    ask(bot, "How many fish does the crane of ward 9 eat?", "down", "7 fish")
    ask(bot, "How many fish does the gull of ward 9 eat?", "up")
    assert bot.automations() == [] == run_due(bot)
    ask(bot, "How many fish does the gull of ward 8 eat?", "down", "8 fish")
    (due,) = bot.automations()
    assert due.why.startswith("2 answers were called wrong")
    assert not (bot.workspace.root / "cases" / "feedback.jsonl").exists()  # so far it was only said
    assert said(run_due(bot)) == [("feedback", "2 of 2 are cases in cases/feedback.jsonl")]
    assert len((bot.workspace.root / "cases" / "feedback.jsonl").read_text().splitlines()) == 2
    assert run_due(bot) == []


def test_the_newest_release_is_served_once_it_was_measured_and_stays_taken_back(opened: Open):
    bot = opened({"run_passed": {"promote": "staging"}})
    bot.release("may")
    assert run_due(bot) == []  # not measured
    measure(bot, "may")
    assert said(run_due(bot)) == [("run_passed", "staging is may")]
    assert bot.release_log()[-1]["by"] == "automation"
    bot.release("june")
    measure(bot, "june")
    assert said(run_due(bot)) == [("run_passed", "staging is june, and was may")]
    bot.rollback("staging")
    measure(bot, "june")
    assert run_due(bot) == []  # a person took it back


def test_a_release_that_does_worse_is_not_served_and_that_is_said_once(opened: Open, tmp_path: Path):
    bot = opened({"run_passed": {"promote": "staging"}})
    bot.release("may")
    measure(bot, "may")
    run_due(bot)
    for document in (tmp_path / "docs").iterdir():
        document.write_text("Nothing is said of what it eats on this day.")
    bot.sync()
    bot.release("june")
    measure(bot, "june")
    (row,) = run_due(bot) or []
    assert row["outcome"].startswith("failed: june did not pass")
    assert run_due(bot) == []
    assert [row["release"] for row in bot.release_log() if row["what"] == "promote"] == ["may"]


def test_questions_that_no_case_is_like_have_the_cases_evaluated_once_in_so_many_days(opened: Open):
    bot = opened({"drift": {"above": 0.5, "days": 7, "evaluate": "cases/fish.jsonl"}})
    for number in range(LEAST_ASKED - 1):
        ask(bot, f"Zebra tax {number} zinc {number} zone {number}?")
    assert run_due(bot, time.time() + 1) == []  # too few to say
    ask(bot, "Zebra tax zinc zone?")
    ((event, outcome),) = said(run_due(bot, time.time() + 1))
    assert (event, outcome[:4]) == ("drift", "run ")
    assert run_due(bot, time.time() + 2) == []


def test_some_questions_of_people_are_asked_again_and_scored_with_the_judge_if_it_is_wanted(opened: Open):
    bot = opened({"sample": {"questions": 5, "days": 2, "judge": True}}, judge="fake", **{"judge.allow_same": True})
    for number in range(LEAST_ASKED):
        ask(bot, f"How many fish does the otter of ward {number} eat each day?")
    now = time.time() + 1
    ((event, outcome),) = said(run_due(bot, now))
    (run,) = bot.runs()
    assert (event, outcome) == ("sample", f"run {run.id}")
    assert len(run.cases()) == 5 and run.header["system"] == "questions of people"
    assert {"refusal_rate", "faithfulness"} & run.summary()["metrics"].keys()
    assert run_due(bot, now + DAY) == []
    assert bot.monitor().total.asked == LEAST_ASKED  # what was asked again is nobody's question


def test_an_alert_is_told_when_it_begins_and_when_it_is_over_and_does_not_flap(
    opened: Open, monkeypatch: pytest.MonkeyPatch
):
    bot = opened({"alerts": {"refused": 0.5}})
    value = 0.4

    def figures(total: Any, new: Any) -> dict[str, float]:
        return {"refused": value}

    monkeypatch.setattr("scoville.bot.automations.figures_watched", figures)
    for number in range(LEAST_ASKED):
        ask(bot, f"How many fish does the otter of ward {number} eat each day?")
    now = time.time() + 1
    told: list[tuple[float, list[tuple[str, str]]]] = []
    for value in (0.4, 0.6, 0.49, 0.51, 0.49, 0.44, 0.49, 0.51):
        told.append((value, said(run_due(bot, now))))
    assert [(value, outcome) for value, rows in told for _, outcome in rows] == [
        (0.6, "refused: alert"), (0.44, "refused: over"), (0.51, "refused: alert"),
    ]  # fmt: skip


def test_a_webhook_is_told_and_can_check_who_told_it(
    opened: Open, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    secret = b"0123456789abcdef01234567"
    monkeypatch.setenv("HOOK", f"whsec_{base64.b64encode(secret).decode()}")
    bot = opened(
        {"source_changed": {}, "webhook": {"url": receiver.url, "secret_env": "HOOK"}},
        **{"sources.private_hosts": ["127.0.0.1"]},
    )
    (tmp_path / "docs" / "new.txt").write_text("The crane of ward 1 eats 9 fish each day.")
    now = time.time()
    run_due(bot, now)
    ((headers, body),) = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert int(headers["webhook-timestamp"]) == int(now)
    told = json.loads(body)
    assert (told["type"], told["data"]["outcome"]) == ("scoville.source_changed", "1 added")
    assert b"crane" not in body  # nothing of what documents say leaves the workspace
    run_due(bot, now + 60)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("trouble", ["500", "redirect", "nobody"])
def test_a_webhook_that_fails_is_told_again_later_the_same_message_and_at_last_given_up(
    opened: Open, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
):
    monkeypatch.setenv("HOOK", "secret")
    url = receiver.url if trouble != "nobody" else "http://127.0.0.1:9/hook"
    receiver.status = {"500": 500, "redirect": 302, "nobody": 204}[trouble]
    receiver.location = "http://169.254.169.254/latest/meta-data" if trouble == "redirect" else ""
    bot = opened(
        {"source_changed": {}, "webhook": {"url": url, "secret_env": "HOOK"}},
        **{"sources.private_hosts": ["127.0.0.1"]},
    )
    (tmp_path / "docs" / "new.txt").write_text("The crane of ward 1 eats 9 fish each day.")
    now = time.time()
    assert said(run_due(bot, now)) == [("source_changed", "1 added")]  # done, whoever was told
    (first,) = Kept.read(bot.workspace.folder).waiting
    assert first["tries"] == 1 and now + 5 <= first["next"] <= now + 7.5
    tries = len(receiver.got)
    run_due(bot, now + 1)  # too early
    assert len(receiver.got) == tries
    times = now
    for _ in range(outbox.MOST_TRIES - 1):
        (waiting,) = Kept.read(bot.workspace.folder).waiting
        assert waiting["id"] == first["id"]
        times = waiting["next"]
        with_clock = Kept.read(bot.workspace.folder)
        outbox.send_due(with_clock, bot.recipe.on.webhook, bot.recipe.sources, lambda at=times: at)  # pyright: ignore
    assert Kept.read(bot.workspace.folder).waiting == []
    assert bot.automation_log()[-1]["event"] == "webhook"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) <= 1


def test_a_private_address_is_not_told_unless_it_is_named(
    opened: Open, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOOK", "secret")
    there = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.server.server_port))]
    monkeypatch.setattr("scoville.sources.address.socket.getaddrinfo", lambda *_, **__: there)
    url = receiver.url.replace("127.0.0.1", "hooks.example.com")
    bot = opened({"source_changed": {}, "webhook": {"url": url, "secret_env": "HOOK"}})
    (tmp_path / "docs" / "new.txt").write_text("The crane of ward 1 eats 9 fish each day.")
    run_due(bot)
    assert receiver.got == []
    assert len(Kept.read(bot.workspace.folder).waiting) == 1


def test_without_its_secret_nothing_is_done(opened: Open, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HOOK", raising=False)
    bot = opened({"source_changed": {}, "webhook": {"url": "https://example.com/x", "secret_env": "HOOK"}})
    with pytest.raises(UsageError, match="HOOK, which is not set"):
        run_due(bot)
    with pytest.raises(UsageError, match="HOOK, which is not set"):
        Automatic(lambda: bot)
    assert bot.automation_log() == []


@pytest.mark.parametrize(
    ("on", "message"),
    [
        ({"run_failed": {}}, "run_failed"),
        ({"webhook": {"url": "https://ada:secret@example.com", "secret_env": "HOOK"}}, "without a name or a password"),
        ({"webhook": {"url": "https://example.com", "secret_env": "s3cret-value"}}, "never the secret itself"),
        ({"webhook": {"url": "https://example.com:99999/x", "secret_env": "HOOK"}}, "expected https://HOST/PATH"),
        ({"webhook": {"url": "https://[::1/x", "secret_env": "HOOK"}}, "expected https://HOST/PATH"),
        ({"webhook": {"url": "https://hooks .example.com/x", "secret_env": "HOOK"}}, "expected https://HOST/PATH"),
        ({"webhook": {"url": "https://@example.com/x", "secret_env": "HOOK"}}, "expected https://HOST/PATH"),
        ({"webhook": {"url": "http://10.0.0.7/x", "secret_env": "HOOK"}}, r"private_hosts: \[10.0.0.7\]"),
        ({"webhook": {"url": "http://[::1]:8/x", "secret_env": "HOOK"}}, "no public address"),
        ({"webhook": {"url": "http://LocalHost/x", "secret_env": "HOOK"}}, r"private_hosts: \[localhost\]"),
        ({"drift": {"evaluate": "x", "above": 30}}, "above"),
    ],
)
def test_a_wrong_section_is_refused_before_anything_happens(opened: Open, on: dict[str, Any], message: str):
    with pytest.raises(RecipeError, match=message):
        opened(on)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_==", "whsec_no base64"])
def test_a_secret_that_is_none_is_refused(opened: Open, monkeypatch: pytest.MonkeyPatch, secret: str):
    monkeypatch.setenv("HOOK", secret)
    bot = opened({"source_changed": {}, "webhook": {"url": "https://example.com/x", "secret_env": "HOOK"}})
    with pytest.raises(UsageError, match="after whsec_ the secret must stand"):
        run_due(bot)


def test_a_run_of_what_people_ask_speaks_for_no_release(opened: Open):
    bot = opened({"sample": {"questions": 5}, "run_passed": {"promote": "staging"}})
    for number in range(LEAST_ASKED):
        ask(bot, f"How many fish does the otter of ward {number} eat each day?")
    now = time.time() + 1
    assert [event for event, _ in said(run_due(bot, now))] == ["sample"]
    assert bot.release("may").manifest["run"] == ""
    assert run_due(bot, now + 1) == []
    with pytest.raises(NotPromoted, match="never measured"):
        bot.promote("may")


def test_alerts_embed_nothing_but_for_what_is_new_and_no_question_twice(opened: Open):
    bot = opened({"alerts": {"refused": 0.5, "failed": 0.5}})
    for number in range(LEAST_ASKED):
        ask(bot, f"Zebra tax {number} zinc {number} zone {number}?")
    now = time.time() + 1
    assert said(run_due(bot, now)) == [("alerts", "refused: alert")]
    assert bot._looked_at is None  # pyright: ignore[reportPrivateUsage]
    bot = opened({"alerts": {"new": 0.5}})
    assert said(run_due(bot, now)) == [("alerts", "new: alert")]
    seen = bot._looked_at  # pyright: ignore[reportPrivateUsage]
    assert seen and seen.embedded == LEAST_ASKED + 6
    bot.forget_index()
    assert run_due(bot, now) == []
    assert bot.monitor().new == 1.0
    assert seen.embedded == LEAST_ASKED + 6


def test_what_reads_all_questions_is_looked_at_by_a_service_at_leisure(opened: Open, monkeypatch: pytest.MonkeyPatch):
    looks: list[str] = []

    def look(event: str) -> Any:
        def looked(*_: Any) -> Iterator[Any]:
            looks.append(event)
            yield from ()

        return looked

    monkeypatch.setattr(automations, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(automations, "LOOKS", {name: look(name) for name in automations.LOOKS})
    bot = opened({"alerts": {"refused": 0.5}, "feedback": {}})
    automatic = Automatic(lambda: bot)
    automatic.start()
    wait_until(lambda: looks.count("feedback") > 5, 60)
    automatic.stop()
    assert looks.count("alerts") == 1


def test_an_unforeseen_error_holds_up_nothing_and_is_tried_again_later_and_later(
    opened: Open, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOOK", "secret")
    looks: list[float] = []

    def look(bot: Any, kept: Any, now: float) -> Iterator[Any]:
        looks.append(now)
        raise ZeroDivisionError("of nothing")
        yield

    bot = opened(
        {"source_changed": {}, "feedback": {"at_least": 1}, "webhook": {"url": receiver.url, "secret_env": "HOOK"}},
        **{"sources.private_hosts": ["127.0.0.1"]},
    )
    ask(bot, "How many fish does the gull of ward 8 eat?", "down", "8 fish")
    begin = time.time()
    with monkeypatch.context() as patch:
        patch.setitem(automations.LOOKS, "source_changed", look)  # pyright: ignore[reportArgumentType]
        assert [row.event for row in bot.automations()] == ["source_changed", "feedback"]
        looks.clear()
        assert said(run_due(bot, begin)) == [
            ("source_changed", "failed: ZeroDivisionError, see the service's own log"),
            ("feedback", "1 of 1 are cases in cases/feedback.jsonl"),
        ]
        assert len(receiver.got) == 2
        for seconds in range(30, 1800, 30):
            run_due(bot, begin + seconds)
        assert [round((at - begin) / 60) for at in looks] == [0, 1, 3, 7, 15]
        looks.clear()
        run_due(bot, begin - DAY)  # the clock was set back
        assert looks
    assert run_due(bot, begin + DAY) == []
    assert Kept.read(bot.workspace.folder).failures == {}


def test_what_fails_while_it_is_done_holds_up_nothing_and_is_not_done_again(
    opened: Open, monkeypatch: pytest.MonkeyPatch
):
    bot = opened({"source_changed": {}, "feedback": {"at_least": 1}})
    ask(bot, "How many fish does the gull of ward 8 eat?", "down", "8 fish")

    def sync() -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(bot, "sync", sync)
    now = time.time()
    assert [event for event, _ in said(run_due(bot, now))] == ["source_changed", "feedback"]
    assert bot.automation_log()[0]["outcome"] == "failed: RuntimeError, see the service's own log"
    assert run_due(bot, now + 30) == []


def test_a_message_is_signed_with_the_time_of_its_try_and_not_of_the_look(
    opened: Open, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOOK", "secret")
    bot = opened(
        {"source_changed": {}, "webhook": {"url": receiver.url, "secret_env": "HOOK"}},
        **{"sources.private_hosts": ["127.0.0.1"]},
    )
    (tmp_path / "docs" / "new.txt").write_text("The crane of ward 1 eats 9 fish each day.")
    late = 0.0
    real, sync = time.time, bot.sync

    def slow() -> Any:
        nonlocal late
        late = 3600.0
        return sync()

    monkeypatch.setattr(bot, "sync", slow)
    monkeypatch.setattr("scoville.bot.automations.time.time", lambda: real() + late)
    run_due(bot)
    ((headers, _),) = receiver.got
    assert int(headers["webhook-timestamp"]) > real() + 3500


def test_a_flood_of_judgements_is_seen_to_bit_by_bit_and_asks_no_model(opened: Open, monkeypatch: pytest.MonkeyPatch):
    bot = opened({"feedback": {"at_least": 2}})
    for number in range(8):
        ask(bot, f"How many fish does the gull of ward {number} eat?", "down", f"{number} fish")
    monkeypatch.setattr(automations, "MOST_CASES", 3)
    monkeypatch.setattr("scoville.bot.route._result", lambda *_: pytest.fail("a model was asked"))
    outcomes = [outcome for _ in range(4) for _, outcome in said(run_due(bot))]
    assert outcomes == [f"{count} of {count} are cases in cases/feedback.jsonl" for count in (3, 3, 2)]
    assert len((bot.workspace.root / "cases" / "feedback.jsonl").read_text().splitlines()) == 8


def test_another_process_that_is_at_it_is_told_apart_from_nothing_to_do(opened: Open, tmp_path: Path, command: Command):
    bot = opened({"feedback": {}})
    (tmp_path / "recipe.yaml").write_text("llm: {model: fake}\nembed: {model: fake}\non:\n  feedback: {}\n")
    with locked(bot.workspace.folder) as alone:
        assert alone
        told = command("automate", "--run", "--workspace", str(tmp_path)).err
    assert "Another process" in told and "Nothing was due" not in told


def test_the_webhook_is_no_event(opened: Open):
    on = {"feedback": {}, "webhook": {"url": "https://example.com/x", "secret_env": "HOOK"}}
    assert opened(on).recipe.on.events == ["feedback"]


def test_many_messages_do_not_grow_without_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("scoville.automations.state.MOST_WAITING", 3)
    kept = Kept(folder=tmp_path)
    for number in range(5):
        kept.note({"time": number, "event": "feedback", "outcome": str(number)}, tell=True)
    assert [one["row"]["outcome"] for one in Kept.read(tmp_path).waiting] == ["2", "3", "4"]


def test_a_damaged_state_says_what_to_do(tmp_path: Path):
    folder = tmp_path / "automations"
    folder.mkdir()
    (folder / "state.json").write_text("{")
    with pytest.raises(WorkspaceError, match="remove it"):
        Kept.read(tmp_path)


def test_a_service_looks_by_itself_until_it_is_stopped_and_its_page_shows_what_happened(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("scoville.bot.automations.LOOK_SECONDS", 0.02)
    bot = opened({"source_changed": {}})
    (tmp_path / "docs" / "new.txt").write_text("The crane of ward 1 eats 9 fish each day.")
    with serving(bot) as served, served.client() as client:
        wait_until(bot.automation_log, 60)
        page = client.get("/monitor").text
    assert said(bot.automation_log()) == [("source_changed", "1 added")]
    assert "The recipe watches <code>source_changed</code>." in page
    assert "1 added" in page
    assert not [thread for thread in threading.enumerate() if thread.name == "automations"]


def test_the_command_says_what_would_happen_does_it_and_shows_what_did(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    recipe = Path("recipe.yaml")
    recipe.write_text(
        "llm: {model: fake}\nembed: {model: fake}\nsources: [{path: cranes}]\non:\n  source_changed: {}\n"
    )
    Path("cranes").mkdir()
    Path("cranes/a.txt").write_text("The crane of ward 1 eats 9 fish each day.")
    assert "would sync if something changed" in command("automate").out
    assert command("automate", "--log").err.strip() == "Nothing happened by itself yet."
    assert command("automate", "--run", "--json").json[0]["outcome"] == "1 added"
    assert "1 added" in command("automate", "--log").out
    assert command("automate").err.strip() == "Nothing is due; the recipe watches source_changed."
    recipe.write_text("llm: {model: fake}\n")
    assert command("automate").err.strip() == "Nothing is due; the recipe's `on` names no event."
