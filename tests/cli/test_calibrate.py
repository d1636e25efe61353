"""`scoville calibrate` fits on the dev part of cases, and `answer.max_error` answers by what it found."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from test_cli import check

from conftest import ANIMALS, Bench, Command, fish_cases
from scoville.cases.files import write_cases
from scoville.extract import Span
from scoville.types import Case

FLAGS = ("--set", "answer.min_similarity=-1", "--set", "rewrite.standalone=none")
UNKNOWN = [f"Why does {a}{b}ix {b}{a}on every {a}{b}ur?" for a in "bdfgkl" for b in "aeiouy"]


class TellsAnimals:
    """A reader without weights: it is sure of questions about animals of the documents, and of few others."""

    name = "reader"

    def read(self, question: str, texts: Sequence[str]) -> list[Span]:
        sure = 0.9 if "fish" in question else 0.2
        sure -= 0.004 * (len(question) % 7)
        end = len(texts[0])
        return [Span(text=0, start=end - 7, end=end, score=1.0, answerable=1.0, probability=sure)]


@pytest.fixture
def filled(bench: Bench) -> Bench:
    for animal in ANIMALS:
        bench.write(f"{animal}.txt", f"Each ward has a {animal}. It eats 5 fish each day, says its keeper.")
    bench.add()
    return bench


@pytest.fixture
def cases(filled: Bench, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("scoville.answer.answerer.shipped_reader", lambda threads: TellsAnimals())
    known = [replace(case, split="dev") for case in fish_cases(36)]
    unknown = [Case(id=f"u{n}", question=question, answerable=False, split="dev") for n, question in enumerate(UNKNOWN)]
    # Of the part for testing every label is wrong: fitting on it would show.
    tests = [replace(case, id=f"t{case.id}", answerable=False, split="test") for case in known]
    path = filled.workspace.root / "cases" / "all.jsonl"
    path.parent.mkdir()
    write_cases(path, [*known, *unknown, *tests])
    return str(path)


def test_the_dev_part_is_fitted_shown_and_kept(cases: str, command: Command):
    done = command("calibrate", *FLAGS)
    assert done.code == 0, done.err
    assert "36 questions with an answer, 36 without, told apart: 1.000 (AUROC)" in done.out
    assert "calibration.json" in done.err
    rates = {line.split()[0]: line for line in done.out.splitlines() if line.startswith("0.")}
    assert "cannot be kept" in rates["0.01"] and "only the expected error" in rates["0.05"]
    assert "only" not in rates["0.2"]
    written = command("calibrate", cases, *FLAGS, "--json").json
    check("calibrate CASES --json", [written])
    assert (written["answerable"], written["unanswerable"], written["auroc"]) == (36, 36, 1.0)
    assert [one["errors"] for one in written["curve"]][-1] == 36
    assert written["curve"][-1]["error"] == 0.5


def test_the_risk_at_each_coverage_is_drawn(cases: str, filled: Bench, command: Command):
    assert "calibration.html" in command("calibrate", *FLAGS).err
    page = (filled.workspace.folder / "calibration.html").read_text()
    on_cases, bound = (
        [float(pair.split(",")[1]) for pair in points.split()] for points in re.findall(r'points="([^"]+)"', page)
    )
    assert len(on_cases) == len(bound) and on_cases[0] > on_cases[-1]  # pixels count downwards: all wrong ones are last
    assert all(high < value for high, value in zip(bound, on_cases, strict=True))


def test_an_error_rate_refuses_what_is_unlikely_whatever_model_answers(cases: str, command: Command):
    command("calibrate", *FLAGS)
    flags = (*FLAGS, "--set", "answer.max_error=0.05", "--json")
    refused = command("ask", "Why does the otter sing?", *flags).json
    assert (refused["refused"], refused["reason"], refused["model"]) == (True, "low_support", None)
    assert refused["refusal"]["reason"] == "not_answered" and refused["refusal"]["citations"][0]["quote"]
    answered = command("ask", fish_cases(1)[0].question, *flags).json
    assert answered["probability"] > 0.5 > refused["probability"]
    assert answered["model"] and answered["signals"]["reader"] > 0


def test_an_error_rate_without_a_calibration_or_with_another_system_is_refused(cases: str, command: Command):
    flags = (*FLAGS, "--set", "answer.max_error=0.05")
    assert "this workspace has none: run `scoville calibrate CASES`" in command("ask", "Why fish?", *flags).err
    assert command("calibrate", *flags).code == 0
    assert "is for other settings" in command("ask", "Why fish?", *flags, "--set", "search.passages=2").err
    tight = command("ask", "Why fish?", *FLAGS, "--set", "answer.max_error=0.001")
    assert tight.code == 2 and "0.001 cannot be kept, by the 72 cases" in tight.err and "the least is 0.03" in tight.err


def test_a_calibration_of_other_settings_is_said_and_left(cases: str, command: Command):
    command("calibrate", *FLAGS)
    done = command("ask", "How many fish?", *FLAGS, "--set", "search.passages=2", "--json")
    assert "for other settings and not used" in done.err and done.json["probability"] is None


@pytest.mark.parametrize("kept", ["", "[]", '{"points": 1}', "\x00"])
def test_a_calibration_that_cannot_be_read_says_so(cases: str, filled: Bench, command: Command, kept: str):
    (filled.workspace.folder / "calibration.json").write_text(kept)
    done = command("ask", "How many fish?", *FLAGS)
    assert done.code == 2 and "is not what `scoville calibrate` wrote" in done.err


def test_too_few_of_a_kind_are_refused(filled: Bench, cases: str, command: Command):
    path = filled.workspace.root / "few.jsonl"
    path.write_text("\n".join(json.dumps({"question": case.question}) for case in fish_cases(9)))
    done = command("calibrate", str(path), *FLAGS)
    assert done.code == 2 and "9 with an answer and 0 without one" in done.err


def test_a_workspace_without_cases_says_how_to_get_some(filled: Bench, command: Command):
    done = command("calibrate")
    assert done.code == 2 and "no cases to calibrate on" in done.err and "cases generate" in done.err
