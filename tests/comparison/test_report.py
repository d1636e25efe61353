"""The page about runs: it loads nothing, runs nothing, and shows hostile text as text."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from scoville.comparison.plots import Point, histogram, lines, scatter
from scoville.comparison.report import WORST, Shown, report_html, shown_run
from scoville.errors import ScovilleError
from scoville.evaluate.blame import Blame
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.runs import create_run
from scoville.evaluate.score_run import score_run
from scoville.evaluate.system import FunctionSystem
from scoville.types import Case

HOSTILE = "<script>alert('x')</script><img src=x onerror=y>\"&<b>"
DAYS = Case(id="days", question="How many days?", expected=("Thirty days.",))
VOID = {"meta", "br", "img", "link", "input"}


class Page(HTMLParser):
    """Collects the tags, the attributes and the text of a page, and checks that its tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(folder: Path, cases: Sequence[Case], answer: Any, name: str = "bot", blamed: Sequence[Blame] = ()) -> Shown:
    run = create_run(folder, cases, {"system": name})
    with suppress(ScovilleError):  # one that answers nothing is halted, and shown all the same
        run_cases(FunctionSystem(lambda _: answer), cases, run)
    score_run(run)
    return shown_run(run, list(blamed))


def loads(html: str) -> set[str]:
    """Give what a page could load or run."""
    page = Page(html)
    tags = page.tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "use", "image"}
    attributes = {name for name in page.attributes if name in ("src", "href", "srcset", "action") or name[:2] == "on"}
    return tags | attributes | set(re.findall(r"https?:|url\(|@import", html))


class TestPage:
    def test_the_page_loads_and_runs_nothing(self, tmp_path: Path):
        answer = {
            "answer": "Nine days.",
            "confidence": 0.5,
            "passages": [{"id": "p", "document": "a.pdf", "text": "t"}],
        }
        runs = [shown(tmp_path, [DAYS], answer), shown(tmp_path, [DAYS], "Thirty days.")]
        html = report_html(runs, metric="quality", board="1. bot", pareto=[runs[0].name])
        assert loads(html) == set()
        assert Page(html).tags >= {"svg", "rect", "circle", "polyline", "table", "details"}

    def test_the_page_opens_with_what_a_reader_asks_for_and_folds_the_rest(self, tmp_path: Path):
        run = shown(tmp_path, [DAYS], "Nine days.")
        opening, folded = report_html([run], metric="quality").split("All other measures")
        assert "right answers" in opening and "rouge_l" not in opening
        assert "rouge_l" in folded
        assert "right answers against" not in folded  # one run is no comparison

    def test_the_check_sees_what_would_be_loaded(self):
        assert loads("<script src='https://x'></script><p onclick='x'></p>") == {"script", "src", "https:", "onclick"}

    def test_hostile_text_is_shown_as_text(self, tmp_path: Path):
        case = Case(id=HOSTILE, question=f"question {HOSTILE}", expected=(f"expected {HOSTILE}",), tags=(HOSTILE,))
        passages = [{"id": "p", "document": f"document {HOSTILE}", "text": f"passage {HOSTILE}", "page": 2}]
        answer = {"answer": f"answer {HOSTILE}", "passages": passages}
        one = shown(tmp_path, [case], answer, f"system {HOSTILE}")
        error = shown(tmp_path, [case], {"answer": "", "error": f"error {HOSTILE}"}, f"other {HOSTILE}")
        one = replace(one, blame=[(f"stage {HOSTILE}", 1, f"advice {HOSTILE}")])
        html = report_html([one, error], metric="quality", board=f"board {HOSTILE}")
        assert loads(html) == set()
        text = Page(html).text
        for word in (
            "question", "expected", "document", "passage", "answer", "system", "other", "error", "stage", "advice",
            "board",
        ):  # fmt: skip
            assert f"{word} {HOSTILE}" in text, word

    def test_one_case_whose_mean_has_no_interval(self, tmp_path: Path):
        one = shown(tmp_path, [DAYS], "Thirty days.")
        found = one.summary["metrics"]["quality"] | {"low": None, "high": None}
        one = replace(one, summary=one.summary | {"metrics": {"quality": found}})
        assert "1.000" in report_html([one], metric="quality")

    @pytest.mark.parametrize("answer", [None, "I don't know.", "Thirty days."])
    def test_every_end_of_a_run_makes_a_page(self, tmp_path: Path, answer: str | None):
        unanswerable = Case(id="moon", question="How far is the moon?", answerable=False)
        for cases in ([DAYS], [unanswerable], [DAYS, unanswerable]):
            one = shown(tmp_path, cases, answer)
            for metric in ("quality", "nonsense"):
                assert loads(report_html([one], metric=metric)) == set()

    def test_a_run_that_was_interrupted_shows_what_there_is(self, tmp_path: Path):
        run = create_run(tmp_path, [DAYS, replace(DAYS, id="more", question="More?")], {"system": "bot"})
        with run.recording() as record:
            record("days", {"answer": "Thirty days."})
        score_run(run)
        text = Page(report_html([shown_run(run, [])], metric="quality")).text
        assert "How many days?" in text
        assert "More?" not in text

    def test_the_worst_cases_stand_first_and_errors_before_them(self, tmp_path: Path):
        cases = [replace(DAYS, id=f"{number}", question=f"Question {number}?") for number in range(WORST + 5)]
        run = create_run(tmp_path, cases, {"system": "bot"})
        with run.recording() as record:
            for case in cases:
                wrong, down = case.id in ("7", "9"), case.id == "12"
                answer = {"answer": "Never." if wrong else "Thirty days."}
                record(case.id, {"answer": "", "error": "it was down"} if down else answer)
        score_run(run)
        text = Page(report_html([shown_run(run, [])], metric="quality")).text
        order = re.findall(r"Question (\d+)\?", text)
        assert (order[:3], len(order)) == (["12", "7", "9"], WORST)

    def test_blame_is_counted_with_what_to_try(self, tmp_path: Path):
        one = shown(tmp_path, [DAYS], "Nine.", blamed=[Blame("days", "cut_badly")])
        text = Page(report_html([one], metric="quality")).text
        assert "cut badly1" in text
        assert "search.neighbours" in text


