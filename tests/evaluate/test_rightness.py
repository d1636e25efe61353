"""Whether an answer and a refusal are right, and what both come to."""

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Command
from scoville.cases.files import case_json, case_of, cases_of
from scoville.evaluate.result import Result, Retrieved
from scoville.evaluate.rightness import rightness
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.runs import Run, create_run
from scoville.evaluate.score_run import score_run
from scoville.evaluate.system import FunctionSystem
from scoville.types import Case, Score

DAYS = Case(id="days", question="How long is parental leave?", expected=("Thirty days.",))
MOON = Case(id="moon", question="Who owns the moon?", answerable=False)
TEXT = "Parental leave is thirty days. It is granted to all staff. Unused leave ends in March."


def said(text: str, *, refused: bool = False) -> Result:
    return Result(case_id="days", text=text, refused=refused)


def decided(case: Case, result: Result, *scores: Score, wrong_costs: float = 1.0) -> dict[str, Score]:
    return {score.metric: score for score in rightness(case, result, scores, wrong_costs)}


def words(value: float) -> Score:
    return Score(metric="correctness_words", value=value)


def run_of(tmp_path: Path, cases: list[Case], answer: Any) -> Run:
    run = create_run(tmp_path, cases, {"system": "function"})
    run_cases(FunctionSystem(answer), cases, run)
    score_run(run)
    return run


def test_answers_and_refusals_are_counted_apart():
    assert decided(DAYS, said("Thirty."), words(0.9)).keys() == {"answered_right", "quality"}
    assert decided(MOON, said("", refused=True), Score(metric="refusal_right", value=1)).keys() == {
        "refused_right", "quality",
    }  # fmt: skip


def test_the_surest_metric_decides_and_is_named():
    judged = Score(metric="correctness", value=1.0, version=2, judge="j")
    found = decided(DAYS, said("x"), words(0.0), judged)["answered_right"]
    assert (found.value, found.reason, found.version, found.judge) == (1.0, "correctness", 2, "j")
    partly = Score(metric="correctness", value=0.5, judge="j")
    assert decided(DAYS, said("x"), words(1.0), partly)["answered_right"].value == 0
    rounds = Score(metric="correctness", value=0.75, judge="j", rounds=(1.0, 0.5, 1.0, 0.5))
    asked = decided(DAYS, said("x"), rounds)["answered_right"]
    assert (asked.value, asked.rounds) == (0.5, (1.0, 0.0, 1.0, 0.0))
    nothing = decided(DAYS, said("x"))
    assert (nothing["answered_right"].value, nothing["quality"].value) == (None, None)
    assert "neither" in nothing["quality"].reason


@pytest.mark.parametrize(
    ("wrong_costs", "right", "refusal", "wrong"), [(1, 1, 0, 0), (4, 1, 0.75, 0), (0.5, 1, 0, 0.5)]
)
def test_quality_weighs_a_wrong_answer_against_a_refusal(
    wrong_costs: float, right: float, refusal: float, wrong: float
):
    answers = (said("Thirty."), words(0.9)), (said("", refused=True), words(0)), (said("Nine."), words(0))
    found = [decided(DAYS, result, score, wrong_costs=wrong_costs)["quality"] for result, score in answers]
    assert [score.value for score in found] == [right, refusal, wrong]
    assert ("wrong_costs" in found[0].reason) == (wrong_costs != 1)


def test_quality_is_both_parts_weighed_by_the_share_without_an_answer(tmp_path: Path):
    cases = [DAYS, Case(id="notice", question="How long is notice?", expected=("Two months.",)), MOON]
    summary = run_of(tmp_path, cases, lambda _: "It is thirty days.").summary()
    metrics, weights = summary["metrics"], summary["weights"]
    assert (metrics["answered_right"]["mean"], metrics["answered_right"]["n"]) == (0.5, 2)
    assert (metrics["refused_right"]["mean"], metrics["refused_right"]["n"]) == (0.0, 1)
    assert weights == {"unanswerable": pytest.approx(1 / 3), "wrong_costs": 1.0}
    share = weights["unanswerable"]
    assert metrics["quality"]["mean"] == pytest.approx((1 - share) * 0.5 + share * 0.0)


@pytest.mark.parametrize("cheat", [DAYS.question, TEXT * 20, "I don't know.", ""])
def test_what_reads_nothing_answers_nothing_rightly(tmp_path: Path, cheat: str):
    def answer(_: str) -> dict[str, Any]:
        return {"answer": cheat, "passages": [{"id": "1", "document": "a.txt", "text": TEXT * 20}]}

    metrics = run_of(tmp_path, [DAYS], answer).summary()["metrics"]
    assert metrics["answered_right"]["mean"] == 0


def test_padding_an_answer_with_a_passage_makes_it_worse():
    from scoville.evaluate.metrics.right import score_right

    passage = Retrieved(id="1", document="a.txt", pages=(), text=TEXT)
    alone, padded = (
        next(iter(score_right(DAYS, Result(case_id="days", text=text, refused=False, passages=(passage,)))))
        for text in ("Parental leave is thirty days.", f"Parental leave is thirty days. {TEXT}")
    )
    assert alone.value is not None and padded.value is not None and padded.value < alone.value


def test_every_fact_of_a_case_must_be_said():
    from scoville.evaluate.metrics.right import score_right

    case = Case(id="1", question="What does the plan cover?", facts=("glasses up to £200", "two check-ups a year"))
    both, one = (
        next(iter(score_right(case, said(text)))).value
        for text in ("Glasses up to £200 and two check-ups a year.", "Glasses up to £200.")
    )
    assert both is not None and one is not None and one < both
    assert case_of(json.loads(json.dumps(case_json(case)))) == case


def test_facts_are_read_from_a_table(tmp_path: Path):
    file = tmp_path / "cases.csv"
    file.write_text('question,facts\nWhat is covered?,"[""glasses"", ""check-ups""]"\n')
    assert cases_of(file)[0].facts == ("glasses", "check-ups")


def test_the_weight_is_said_beside_quality(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("cases.jsonl").write_text("\n".join(json.dumps(case_json(case)) for case in (DAYS, MOON)))
    Path("bot.py").write_text("def answer(question):\n    return 'It is thirty days.'\n")
    done = command("evaluate", "cases.jsonl", "--system", "bot.py:answer", "--set", "evaluate.wrong_costs=3")
    assert done.code == 0, done.err
    assert "answered rightly" in done.out and "refused rightly" in done.out
    assert "quality: 50 % of the questions have no answer; a wrong answer costs 3 refusals" in done.out
