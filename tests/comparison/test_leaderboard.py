"""Who is best, who is not distinguishable, and what cannot be compared at all."""

import json
import random
from collections.abc import Mapping, Sequence

import pytest

from scoville.comparison.leaderboard import leaderboard, pareto
from scoville.errors import UsageError
from scoville.types import Score

Scores = dict[str, list[Score]]


def scored(values: Sequence[float | None], metric: str = "quality", **more) -> Scores:
    return {
        f"q{place:03}": [Score(metric=metric, value=value, reason="" if value is not None else "no verdict", **more)]
        for place, value in enumerate(values)
    }


def three() -> dict[str, Scores]:
    """Give a good system, one that is right in as many cases but others, and one that is far behind."""
    chance = random.Random(3)
    right = [1.0] * 80 + [0.0] * 20
    chance.shuffle(right)
    near = [1 - value if place % 10 == 0 else value for place, value in enumerate(right)]
    return {"far": scored([value * (place % 2) for place, value in enumerate(right)]), "near": scored(near), "top": scored(right)}  # fmt: skip  # noqa: E501


def standings(scores: Mapping[str, Scores], **options) -> dict[str, str]:
    return {row.system: row.standing for row in leaderboard(scores, **options).rows}


def test_who_refuses_everything_stands_behind_who_answers_something():
    def system(*rows: tuple[str, float]) -> Scores:
        return {
            f"q{place}": [Score(metric=part, value=value), Score(metric="quality", value=value)]
            for place, (part, value) in enumerate(rows)
        }

    answers = system(("answered_right", 1), ("answered_right", 0), ("refused_right", 0), ("refused_right", 0))
    refuses = system(("answered_right", 0), ("answered_right", 0), ("refused_right", 1), ("refused_right", 1))
    board = leaderboard({"refuses": refuses, "answers": answers})
    assert [(row.system, row.standing) for row in board.rows] == [("answers", "best"), ("refuses", "answers nothing")]
    assert board.rows[1].quality.mean == 0.5 > (board.rows[0].quality.mean or 0)
    assert standings({"refuses": refuses, "too": refuses}) == {"refuses": "best", "too": "not distinguishable"}
    ranked = leaderboard({"refuses": refuses, "answers": answers}, metric="refused_right").rows
    assert [row.system for row in ranked] == ["refuses", "answers"]


def test_the_best_stands_first_and_who_is_not_distinguishable_is_said():
    board = leaderboard(three())
    assert [(row.system, row.standing) for row in board.rows] == [
        ("top", "best"), ("near", "not distinguishable"), ("far", "behind"),
    ]  # fmt: skip
    top, near, far = board.rows
    assert top.to_best is None
    assert (top.quality.mean, top.coverage) == (0.8, 1.0)
    assert near.needed is not None
    assert near.needed > 100
    assert far.needed is None
    assert far.p is not None
    assert far.p < 0.001


def test_p_is_adjusted_for_the_number_of_systems():
    base = [1.0] * 40
    second = [0.0] * 6 + [1.0] * 34  # 6 to none, as McNemar's: p = 0.0156
    few = leaderboard({"a": scored(base), "b": scored(second)}).rows[1].p
    many = leaderboard({"a": scored(base), **{name: scored(second) for name in "bcde"}})
    assert few is not None
    assert [row.p for row in many.rows[1:]] == pytest.approx([4 * few] * 4)
    assert [row.standing for row in many.rows[1:]] == ["not distinguishable"] * 4