class TestPlots:
    @pytest.mark.parametrize("values", [[0.5], [0.0], [1.0, 1.0, 1.0], [0.0, 1.0], [-2.0, 3.5, 1e9]])
    def test_a_histogram_counts_every_value(self, values: list[float]):
        drawn = ElementTree.fromstring(histogram(values, title="t", x="x"))
        bars = drawn.findall(".//rect")
        assert sum(int(str(bar.findtext("title")).rpartition(": ")[2]) for bar in bars) == len(values)
        assert all(float(bar.attrib["width"]) > 0 and float(bar.attrib["height"]) > 0 for bar in bars)

    @pytest.mark.parametrize(
        "points",
        [[Point(0.5, 0.5, "a")], [Point(0, 0, "a")], [Point(1, 2, "a"), Point(1, 2, "b")], [Point(-1, -2, "a")]],
    )  # fmt: skip
    def test_points_lie_within_the_plot(self, points: list[Point]):
        drawn = ElementTree.fromstring(scatter(points, title="t", x="x", y="y", best=["a"]))
        circles = drawn.findall(".//circle")
        assert len(circles) == len(points)
        assert all(0 < float(one.attrib["cx"]) < 420 and 0 < float(one.attrib["cy"]) < 220 for one in circles)
        assert [one.attrib["fill"] == "none" for one in circles] == [point.label != "a" for point in points]

    def test_curves_are_drawn_with_their_names(self):
        drawn = ElementTree.fromstring(lines([("a & b", [Point(1, 0.5)]), ("none", [])], title="t", x="x", y="y"))
        assert len(drawn.findall(".//polyline")) == 1
        assert "a & b" in [text.text for text in drawn.findall(".//text")]

    def test_nothing_is_drawn_of_nothing(self):
        assert histogram([], title="t", x="x") == lines([("a", [])], title="t", x="x", y="y") == ""
        assert scatter([], title="t", x="x", y="y") == ""

    def test_hostile_names_are_text(self):
        for svg in (
            scatter([Point(1, 1, HOSTILE)], title=HOSTILE, x=HOSTILE, y=HOSTILE),
            lines([(HOSTILE, [Point(1, 1)])], title=HOSTILE, x=HOSTILE, y=HOSTILE),
            histogram([1], title=HOSTILE, x=HOSTILE),
        ):
            assert loads(svg) == set()
            ElementTree.fromstring(svg)
