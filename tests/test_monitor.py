"""What became of questions: figures by day, questions that no case is like, what documents lack."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from test_cli import check

import scoville as sc
from conftest import Bench, Command
from scoville.cases.files import write_cases
from scoville.monitor import Asked, Cited, by_day, by_release, figures_of, monitored, new_among, topics_of
from scoville.track.store import FILE_NAME, Store
from scoville.types import Case

NOON = time.mktime((2026, 11, 3, 12, 0, 0, 0, 0, -1))
DAY = 24 * 3600


def asked(question: str, **values: object) -> Asked:
    given = {"trace": "t", "time": NOON, "outcome": "answered", "reason": "", "seconds": 1.0, "usd": 0.0,
             "support": None, "citations": (), "guards": 0, "release": "", "rating": ""}  # fmt: skip
    return Asked(question=question, **(given | values))  # pyright: ignore[reportArgumentType]


def test_figures_are_summed_up():
    cited = (Cited("a.pdf", 1, "supported"), Cited("a.pdf", 2, "unchecked"), Cited("b.pdf", None, "supported"))
    found = figures_of([
        asked("a", citations=cited, support=0.9, rating="up", usd=0.5), asked("b", seconds=3.0, guards=2),
        asked("c", outcome="refused", reason="conflict", support=0.2, seconds=2.0), asked("d", outcome="failed"),
    ])  # fmt: skip
    assert (found.asked, found.answered, dict(found.refused), found.failed) == (4, 2, {"conflict": 1}, 1)
    assert (found.p50_seconds, found.p95_seconds, found.usd, found.guards) == (1.0, 3.0, 0.5, 2)
    assert (found.support, found.supported, found.up, found.down) == (pytest.approx(0.55), pytest.approx(2 / 3), 1, 0)
    empty = figures_of([])
    assert (empty.asked, empty.p95_seconds, empty.support, empty.supported) == (0, 0.0, None, None)


def test_days_and_releases_stand_in_their_order():
    given = [asked("a", time=NOON + DAY, release="v2"), asked("b"), asked("c", release="v1"), asked("d", release="v2")]
    assert [(one.name, one.asked) for one in by_day(given)] == [("2026-11-03", 3), ("2026-11-04", 1)]
    assert [(one.name, one.asked) for one in by_release(given)] == [("", 1), ("v1", 1), ("v2", 2)]


def test_what_a_shadow_was_asked_is_compared_and_counts_nowhere_else():
    given = [
        asked("a", release="v1", trace="1"), asked("b", release="v1", trace="2"),
        asked("a", release="v2", trace="3", shadows="1", agrees=True, seconds=99.0),
        asked("b", release="v2", trace="4", shadows="2", outcome="refused", reason="weak_evidence"),
    ]  # fmt: skip
    found = monitored(given, [], [], lambda texts: np.zeros((len(texts), 1), np.float32))
    assert (found.total.asked, found.total.p95_seconds, found.lacking) == (2, 1.0, [])
    assert [one.name for one in found.releases] == ["v1"]
    (shadow,) = found.shadows
    assert (shadow.release, shadow.asked, shadow.agreed, shadow.differs) == ("v2", 2, 1, [("b", "2", "4")])


def test_questions_about_the_same_are_one_topic_with_its_words():
    questions = ["Where do I park?", "Is there a gym?", "Is parking free where I work?"]
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0.9, 0, np.sqrt(1 - 0.81)]], np.float32)
    topics = topics_of(questions, vectors)
    assert [topic.questions for topic in topics] == [(questions[0], questions[2]), (questions[1],)]
    assert topics[0].name.startswith("park") and topics[0].example in topics[0].questions and topics[1].name == "gym"


def test_a_question_is_new_that_no_case_is_like():
    cases = np.array([[1, 0], [0.6, 0.8]], np.float32)
    is_new, likeness = new_among(np.array([[1, 0], [-1, 0], [0, -1]], np.float32), cases)
    assert is_new.tolist() == [False, True, True] and likeness == pytest.approx((1 - 0.6 + 0) / 3)
    assert new_among(cases, cases[:0])[0].all()


def test_only_what_documents_could_mend_is_lacking():
    given = [
        asked("Where do I park?", outcome="refused", reason="weak_evidence"), asked("How long is leave?"),
        asked("Which plan?", outcome="refused", reason="underspecified"), asked("Bad?", rating="down"),
    ]  # fmt: skip
    vectors = np.eye(4, dtype=np.float32)
    found = monitored(given, ["How long is leave?"], ["b.pdf"], lambda texts: vectors[: len(texts)])
    assert [topic.questions for topic in found.lacking] == [("Where do I park?",)]
    assert [one.question for one in found.disliked] == ["Bad?"] and found.never_cited == ["b.pdf"]


def test_what_people_asked_is_monitored(bench: Bench, fakes: None, command: Command):
    bench.write("leave.txt", "Parental leave of Larkspur Freight takes sixteen weeks.")
    bench.write("unused.txt", "The roof of the depot is green.")
    root: Path = bench.workspace.root
    with sc.open(root) as bot:
        bot.add(bench.docs)
        assert bot.monitor().total.asked == 0
        assert "Nothing was asked" in command("monitor").err
        write_cases(
            root / "cases" / "dev.jsonl", [Case(id="a", question="How long is parental leave?", expected=("x",))]
        )
        bot.evaluate(root / "cases" / "dev.jsonl")
        for question in ("How long is parental leave?", "Zebra xylophone quartz?"):
            bot.ask(question)
        trace = bot.traces(1)[0].trace_id
        with Store(root / ".scoville" / FILE_NAME) as store:
            columns = "time, caller, trace_id, rating, reason, answer"
            rows = [(time.time(), trace, "up"), (time.time() + 1, trace, "down")]
            store.write(f"INSERT INTO feedback ({columns}) VALUES (?, '', ?, ?, '', '')", rows)
        found = bot.monitor()
    assert found.total.asked == 2 and found.total.up == 0  # those of the evaluation are none, and the last word counts
    assert [one.question for one in found.disliked] == ["Zebra xylophone quartz?"] and found.new == 0.5
    assert [topic.example for topic in found.new_topics] == ["Zebra xylophone quartz?"]
    assert [Path(name).name for name, _ in found.cited] == ["leave.txt"]
    assert [Path(name).name for name in found.never_cited] == ["unused.txt"]
    shown = command("monitor", "--days", "2").out
    assert "50% of the questions are like no case" in shown and "unused.txt" in shown
    told = json.loads(command("monitor", "--json").out)
    assert told["total"]["asked"] == 2
    shadows = {f"shadows[].{name}" for name in ("release", "asked", "agreed", "differs[][]")}
    check("monitor --json", [told], never={"outdated[]", *shadows})


def test_a_month_is_a_page_of_its_own_with_a_summary(bench: Bench, fakes: None, command: Command):
    bench.write("leave.txt", "Parental leave of Larkspur Freight takes sixteen weeks.")
    root: Path = bench.workspace.root
    with sc.open(root) as bot:
        bot.add(bench.docs)
        for question in ("How long is parental leave?", "Zebra <script>alert(1)</script> quartz?"):
            bot.ask(question)
        bad = bot.traces(1)[0].trace_id
        with Store(root / ".scoville" / FILE_NAME) as store:
            columns = "time, caller, trace_id, rating, reason, answer"
            store.write(f"INSERT INTO feedback ({columns}) VALUES (?, '', ?, 'down', '', '')", [(time.time(), bad)])
    page = root / "month.html"
    assert command("monitor", "--out", str(page), "--studio", "http://bot.example/").code == 0
    written = page.read_text()
    assert "2 questions were asked: " in written and "People judged 0 answers good and 1 bad." in written
    assert f'href="http://bot.example/traces/{bad}"' in written and "<script>alert" not in written
    command("monitor", "--out", str(page))
    assert "href=" not in page.read_text()