def test_the_documents_of_the_cases_decide_what_is_chance():
    first, second = [1.0] * 40, [0.0] * 10 + [1.0] * 30
    systems = {"a": scored(first), "b": scored(second)}
    assert standings(systems)["b"] == "behind"
    clusters = {case: int(case[1:]) // 10 for case in systems["a"]}
    assert standings(systems, clusters=clusters)["b"] == "not distinguishable"


def test_intervals_by_page_are_said_to_hold_for_these_documents_only():
    assert "for these documents, not for others" in leaderboard(three(), by="page").text
    assert "these documents" not in leaderboard(three(), by="document").text


def test_unscored_cases_are_a_column_and_a_system_without_scores_comes_last():
    board = leaderboard({"none": scored([None] * 3), "some": scored([1.0, None, 0.0])})
    assert [(row.system, row.standing, row.quality.unscored) for row in board.rows] == [
        ("some", "best", 1), ("none", "unscored", 3),
    ]  # fmt: skip
    assert board.rows[0].coverage == pytest.approx(2 / 3)
    assert board.rows[1].p is None
    assert "unscored" in board.text


def test_a_case_that_no_system_has_the_metric_for_does_not_count():
    first, second = scored([1.0, 0.0, 1.0]), scored([1.0, 1.0, 1.0])
    first["q002"], second["q002"], second["q001"] = [], [], []
    board = leaderboard({"a": first, "b": second})
    assert board.cases == 2
    assert {row.system: row.quality.unscored for row in board.rows} == {"a": 0, "b": 1}


def test_less_is_better_where_that_is_said():
    systems = {"slow": scored([9.0, 8.0, 9.5], "seconds"), "fast": scored([1.0, 2.0, 1.5], "seconds")}
    board = leaderboard(systems, metric="seconds", higher_is_better=False, high=None)
    assert [row.system for row in board.rows] == ["fast", "slow"]


def test_other_cases_are_refused_with_the_difference():
    with pytest.raises(UsageError, match=r"a and b: .*1 only in the first \(q002\)"):
        leaderboard({"a": scored([1.0, 0.0, 1.0]), "b": scored([1.0, 0.0])})


@pytest.mark.parametrize(
    ("other", "message"),
    [(scored([1.0], version=2), "versions"), (scored([1.0], judge="y"), "judges"), (scored([None]), None)],
)
def test_scores_that_mean_different_things_are_refused(other: Scores, message: str | None):
    systems = {"a": scored([1.0], judge="x"), "b": other}
    if message is None:
        assert len(leaderboard(systems).rows) == 2
    else:
        with pytest.raises(UsageError, match=f"different {message}"):
            leaderboard(systems)


def test_a_quality_that_was_taken_from_other_metrics_is_refused():
    def quality(*reasons: str) -> Scores:
        return {name: [Score(metric="quality", value=1.0, reason=name)] for name in reasons} | {
            "last": [Score(metric="quality", value=0.5, reason=reasons[-1])]
        }

    assert len(leaderboard({"a": quality("x", "y"), "b": quality("x", "y")}).rows) == 2
    with pytest.raises(UsageError, match=r"different metrics \(correctness, gold_token_recall\)"):
        leaderboard({
            "a": {"q": [Score(metric="quality", value=1.0, reason="correctness")]},
            "b": {"q": [Score(metric="quality", value=0.9, reason="gold_token_recall")]},
        })  # fmt: skip


def test_nothing_to_rank_is_refused():
    with pytest.raises(UsageError, match="no systems"):
        leaderboard({})
    with pytest.raises(UsageError, match="no system has a value of f1"):
        leaderboard({"a": scored([1.0])}, metric="f1")


def test_other_columns_are_passed_through_into_every_form():
    columns = {"top": {"$ per 1,000": 1.25, "build": "a|b"}, "near": {"$ per 1,000": None}}
    board = leaderboard(three(), columns=columns)
    head, _, first, second, *_ = board.markdown.splitlines()
    assert head.endswith("| $ per 1,000 | build |")
    assert first.endswith(r"| 1.250 | a\|b |")
    assert second.endswith("| – | – |")
    assert json.loads(json.dumps(board.json, allow_nan=False))["rows"][0]["columns"]["build"] == "a|b"
    lines = board.text.splitlines()
    assert lines[1].startswith("top ")
    assert lines[1].index("1.250") + 5 == lines[0].index("$ per 1,000") + len("$ per 1,000")
    assert "adjusted for 2 comparisons" in board.text


def test_the_front_holds_what_no_other_beats():
    rows = {
        "cheap": {"quality": 0.6, "usd": 1}, "good": {"quality": 0.9, "usd": 5}, "twin": {"quality": 0.9, "usd": 5},
        "dear": {"quality": 0.9, "usd": 6}, "bad": {"quality": 0.5, "usd": 2}, "unknown": {"quality": 1.0, "usd": None},
    }  # fmt: skip
    assert pareto(rows, {"quality": "max", "usd": "min"}) == ("cheap", "good", "twin")
    assert pareto({}, {"quality": "max"}) == ()
