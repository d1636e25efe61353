"""An error rate becomes a threshold, and says how sure it is."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoville.answer.selective import Point, choose, least_error, risks, upper_bound

POINTS = [Point(0.9, False), Point(0.8, False), Point(0.8, True), Point(0.3, True)]


def test_the_risk_at_each_threshold():
    assert [(one.threshold, one.answered, one.errors, one.coverage, one.error) for one in risks(POINTS)] == [
        (0.9, 1, 0, 0.25, 0), (0.8, 3, 1, 0.75, 1 / 3), (0.3, 4, 2, 1, 0.5),
    ]  # fmt: skip
    assert risks([]) == []


@pytest.mark.parametrize(
    ("errors", "answered", "level", "expected"),
    [(0, 59, 0.05, 0.0495), (0, 1, 0.1, 0.9), (1, 10, 0.05, 0.3942), (10, 10, 0.1, 1)],  # scipy.stats.beta.ppf
)
def test_the_bound_of_clopper_and_pearson(errors: int, answered: int, level: float, expected: float):
    assert upper_bound(errors, answered, level) == pytest.approx(expected, abs=1e-4)


def test_many_sure_answers_keep_an_error_rate_with_confidence():
    found = choose([*(Point(0.9, False) for _ in range(200)), *(Point(0.2, True) for _ in range(50))], 0.05)
    assert found and (found.risk.threshold, found.risk.answered, found.holds) == (0.9, 200, True)
    assert found.bound < 0.05


def test_few_keep_it_only_as_expected_and_fewer_not_at_all():
    found = choose([Point(0.9, False)] * 19, 0.05)
    assert found and (found.risk.answered, found.holds) == (19, False) and found.bound > 0.05
    assert choose([Point(0.9, False)] * 18, 0.05) is None
    assert least_error([Point(0.9, False)] * 18) == pytest.approx(1 / 19)
    assert choose([], 0.05) is None and least_error([]) == 1


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60), st.floats(0.01, 0.5))
def test_what_is_chosen_keeps_the_rate_on_what_it_was_chosen_by(pairs: list[tuple[float, bool]], most: float):
    found = choose([Point(*pair) for pair in pairs], most)
    assert found is None or found.risk.error <= most


def test_the_true_error_is_within_where_it_is_said_to_hold():
    chance = random.Random(0)

    def answers(count: int) -> list[Point]:
        return [Point(p, chance.random() > p) for p in (chance.random() ** 0.2 for _ in range(count))]

    whole, wrong, said = answers(20_000), 0, 0
    for _ in range(40):
        found = choose(answers(200), 0.1)
        if found and found.holds:
            given = [point.error for point in whole if point.probability >= found.risk.threshold]
            said, wrong = said + 1, wrong + (sum(given) > 0.1 * len(given))
    assert said > 20 and wrong <= 0.1 * said
