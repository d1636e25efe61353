"""What people are shown of a run: few measures in groups, and numbers that can be read."""

import pytest

from scoville.evaluate.metrics import METRICS, SUMMARY_METRICS
from scoville.evaluate.shown import GROUPS, LABELS, Unit, between, difference, groups, measure, unit_of, written

FOUND = {"mean": 0.417, "low": 0.262, "high": 0.581, "n": 36, "unscored": 2}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.417, "share", "42 %"), (-0.001, "share", "0 %"), (1.0, "share", "100 %"), (-0.214, "score", "-0.21"),
        (0.0123, "seconds", "12 ms"), (0.8047, "seconds", "0.80 s"), (5.256, "seconds", "5.3 s"),
        (9.97, "seconds", "10 s"), (0.997, "seconds", "1.0 s"), (1234.5, "seconds", "1,234 s"),
        (0.0, "usd", "$0"), (0.00004217, "usd", "$0.0000422"), (0.42, "usd", "$0.42"), (0.0142, "usd", "$0.0142"),
        (1234.5, "usd", "$1,234"),
        (10012.0, "count", "10,012"), (0.0, "count", "0"), (12.345, "number", "12.3"), (10012.0, "number", "10,012"),
        (0.000123, "number", "0.000123"), (0.0, "number", "0"),
    ],
)  # fmt: skip
def test_a_number_is_written_with_its_unit_and_no_more_digits_than_count(value: float, unit: Unit, text: str):
    assert written(value, unit) == text


def test_limits_and_differences_are_written_alike():
    assert between(0.262, 0.581, "share") == "26 to 58 %"
    assert between(0.8, 5.26, "seconds") == "0.80 s to 5.3 s"
    assert difference(-0.25, "share") == "-25 points"
    assert difference(0.5, "seconds") == "+0.50 s"


def test_every_measure_has_a_unit():
    units = {name: unit_of(name) for name in (*METRICS, *SUMMARY_METRICS, *LABELS)}
    assert units["page_hit@5"] == units["refusal_precision"] == units["judged_faithfulness"] == "share"
    assert units["seconds_total_p50"] == "seconds"
    assert units["cost_usd_per_1000"] == "usd"
    assert units["prompt_tokens_sum"] == units["cost_unknown"] == "count"
    assert units["perplexity"] == "number"


def test_about_a_dozen_measures_stand_in_groups_with_the_headline_first():
    names = [name for group in GROUPS.values() for name in group]
    summary = {"metrics": {name: FOUND for name in (*reversed(names), "token_f1")}, "sets": {}}
    found = dict(groups(summary))
    assert list(found) == ["headline", "answers", "refusals", "citations", "retrieval", "cost and speed"]
    assert [one.label for one in found["headline"]] == ["answered rightly", "refused rightly", "quality"]
    assert all(one.name != "token_f1" for measures in found.values() for one in measures)
    assert sum(len(found) for group, found in found.items() if group != "answers") <= 12
    every = dict(groups(summary, every=True))
    assert [one.label for one in every["text"]] == ["token_f1"]
    assert sum(map(len, every.values())) == len(names) + 1


def test_a_measure_of_the_set_may_be_a_number_or_have_an_interval():
    summary = {
        "metrics": {"quality": FOUND},
        "sets": {"seconds_total_p50": 2.0, "seconds_total_p95": FOUND, "aurc": None},
    }
    assert (one := measure(summary, "quality")) and (one.value, one.interval, one.n) == ("42 %", "26 to 58 %", 36)
    assert (one := measure(summary, "seconds_total_p50")) and (one.value, one.interval, one.n) == ("2.0 s", "", None)
    assert (one := measure(summary, "seconds_total_p95")) and one.interval == "0.26 s to 0.58 s"
    few = {"metrics": {"seconds_total_p95": FOUND | {"high": None}}}
    assert (one := measure(few, "seconds_total_p95")) and one.interval == "at least 0.26 s"
    assert measure(summary, "aurc") is None
    nothing = measure({"metrics": {"quality": FOUND | {"mean": None, "low": None, "high": None}}}, "quality")
    assert nothing and (nothing.value, nothing.interval, nothing.unscored) == ("not scored", "", 2)
