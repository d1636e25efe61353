"""Where one phase becomes cheaper than another, by hand and by trying."""

import random

import pytest

from scoville.comparison.break_even import DAYS, Economy, Stretch, break_even_json, break_even_text, stretches

RAG = Economy(phase="rag", usd_per_question=0.002, usd_per_change=0.001)
TUNED = Economy(phase="finetune", usd_per_question=0.0005, usd_per_change=0.75)


def test_the_crossover_by_hand():
    """.002 q + .001 c = .0005 q + .75 c at q = .749 c / .0015: 499.33 questions a day for a change a day."""
    first, second = stretches([RAG, TUNED], 1.0)
    assert (first.phase, first.low, second.phase, second.high) == ("rag", 0.0, "finetune", None)
    assert first.high == second.low == pytest.approx(499.3333)
    assert stretches([RAG, TUNED], 1 / 7)[0].high == pytest.approx(499.3333 / 7)
    assert stretches([RAG, TUNED], 0.0) == [Stretch(phase="finetune", low=0.0, high=None)]


def test_the_build_is_spread_over_a_year():
    built = Economy(phase="built", usd_per_question=0.0, usd_per_change=0.0, usd_of_build=365.0)
    assert stretches([RAG, built], 0.0)[0].high == pytest.approx(1 / 0.002)
    assert built.per_day(10_000, 5) == 365 / DAYS


def test_a_phase_that_is_dearer_in_everything_is_never_the_cheapest():
    dear = Economy(phase="dear", usd_per_question=0.003, usd_per_change=2.0)
    assert [one.phase for one in stretches([dear, RAG, TUNED], 1.0)] == ["rag", "finetune"]
    assert stretches([dear], 1.0) == [Stretch(phase="dear", low=0.0, high=None)]
    assert stretches([], 1.0) == []


def test_of_phases_that_cost_the_same_the_first_is_named():
    twin = Economy(phase="twin", usd_per_question=0.002, usd_per_change=0.001)
    assert stretches([RAG, twin], 1.0) == [Stretch(phase="rag", low=0.0, high=None)]


@pytest.mark.parametrize("seed", range(20))
def test_at_any_number_of_questions_none_is_cheaper_than_the_one_named(seed: int):
    draw = random.Random(seed)
    known = [
        Economy(phase=str(number), usd_per_question=draw.random(), usd_per_change=draw.random(),
                usd_of_build=draw.choice([0.0, 100 * draw.random()]))
        for number in range(5)
    ]  # fmt: skip
    changes = draw.choice([0.0, 0.5, 3.0])
    by_name = {one.phase: one for one in known}
    found = stretches(known, changes)
    assert found[0].low == 0.0 and found[-1].high is None
    assert all(one.high == after.low for one, after in zip(found, found[1:], strict=False))
    for one in found:
        middle = (one.low + one.high) / 2 if one.high is not None else one.low * 2 + 1
        least = min(other.per_day(middle, changes) for other in known)
        assert by_name[one.phase].per_day(middle, changes) == pytest.approx(least)


def test_it_is_said_in_words_and_for_programs():
    assert "  once a day      rag up to 499, then finetune" in break_even_text([RAG, TUNED])
    daily = next(one for one in break_even_json([RAG, TUNED]) if one["changes"] == "once a day")
    assert daily["changes_per_day"] == 1.0
