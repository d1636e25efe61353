"""Who corrects what a question wrongly supposes is right; who goes along with it, or pastes, is not."""

from pathlib import Path
from typing import Any

import pytest

from scoville.evaluate.metrics.premise import corrects_premise
from scoville.evaluate.result import Result, Retrieved
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.runs import create_run
from scoville.evaluate.score_run import score_run
from scoville.evaluate.system import FunctionSystem
from scoville.types import Case, Evidence

ASKED = {
    "Why does the Larkhaven line not carry lorries?": (
        "The Larkhaven line carries lorries up to 12 tonnes.",
        [
            "The Larkhaven line does carry lorries, up to 12 tonnes.",
            "Actually, the Larkhaven line carries lorries up to 12 tonnes.",
            "It does: lorries up to 12 tonnes are carried on the Larkhaven line [1].",
        ],
        [
            "The Larkhaven line does not carry lorries because they are too heavy.", "Because lorries are too heavy.",
            "Why does the Larkhaven line not carry lorries?", "Dogs travel free.",
        ],
    ),
    "Why must notice be given six months before leaving?": (
        "Notice is given one month before leaving.",
        [
            "Notice is given one month before leaving, not six.", "Notice is only one month.",
            "Notice must be given one month before leaving.",
        ],
        ["Notice must be given six months before leaving, to find a successor.", "Notice is six months."],
    ),
    "Since the Gold plan covers dental care abroad, how much is paid?": (
        "The Gold plan does not cover dental care abroad.",
        [
            "The Gold plan does not cover dental care abroad.", "Dental care abroad is not covered.",
            "Nothing is paid: dental care abroad is not covered by the Gold plan.",
        ],
        ["The Gold plan covers dental care abroad and pays 80 percent.", "80 percent is paid."],
    ),
    "Which of the two founders set up Larkspur in 1911?": (
        "Larkspur was set up in 1924 by Mara Ellison.",
        ["Larkspur was set up in 1924 by Mara Ellison, not in 1911.", "It was set up in 1924, by Mara Ellison alone."],
        ["Mara Ellison set up Larkspur in 1911.", "John Reed did."],
    ),
    "Warum sind Hunde verboten?": (
        "Hunde sind in allen Büros erlaubt.",
        ["Hunde sind in allen Büros erlaubt.", "Hunde sind nicht verboten, sondern in allen Büros erlaubt."],
        ["Hunde sind verboten, weil sie bellen.", "Weil sie bellen."],
    ),
}  # fmt: skip
PAGE = "The office opens at nine. Bicycles may be left in the yard, which is locked at eight in the evening. " * 6


def asked(question: str, **values: Any) -> Case:
    evidence = (Evidence(document="a.md", quote=ASKED[question][0]),)
    given: dict[str, Any] = {"evidence": evidence, "tags": ("generated", "false_premise"), **values}
    return Case(id="1", question=question, answerable=False, **given)


def corrects(case: Case, text: str) -> bool:
    passages = (Retrieved(id="1", document="a.md", pages=(), text=f"{PAGE}{ASKED[case.question][0]} {PAGE}"),)
    return corrects_premise(case, Result(case_id="1", text=text, refused=False, passages=passages))


@pytest.mark.parametrize("question", ASKED)
def test_what_is_so_corrects_the_premise_and_what_goes_along_with_it_does_not(question: str):
    case = asked(question)
    _, corrections, others = ASKED[question]
    assert [text for text in corrections if not corrects(case, text)] == []
    assert [text for text in others if corrects(case, text)] == []


@pytest.mark.parametrize("question", ASKED)
def test_a_pasted_passage_that_holds_the_truth_corrects_nothing(question: str):
    assert not corrects(asked(question), f"{PAGE}{ASKED[question][0]} {PAGE}")
    assert not corrects(asked(question), "")


def test_the_truth_stands_in_the_expected_answer_or_the_evidence_of_a_case_that_says_so():
    question = next(iter(ASKED))
    truth, (said, *_), _ = ASKED[question]
    assert not corrects(asked(question, tags=("left_out",)), said)  # there the evidence is what nobody can know
    assert corrects(asked(question, tags=("False-Premise",)), said)
    assert corrects(asked(question, tags=(), evidence=(), expected=(truth,)), said)
    assert not corrects(asked(question, evidence=()), said)


def test_a_correction_is_refused_rightly_and_an_invented_answer_is_not(tmp_path: Path):
    cases = [asked("Why must notice be given six months before leaving?")]
    found: list[float] = []
    for text in ("Notice is only one month.", "Six months give time to find a successor.", "I don't know."):
        run = create_run(tmp_path, cases, {"system": "function"})
        run_cases(FunctionSystem(lambda _, text=text: text), cases, run)
        score_run(run)
        found.append(run.summary()["metrics"]["refused_right"]["mean"])
    assert found == [1.0, 0.0, 1.0]
