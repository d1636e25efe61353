"""`scoville metrics check`: metrics beside people."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import Command
from scoville import registry
from scoville.errors import UsageError
from scoville.evaluate.check_metrics import check_metrics
from scoville.evaluate.judge.agreement import auroc, kendall
from scoville.evaluate.judged_answers import read_judged
from scoville.evaluate.metrics import Family, Metric
from scoville.evaluate.result import Result
from scoville.types import Case, Score

CONTEXTS = ["Staff have 30 days of leave.", "The canteen is open from 11 to 14."]
RIGHT, HALF, WRONG = "30 days of leave.", "30 days, and a lunch with the moon goddess.", "Twelve weeks on the moon."


def row(answer: str, human: dict[str, Any], **more: Any) -> dict[str, Any]:
    question = "How much leave do staff have?"
    return {
        "question": question,
        "reference": "30 days",
        "contexts": CONTEXTS,
        "answer": answer,
        "human": human,
        **more,
    }


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return path


def judged(path: Path, **more: Any) -> Path:
    verdicts = [(RIGHT, [1, 1, 1]), (HALF, [1, 0, 1]), (WRONG, [0, 0, 1])] * 4
    return write(
        path, *(row(answer, {"correctness": human, **more}, id=n) for n, (answer, human) in enumerate(verdicts))
    )


class TestStatistics:
    def test_auroc_is_the_share_of_pairs_in_order(self):
        assert auroc([1, 1, 0, 0], [0.9, 0.3, 0.3, 0.1]) == pytest.approx((1 + 1 + 0.5 + 1) / 4)
        assert auroc([1, 0], [0, 1]) == 0
        assert auroc([1, 1], [0, 1]) is None

    def test_kendall_leaves_ties_out(self):
        assert kendall([1, 2, 3], [1, 3, 2]) == pytest.approx(1 / 3)
        assert kendall([1, 2, 2], [1, 2, 3]) == pytest.approx(2 / (2 * 3) ** 0.5)
        assert kendall([1, 1], [1, 2]) is None


class TestFile:
    def test_an_answer_a_line_and_a_task_a_line_are_read_alike(self, tmp_path: Path):
        one: dict[str, Any] = {"answer": RIGHT, "human": {"correctness": [4, 3, None, float("nan")], "fluent": "right"}}
        task = {"turns": [{"text": "Hi"}, {"text": "How much leave do staff have?"}], "answers": [one]}
        plain, many = read_judged(
            write(
                tmp_path / "a.jsonl",
                row(RIGHT, one["human"]),
                {**task, "reference": ["30 days"], "contexts": [{"text": "x"}]},
            )
        )
        assert plain.case.question == many.case.question == "How much leave do staff have?"
        assert plain.human == many.human == {"correctness": (4, 3), "fluent": (1,)}
        assert (plain.case.expected, many.contexts) == (("30 days",), ("x",))

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            ([1], "expected an object"),
            ({"answer": "x", "human": {}}, "no question"),
            ({"question": "x", "human": {}}, "no answer"),
            ({"question": "x", "answers": 3}, "no answer"),
            ({"turns": [3], "answer": "y", "human": {}}, "expected a text, got '3'"),
            ({"question": "x", "answer": "y"}, "no verdicts; expected an object under the key human"),
            (row("x", {"correctness": "meh"}), "'meh' is no verdict"),
            (row("x", {"correctness": {}}), "is no verdict"),
            (row("x", {"correctness": 1}, contexts=[3]), "expected a text, got '3'"),
        ],
    )
    def test_a_bad_line_is_named(self, tmp_path: Path, bad: Any, message: str):
        with pytest.raises(UsageError, match=rf"line 2: .*{message}"):
            read_judged(write(tmp_path / "a.jsonl", row(RIGHT, {"correctness": 1}), bad))

    def test_a_file_without_verdicts_says_what_is_expected(self, tmp_path: Path):
        path = write(tmp_path / "a.jsonl", row(RIGHT, {"correctness": [None, float("nan")]}))
        with pytest.raises(UsageError, match="holds no answer with a verdict; expected lines like"):
            check_metrics(path)
        with pytest.raises(UsageError, match="cannot be read"):
            check_metrics(tmp_path / "none.jsonl")


class TestCheck:
    def test_what_agrees_with_people_has_a_high_auroc(self, tmp_path: Path):
        found = check_metrics(judged(tmp_path / "a.jsonl"))
        assert list(found)[:2] == ["correctness", "faithfulness"]
        one = found["correctness"]
        assert (one["auroc"], one["n"], one["unscored"], one["against"], one["reason"]) == (1, 12, 0, "correctness", "")
        assert 0.7 < one["kendall"] <= 1
        assert one["low"] <= one["auroc"] <= one["high"]

    def test_a_metric_is_compared_with_the_verdict_of_its_name(self, tmp_path: Path):
        rows = [row(RIGHT, {"faithfulness": 4, "completeness": 1}), row(WRONG, {"faithfulness": 1, "completeness": 4})]
        found = check_metrics(write(tmp_path / "a.jsonl", *rows * 3))
        assert (found["faithfulness"]["against"], found["faithfulness"]["auroc"]) == ("faithfulness", 1)
        assert found["correctness"]["against"] == "faithfulness × completeness"
        assert found["correctness"]["reason"] == "people call all these answers bad"

    def test_verdicts_that_are_all_equal_are_said(self, tmp_path: Path):
        found = check_metrics(
            write(tmp_path / "a.jsonl", *[row(RIGHT, {"correctness": 3}), row(WRONG, {"correctness": 3})])
        )
        assert found["correctness"]["auroc"] is None
        assert found["correctness"]["reason"] == "all verdicts of correctness are equal (3)"
        assert found["faithfulness"]["reason"] == "people give no such verdict, only correctness"

    def test_answers_without_an_expected_one_are_unscored(self, tmp_path: Path):
        rows = [row(answer, {"correctness": n}, reference="") for n, answer in enumerate((WRONG, RIGHT))]
        found = check_metrics(write(tmp_path / "a.jsonl", *rows))
        assert (found["correctness"]["n"], found["correctness"]["unscored"]) == (0, 2)
        assert found["correctness"]["reason"] == "the metric says nothing of these 2 answers"

    def test_facts_are_used(self, tmp_path: Path):
        rows = [row("30 days", {"correctness": n}, facts=facts) for n, facts in enumerate((["40 weeks"], ["30 days"]))]
        assert check_metrics(write(tmp_path / "a.jsonl", *rows))["correctness"]["auroc"] == 1

    @pytest.fixture
    def plugged(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(registry, "_added", {})
        metric = Metric(name="brevity", family="acme", description="short")

        def score(case: Case, result: Result) -> Iterator[Score]:
            yield metric.score(1 / (1 + len(result.text)))

        registry.register("metric", "acme", lambda: Family(score=score, metrics={"brevity": metric}))
        yield

    def test_a_plugged_in_metric_is_measured_too(self, tmp_path: Path, plugged: None):
        path = judged(tmp_path / "a.jsonl", brevity=2)
        assert check_metrics(path)["brevity"]["reason"] == "all verdicts of brevity are equal (2)"
        assert check_metrics(judged(path))["brevity"]["auroc"] == pytest.approx(0.5)


class TestCommand:
    def test_json_and_table_say_the_same(self, tmp_path: Path, command: Command):
        path = judged(tmp_path / "a.jsonl")
        found = command("metrics", "check", str(path), "--json").json
        assert found["correctness"]["auroc"] == 1
        shown = command("metrics", "check", str(path)).out
        assert "correctness        1.000" in shown
        assert "12  correctness" in shown

    def test_a_bad_file_is_a_clear_line(self, tmp_path: Path, command: Command):
        done = command("metrics", "check", str(write(tmp_path / "a.jsonl", {"question": "x"})))
        assert done.code == 2
        assert "a.jsonl, line 1: no answer" in done.err
