"""The page about runs: it loads nothing, runs nothing but its own script, and shows hostile text as text."""

import base64
import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from scoville.comparison.asked import verdict
from scoville.comparison.plots import Point, Series, axis, interval, lines, parts, scatter
from scoville.comparison.report import report_html
from scoville.comparison.shown import Shown, shown_run
from scoville.errors import ScovilleError
from scoville.evaluate.blame import Blame
from scoville.evaluate.result import result_of
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.runs import create_run
from scoville.evaluate.score_run import score_run
from scoville.evaluate.system import FunctionSystem
from scoville.types import Case, Score

HOSTILE = "<script>alert('x')</script><img src=x onerror=y>\"&<b>"
DAYS = Case(id="days", question="How many days?", expected=("Thirty days.",))
VOID = {"meta", "br", "img", "link", "input"}


class Page(HTMLParser):
    """Collects the tags, the attributes and the text of a page, and checks that its tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.text = ""
        self.own: dict[str, str] = {}
        """The text of the script and of the style."""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}
        self._open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside in ("script", "style"):
            assert inside not in self.own
            self.own[inside] = data
        else:
            self.text += data


def shown(folder: Path, cases: Sequence[Case], answer: Any, name: str = "bot", blamed: Sequence[Blame] = ()) -> Shown:
    run = create_run(folder, cases, {"system": name})
    with suppress(ScovilleError):  # one that answers nothing is halted, and shown all the same
        run_cases(FunctionSystem(lambda _: answer), cases, run)
    score_run(run)
    return shown_run(run, list(blamed))


def loads(html: str) -> set[str]:
    """Give what a page could load or run, besides its own script and style, whose hashes it names."""
    page = Page(html)
    policy = next(value for name, value in page.attributes if name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    for kind, text in page.own.items():
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
        assert not re.search(r"https?:|url\(|@import|eval|innerHTML|fetch|import ", text)
    tags = page.tags & {"link", "img", "iframe", "object", "embed", "base", "use", "image", "video", "audio"}
    attributes = {
        name for name, value in page.attributes
        if name in ("src", "srcset", "action", "style") or name[:2] == "on" or (name == "href" and value[:1] != "#")
    }  # fmt: skip
    return tags | attributes


def verdicts(html: str) -> list[tuple[str, ...]]:
    """Give the questions of the table in their order, each with its verdicts."""
    table = html.partition('<table class="questions')[2].partition("</table>")[0]
    rows = re.findall(r"<tr data-kinds.*?</tr>", table, re.DOTALL)
    return [
        (str(Page(re.findall(r"<a href.*?</a>", row)[0]).text), *re.findall(r'class="badge \w+">(.*?)<', row))
        for row in rows
    ]


ANSWER = {
    "answer": "Nine days. [1]",
    "confidence": 0.5,
    "seconds": {"search": 0.1, "generate": 0.6, "total": 0.8},
    "citations": [{"marker": 1, "document": "a.pdf", "page": 3, "quote": "nine days", "verified": True}],
    "passages": [
        {
            "id": "p",
            "document": "/files/a.pdf",
            "page": 3,
            "text": "It is nine days.\n\n| Years | Days |\n| --- | --- |\n| 2 | 9 |",
        }
    ],
}


class TestPage:
    def test_the_page_loads_nothing_and_runs_only_its_own_script(self, tmp_path: Path):
        runs = [shown(tmp_path, [DAYS], ANSWER), shown(tmp_path, [DAYS], "Thirty days.")]
        html = report_html(runs, metric="quality", notes=["a note"])
        assert loads(html) == set()
        page = Page(html)
        assert page.tags >= {"svg", "rect", "circle", "polyline", "table", "details"}
        assert set(page.own) == {"script", "style"} and "a note" in page.text

    def test_the_check_sees_what_would_be_loaded(self):
        policy = "<meta content=\"default-src 'none'; x\">"
        assert loads(f"{policy}<a href='https://x'></a><p onclick='x' style='x'></p><img src='x'>") == {
            "img", "src", "href", "onclick", "style",
        }  # fmt: skip
        with pytest.raises(AssertionError):
            loads(f"{policy}<script>x</script>")

    def test_the_page_opens_with_what_a_reader_asks_for_and_folds_the_rest(self, tmp_path: Path):
        run = shown(tmp_path, [DAYS], ANSWER)
        opening, _, folded = report_html([run], metric="quality").partition('<details class="every">')
        assert "95 % interval" in opening and "quotes found in the documents" in opening and "rouge_l" not in opening
        assert "rouge_l" in folded
        assert "Leaderboard" not in opening + folded  # one run is no comparison

    def test_hostile_text_is_shown_as_text(self, tmp_path: Path):
        case = Case(
            id=HOSTILE, question=f"question {HOSTILE}", expected=(f"expected {HOSTILE}",), tags=(f"tag {HOSTILE}",)
        )
        passages = [{"id": "p", "document": f"document {HOSTILE}", "text": f"passage {HOSTILE}", "page": 2}]
        answer = {"answer": f"answer {HOSTILE}", "passages": passages}
        one = shown(tmp_path, [case], answer, f"system {HOSTILE}", [Blame(HOSTILE, "failed", f"detail {HOSTILE}")])
        error = shown(tmp_path, [case], {"answer": "", "error": f"error {HOSTILE}"}, f"other {HOSTILE}")
        html = report_html([one, error], metric="quality", notes=[f"note {HOSTILE}"])
        assert loads(html) == set()
        text = Page(html).text
        for word in (
            "question", "expected", "document", "passage", "answer", "system", "other", "error", "detail", "note",
            "tag",
        ):  # fmt: skip
            assert f"{word} {HOSTILE}" in text, word

    def test_signs_that_turn_the_direction_of_writing_are_not_kept(self, tmp_path: Path):
        html = report_html([shown(tmp_path, [DAYS], "Nine\u202e days\x1b[31m.")], metric="quality")
        assert "Nine  days [31m." in Page(html).text

    def test_one_case_whose_mean_has_no_interval(self, tmp_path: Path):
        one = shown(tmp_path, [DAYS], "Thirty days.")
        found = one.summary["metrics"]["quality"] | {"low": None, "high": None}
        one = replace(one, summary={**one.summary, "metrics": {"quality": found}})
        assert "100 %" in Page(report_html([one], metric="quality")).text

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

    def test_every_question_is_listed_the_worst_first(self, tmp_path: Path):
        cases = [replace(DAYS, id=f"{number}", question=f"Question {number}?") for number in range(15)]
        cases.append(Case(id="moon", question="How far is the moon?", answerable=False))
        said = {
            "3": {"answer": "I don't know.", "refused": True},
            "7": {"answer": "Never."},
            "12": {"answer": "", "error": "it was down"},
        }
        run = create_run(tmp_path, cases, {"system": "bot"})
        with run.recording() as record:
            for case in cases:
                record(case.id, said.get(case.id, {"answer": "Thirty days."}))
        score_run(run)
        rows = verdicts(report_html([shown_run(run, [])], metric="quality"))
        assert len(rows) == 16
        assert rows[:4] == [
            ("Question 12?", "failed"), ("Question 7?", "wrong"), ("How far is the moon?", "should have refused"),
            ("Question 3?", "refused wrongly"),
        ]  # fmt: skip
        assert {verdict for _, verdict in rows[4:]} == {"right"}

    def test_of_two_runs_those_questions_stand_first_that_got_worse(self, tmp_path: Path):
        cases = [replace(DAYS, id=name, question=f"{name}?") for name in ("both", "better", "worse", "neither")]
        runs = []
        for right in ({"both", "worse"}, {"both", "better"}):
            run = create_run(tmp_path, cases, {"system": f"bot{len(runs)}"})
            with run.recording() as record:
                for case in cases:
                    record(case.id, {"answer": "Thirty days." if case.id in right else "Nine hours."})
            score_run(run)
            runs.append(replace(shown_run(run, []), name=f"bot{len(runs)}"))
        html = report_html(runs, metric="quality")
        assert verdicts(html)[0] == ("worse?", "right", "wrong")
        assert [row[0] for row in verdicts(html)[-1:]] == ["both?"]
        assert re.search(r"Worse than bot0\s*1", text := Page(html).text) and re.search(r"Better than bot0\s*1", text)
        turned = report_html(runs, metric="quality", baseline="bot1")
        assert verdicts(turned)[0] == ("better?", "wrong", "right")

    def test_figures_are_said_in_words(self, tmp_path: Path):
        right, wrong = (replace(shown(tmp_path, [DAYS], text), name=name) for name, text in
                        (("<b>right", DAYS.expected[0]), ("wrong", "Nine.")))  # fmt: skip
        text = Page(report_html([right, replace(wrong, verdict="worse")], metric="quality", baseline="<b>right")).text
        assert "By quality, <b>right stands first with 100 %" in text and "; wrong 0 %." in text
        assert "Against <b>right: wrong: worse." in text
        assert "Of the 1 questions that have an answer, <b>right answered rightly 100 %" in text
        alone = Page(report_html([wrong], metric="quality")).text
        assert "stands first" not in alone and "wrong answered rightly 0 %" in alone

    def test_cards_show_the_best_of_many_systems_and_the_leaderboard_all_in_colours_that_stay(self, tmp_path: Path):
        runs = [replace(shown(tmp_path, [DAYS], "Nine."), name=f"bot{number}") for number in range(7)]
        cards, _, rest = report_html(runs, metric="quality").partition('<section id="leaderboard">')
        shown_in_cards = cards.partition("</h1>")[2]
        assert "bot4" in shown_in_cards and "2 more below" in cards and "bot6" not in shown_in_cards
        board = rest.partition("</section>")[0]
        colours = dict(re.findall(r'class="key (s\d)"></i>(bot\d)', board))
        assert sorted(colours.values()) == [f"bot{number}" for number in range(7)]
        turned = report_html(runs[::-1], metric="quality").partition('<section id="leaderboard">')[2]
        assert dict(re.findall(r'class="key (s\d)"></i>(bot\d)', turned.partition("</section>")[0])) == colours

    @pytest.mark.parametrize(
        ("answerable", "result", "scores", "word"),
        [
            (True, {"answer": "x"}, {"answered_right": 1.0, "quality": -1.0}, "right"),
            (True, {"answer": "x"}, {"answered_right": 0.0}, "wrong"),
            (True, {"answer": "no", "refused": True}, {"answered_right": 0.0}, "refused wrongly"),
            (True, {"answer": "x"}, {"answered_right": None}, "not scored"),
            (True, {"answer": "x"}, {}, "not scored"),
            (True, {"answer": "", "error": "down"}, {"answered_right": 1.0}, "failed"),
            (False, {"answer": "no", "refused": True}, {"refused_right": 1.0}, "refused rightly"),
            (False, {"answer": "there is none"}, {"refused_right": 1.0}, "corrected the question"),
            (False, {"answer": "x"}, {"refused_right": 0.0, "quality": 1.0}, "should have refused"),
        ],
    )  # fmt: skip
    def test_a_verdict_says_what_an_answer_is_worth(
        self, answerable: bool, result: dict[str, Any], scores: dict[str, float | None], word: str
    ):
        given = {name: Score(metric=name, value=value, reason="r") for name, value in scores.items()}
        assert verdict(replace(DAYS, answerable=answerable), result_of("days", result), given).label == word

    def test_blame_is_counted_with_what_to_try_and_told_with_the_answer(self, tmp_path: Path):
        one = shown(tmp_path, [DAYS], "Nine.", blamed=[Blame("days", "cut_badly", "in two passages")])
        text = re.sub(r"\s+", " ", Page(report_html([one], metric="quality")).text)
        assert "cut badly1try split.by" in text
        assert "cut badly: in two passages. Try split.by" in text

    def test_the_drawer_has_the_answer_the_passages_and_where_the_time_went(self, tmp_path: Path):
        html = report_html([shown(tmp_path, [DAYS], ANSWER)], metric="quality")
        drawer = html.partition('id="q1"')[2]
        assert "<sup>[1]</sup>" in drawer and "<mark>nine days</mark>" in drawer
        assert "<th>Years</th>" in drawer and "<td>9</td>" in drawer and "---" not in drawer
        text = Page(f"<section {drawer}".partition("</section>")[0] + "</section>").text
        assert "a.pdf" in text and "/files" not in text and "page 3" in text and "0.10 s" in text and "0.50" in text


def luminance(colour: str) -> float:
    """Give the relative luminance of a colour such as #fff (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * sign for sign in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_stand_out_from_what_they_stand_on(tmp_path: Path, scheme: str):
    style = Page(report_html([shown(tmp_path, [DAYS], ANSWER)], metric="quality")).own["style"]
    found = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", root))
        for root in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]
    colours = found[0] if scheme == "light" else {**found[0], **found[1]}
    texts = [
        (one, ground) for one in ("ink", "soft", "link", "bad", "good") for ground in ("surface", "ground", "raised")
    ]
    texts += [("brand", "ground"), ("soft", "none-ground"), ("ink", "mark")]
    texts += [(look, f"{look}-ground") for look in ("good", "fair", "bad")]
    for least, pairs in ((4.5, texts), (3, [(system, "surface") for system in "abcdefgh"])):
        for one, ground in pairs:
            light, dark = sorted((luminance(colours[one]), luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= least, (one, ground)


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


class TestPlots:
    @pytest.mark.parametrize(
        ("values", "ticks"),
        [
            ([0.37], ["0.0", "0.1", "0.2", "0.3", "0.4"]),
            ([10012.0], ["0.0", "2500.0", "5000.0", "7500.0", "10000.0", "12500.0"]),
            ([0.0], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
            ([-0.4, 0.5], ["-0.4", "-0.2", "0.0", "0.2", "0.4", "0.6"]),
            ([0.2, 30.0], ["0.2", "0.5", "1.0", "2.0", "5.0", "10.0", "20.0", "50.0"]),
        ],
    )  # fmt: skip
    def test_ticks_are_round_and_hold_all_values(self, values: list[float], ticks: list[str]):
        found = axis("t", values, str, across=True)
        assert [found.write(tick) for tick in found.ticks] == ticks
        assert found.low <= min(values) and max(values) <= found.high

    @pytest.mark.parametrize(
        "points",
        [[Point(0.5, 0.5)], [Point(0, 0)], [Point(1, 2), Point(1, 2)], [Point(-1, -2)], [Point(0.001, 1e9)] * 9],
    )
    def test_points_and_names_lie_within_the_plot_and_apart(self, points: list[Point]):
        series = [Series(name=f"system {place}", colour="s0", points=[point]) for place, point in enumerate(points)]
        across, up = (axis("t", [one[place] for one in points], str, across=not place) for place in (0, 1))
        html = scatter(series, across, up, title="t")
        circles = drawn(html).findall(".//circle")
        assert len(circles) == len(points)
        assert all(0 < float(one.attrib["cx"]) < 460 and 0 < float(one.attrib["cy"]) < 300 for one in circles)
        names = [one for one in drawn(html).iter("text") if one.get("class") == "name"]
        places = [(float(one.attrib["x"]), float(one.attrib["y"])) for one in names]
        for place, (x, y) in enumerate(places):
            assert all(abs(y - top) >= 15 or abs(x - left) >= 60 for left, top in places[place + 1 :])
        assert {f"system {place}" for place in range(len(points))} <= set(drawn(html).itertext())  # the others below

    def test_the_best_are_joined_and_an_interval_is_drawn(self):
        series = [
            Series(name="a", colour="s0", points=[Point(1, 0.4)], span=(0.3, 0.5)),
            Series(name="b", colour="s1", points=[Point(2, 0.6)], filled=False),
        ]
        across, up = axis("x", [2.0], str, across=True), axis("y", [0.6], str, across=False)
        html = scatter(series, across, up, title="t", front=[Point(2, 0.6), Point(1, 0.4)])
        assert len(drawn(html).findall(".//path")) == 1 and html.count("whisker") == 1 and html.count("hollow") == 1

    def test_curves_are_drawn_with_their_names(self):
        across, up = axis("x", [1.0], str, across=True), axis("y", [1.0], str, across=False)
        series = [
            Series(name="a & b", colour="s0", points=[Point(1, 0.5)]),
            Series(name="c", colour="s1", points=[Point(0, 1)]),
            Series(name="none", colour="s2", points=[]),
        ]  # fmt: skip
        html = lines(series, across, up, title="t")
        assert len(drawn(html).findall(".//polyline")) == 2
        assert "a & b" in [one.text for one in drawn(html).iter("title")] and "none" not in html
        assert lines(series[2:], across, up, title="t") == scatter(series[2:], across, up, title="t") == ""

    def test_bars_stay_within_their_bounds(self):
        bar = drawn(interval(0.5, -9, 9, (-1, 1), "s0"))
        band = next(one for one in bar.iter("rect") if "band" in one.attrib["class"])
        assert (float(band.attrib["x"]), float(band.attrib["width"])) == (0, 100)
        assert interval(None, None, None, (0, 1), "s0").count("<rect") == 1
        times = [float(one.attrib["width"]) for one in drawn(parts([("search", 1), ("writing", 3)])).iter("rect")]
        assert times == [25, 75] and parts([("search", 0)]) == ""

    def test_hostile_names_are_text(self):
        across, up = axis(HOSTILE, [1.0], lambda _: HOSTILE, across=True), axis(HOSTILE, [1.0], str, across=False)
        series = [
            Series(name=HOSTILE, colour="s0", points=[Point(1, 1)]),
            Series(name="b", colour="s1", points=[Point(1, 1)]),
        ]
        for svg in (scatter(series, across, up, title=HOSTILE), lines(series, across, up, title=HOSTILE)):
            assert "<script" not in svg and drawn(svg).tag == "figure"
