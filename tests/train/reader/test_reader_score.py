"""The scorecard by hand; the probability that is fitted is one."""

import math
import random

import pytest

from scoville.train.reader.calibrate import Calibration, calibrate, expected_error, fit
from scoville.train.reader.rows import Row
from scoville.train.reader.score import Answered, best_threshold, scorecard

TEXT = "The excess is £500. A tenant pays the deposit in May."


def row(number: int, *answers: str) -> Row:
    spans = tuple((TEXT.index(one), TEXT.index(one) + len(one)) for one in answers)
    return Row(id=str(number), question="?", context=TEXT, answers=spans)


ROWS = [row(1, "£500"), row(2, "A tenant", "tenant"), row(3, "in May"), row(4), row(5)]
SAID = [
    Answered("£500", 0.9), Answered("The tenant.", 0.6), Answered("the deposit in May", 0.2), Answered("May", 0.5),
    Answered("A tenant", 0.1),
]  # fmt: skip


def test_the_scorecard_is_what_a_hand_computes():
    card = scorecard(ROWS, SAID, 2.0)
    assert (card.n, card.answerable, card.seconds) == (5, 3, 2.0)
    third = 2 * 2 / (3 + 2)  # "deposit in May" and "in May" share two words of three and two
    assert card.f1_answerable == pytest.approx((1 + 1 + third) / 3)
    assert card.em_answerable == pytest.approx(2 / 3)
    assert card.auroc == pytest.approx(5 / 6)  # .2 stands below .5, all other pairs are in order
    assert card.threshold == 0.6  # answers 1 and 2 of three, refuses both others
    assert card.best_f1 == pytest.approx((2 / 3 + 1) / 2)
    assert card.wrongly_refused_at_best == pytest.approx(1 / 3)
    assert card.ece == pytest.approx((0.1 + 0.4 + 0.8 + 0.5 + 0.1) / 5)  # each in a bin of its own


def test_what_means_nothing_is_none():
    answered = scorecard(ROWS[:3], SAID[:3], 0)
    assert answered.f1_answerable and (answered.auroc, answered.best_f1, answered.ece) == (None, None, None)
    refused = scorecard(ROWS[3:], SAID[3:], 0)
    assert (refused.f1_answerable, refused.em_answerable, refused.wrongly_refused_at_best) == (None, None, None)


def test_equal_confidences_stand_and_fall_together():
    best = best_threshold([1.0, 0.0], [1.0, 0.0], [0.0, 0.0])  # a generator: declined is 0
    assert best == (0.75, 0.5, 1.0)


def test_the_best_threshold_is_that_of_trying_all():
    rng = random.Random(3)
    right, gains, wrong = ([rng.randrange(20) / 20 for _ in range(40)] for _ in range(3))

    def balanced(threshold: float) -> float:
        kept = sum(gain for value, gain in zip(right, gains, strict=True) if value >= threshold)
        return (kept / len(right) + sum(value < threshold for value in wrong) / len(wrong)) / 2

    tried = max(balanced(place / 20) for place in range(22))
    assert best_threshold(right, gains, wrong).balanced_f1 == pytest.approx(tried)


def test_a_fitted_probability_is_one():
    rng = random.Random(5)
    features = [(rng.gauss(0, 4), rng.gauss(0, 2)) for _ in range(4000)]
    chance = [1 / (1 + math.exp(-(0.5 * margin + 0.8 * head - 1))) for margin, head in features]
    labels = [rng.random() < one for one in chance]
    found = fit(features, labels)
    assert found == pytest.approx((0.5, 0.8, -1.0), abs=0.12)
    again, error = calibrate(features, labels)
    assert again == found and error is not None and error < 0.025
    plain = expected_error([Calibration().probability(*one) for one in features], labels)
    assert plain is not None and plain > 0.1


def test_what_is_told_apart_without_a_fault_has_finite_weights():
    found = fit([(1.0, 0.1)] * 30 + [(-1.0, -0.1)] * 30, [True] * 30 + [False] * 30)
    assert all(map(math.isfinite, found))
    assert found.probability(1.0, 0.1) > 0.9 > 0.1 > found.probability(-1.0, -0.1)


def test_too_few_of_one_kind_leave_the_default():
    assert fit([(1.0, 0.0)] * 50, [True] * 50) == Calibration()
    assert expected_error([], []) is None
