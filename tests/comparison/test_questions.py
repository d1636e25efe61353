"""Two runs question by question, and which answers a judge prefers."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scoville.comparison.preference import prefer
from scoville.comparison.questions import count_outcomes, question_rows, questions_text
from scoville.errors import UsageError
from scoville.evaluate.blame import Blame
from scoville.evaluate.judge.judge import Judge
from scoville.evaluate.runs import Run, create_run
from scoville.llm import FakeLlm
from scoville.types import Case, Evidence, Message, Score

CASES = [
    Case(id=name, question=f"What of {name}?", expected=(f"It is {name}.",),
         evidence=(Evidence(document="a.pdf", page=2, quote=f"So {name} is."),))
    for name in ("worse", "worst", "lost", "better", "gained", "same", "unscored")
]  # fmt: skip
BEFORE = {"worse": 1.0, "worst": 1.0, "lost": 1.0, "better": 0.0, "gained": None, "same": 1.0, "unscored": None}
AFTER = {"worse": 0.6, "worst": 0.0, "lost": None, "better": 1.0, "gained": 1.0, "same": 1.0, "unscored": None}


def made(folder: Path, values: Mapping[str, float | None], answers: Mapping[str, str], metric: str = "quality") -> Run:
    run = create_run(folder, CASES, {"system": "function"})
    with run.recording() as record:
        for case in CASES:
            record(case.id, {"answer": answers.get(case.id, "Yes."), "refused": False})
    run.write_scores(
        {name: [Score(metric=metric, value=value, reason="" if value is not None else "the judge gave no verdict")]
         for name, value in values.items()},
        {},
    )  # fmt: skip
    return run


def test_what_got_worse_by_most_comes_first(tmp_path: Path):
    before, after = made(tmp_path, BEFORE, {"worst": "Right."}), made(tmp_path, AFTER, {"worst": "Bananas."})
    rows = question_rows(before, after, "quality", ((), [Blame("worst", "misread", "it says so")]))
    assert [row.case for row in rows] == ["worst", "worse", "lost", "better", "gained", "same", "unscored"]
    assert count_outcomes(rows) == {
        "worse": 2, "lost": 1, "better": 1, "gained": 1, "same": 1, "unscored": 1
    }  # fmt: skip
    worst = rows[0]
    assert (worst.change, worst.baseline.answer, worst.run.answer) == (-1.0, "Right.", "Bananas.")
    assert (worst.run.stage, worst.baseline.stage, worst.expected) == ("misread", "", ("It is worst.",))
    assert (rows[2].change, rows[2].run.reason) == (None, "the judge gave no verdict")


def test_on_a_terminal_only_what_changed_is_shown_with_all_that_is_known_of_it(tmp_path: Path):
    before, after = made(tmp_path, BEFORE, {}), made(tmp_path, AFTER, {"worst": "Bananas."})
    text = questions_text(
        question_rows(before, after, "quality", ((), [Blame("worst", "ranked_too_low", "at rank 9")])),
        "quality",
        ("old", "new"),
    )
    head, first, *_ = text.split("\n\n")
    assert head == "new against old, quality: 2 worse, 1 lost, 1 better, 1 gained, 1 same, 1 unscored"
    assert first.splitlines() == [
        "worse by 100 points: What of worst? (worst)",
        "  expected  It is worst.",
        "  old       Yes. [100 %]",
        "  new       Bananas. [0 %; ranked too low: at rank 9]",
        '  evidence  a.pdf, page 2: "So worst is."',
    ]
    assert "(same)" not in text and "(unscored)" not in text


def test_of_a_metric_of_which_less_is_better_more_is_worse(tmp_path: Path):
    before, after = (made(tmp_path, values, {}, "hallucination") for values in (BEFORE, AFTER))
    assert question_rows(before, after, "hallucination")[0].case == "better"


def test_cases_that_the_metric_says_nothing_of_have_no_row(tmp_path: Path):
    values = {"worse": 1.0, "lost": 1.0}
    rows = question_rows(made(tmp_path, values, {}), made(tmp_path, {"worse": 0.0}, {}))
    assert [(row.case, row.outcome, row.run.reason) for row in rows] == [
        ("worse", "worse", ""), ("lost", "lost", "does not apply")
    ]  # fmt: skip


def test_runs_of_other_cases_have_no_common_rows(tmp_path: Path):
    other = create_run(tmp_path, [replace(CASES[0], expected=("No.",))], {})
    other.write_scores({"worse": [Score(metric="quality", value=1.0)]}, {})
    with pytest.raises(UsageError, match="different cases"):
        question_rows(made(tmp_path, BEFORE, {}), other)


def judge_of(rule: Any) -> Judge:
    """Give a judge that is asked about the texts after `first` and `second`."""

    def reply(messages: list[Message]) -> str:
        return json.dumps({"verdict": rule(messages[-1].content)})

    return Judge(FakeLlm(reply))


def test_the_judge_sees_both_orders_and_what_it_says_of_one_only_is_a_tie(tmp_path: Path):
    before = made(tmp_path, BEFORE, {case.id: "A short reply." for case in CASES})
    after = made(tmp_path, AFTER, {case.id: "A reply that is good." for case in CASES})
    good = judge_of(lambda text: "first" if text.index("good") < text.index("short") else "second")
    found = prefer(good, before, after)
    assert (found.wins, found.ties, found.losses, found.mean, found.n) == (7, 0, 0, 1.0, 7)
    assert found.low is not None and found.low > 0.5 and found.p < 0.05
    assert prefer(good, after, before).losses == 7
    first = prefer(judge_of(lambda _: "first"), before, after)
    assert (first.ties, first.contradicted, first.mean, first.p) == (7, 7, 0.5, 1.0)


def test_a_judge_that_is_down_prefers_nobody(tmp_path: Path):
    before, after = made(tmp_path, BEFORE, {}), made(tmp_path, AFTER, {case.id: "No." for case in CASES})
    found = prefer(Judge(FakeLlm("garbage")), before, after)
    assert (found.n, found.unscored, found.mean, found.p) == (0, 7, None, 1.0)
