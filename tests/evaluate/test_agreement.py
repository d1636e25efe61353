import math

import pytest

from scoville.evaluate.judge.agreement import (
    RESAMPLES,
    agreement,
    bootstrap,
    cohen_kappa,
    interval_of,
    noise,
    spearman,
    weighted_kappa,
)

YES, NO = 1.0, 0.0
LABELS = [YES] * 25 + [NO] * 25
VERDICTS = [YES] * 20 + [NO] * 5 + [YES] * 10 + [NO] * 15


def test_agreement_is_the_share_of_equal_verdicts():
    assert agreement(LABELS, VERDICTS) == pytest.approx(35 / 50)


def test_kappa_takes_off_what_chance_explains():
    """.70 agree; by chance .5 x .6 + .5 x .4 = .50 would: (.70 - .50) / (1 - .50)."""
    assert cohen_kappa(LABELS, VERDICTS) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("verdicts", "expected"), [([YES, NO, YES, NO], 1.0), ([NO, YES, NO, YES], -1.0), ([YES, YES, YES, YES], 0.0)]
)
def test_kappa_of_the_perfect_the_perverse_and_the_constant_judge(verdicts: list[float], expected: float):
    assert cohen_kappa([YES, NO, YES, NO], verdicts) == pytest.approx(expected)


def test_the_weighted_kappa_counts_how_far_off_a_verdict_is():
    """Squares seen: (0 + 1 + 0 + 1) / 4; by chance: 22 / 16."""
    assert weighted_kappa([0, 1, 2, 2], [0, 2, 2, 1]) == pytest.approx(1 - 0.5 / (22 / 16))
    near = weighted_kappa([0, 1, 2, 2], [1, 1, 2, 2])
    far = weighted_kappa([0, 1, 2, 2], [2, 1, 2, 2])
    assert near is not None and far is not None and near > far


def test_on_two_levels_the_weighted_kappa_is_the_plain_one():
    assert weighted_kappa(LABELS, VERDICTS) == pytest.approx(cohen_kappa(LABELS, VERDICTS))


def test_spearman_compares_ranks_and_shares_tied_ones():
    assert spearman([1, 2, 3, 4], [10, 30, 20, 40]) == pytest.approx(0.8)
    assert spearman([1, 1, 2], [1, 2, 3]) == pytest.approx(1.5 / math.sqrt(3))
    assert spearman([1, 2, 3], [0.9, 0.5, 0.1]) == pytest.approx(-1)


@pytest.mark.parametrize("statistic", [cohen_kappa, weighted_kappa, spearman])
def test_nothing_is_told_by_labels_that_are_all_the_same(statistic: object):
    assert callable(statistic)
    assert statistic([1, 1, 1], [1, 0, 1]) is None
    assert statistic([], []) is None
    assert bootstrap(statistic, [1, 1, 1], [1, 0, 1]) is None


def test_of_nothing_there_is_no_agreement():
    assert agreement([], []) is None
    assert bootstrap(agreement, [], []) is None


def test_the_interval_holds_the_value_narrows_with_more_pairs_and_is_the_same_twice():
    few = bootstrap(cohen_kappa, LABELS, VERDICTS)
    many = bootstrap(cohen_kappa, LABELS * 8, VERDICTS * 8)
    assert few and many
    assert few.low < 0.4 < few.high
    assert many.high - many.low < (few.high - few.low) / 2
    assert bootstrap(cohen_kappa, LABELS, VERDICTS) == few
    assert bootstrap(cohen_kappa, LABELS, VERDICTS, seed=1) != few


def test_the_interval_of_a_share_is_near_the_normal_one():
    """.7 +- 1.96 sqrt(.7 x .3 / 400) = .655 to .745."""
    interval = bootstrap(agreement, LABELS * 8, VERDICTS * 8)
    assert interval and interval.low == pytest.approx(0.655, abs=0.01)
    assert interval.high == pytest.approx(0.745, abs=0.01)
    assert RESAMPLES >= 1000


def test_noise_is_the_deviation_within_answers():
    """Squares (.25 + .25) + 0, over 1 + 1 degrees of freedom; a single verdict has none."""
    assert noise([[1, 0], [1, 1], [0.5]]) == pytest.approx(0.5)
    assert noise([[1], []]) is None
    assert noise([]) is None


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="shorter|longer"):
        agreement([1, 0], [1])


def test_pairs_that_stand_and_fall_together_are_drawn_together():
    """Each of 50 pairs four times is no more evidence than once."""
    once = bootstrap(cohen_kappa, LABELS, VERDICTS)
    copies = [place for place in range(50) for _ in range(4)]
    labels, verdicts = [LABELS[place] for place in copies], [VERDICTS[place] for place in copies]
    apart, together = bootstrap(cohen_kappa, labels, verdicts), bootstrap(cohen_kappa, labels, verdicts, copies)
    assert once and apart and together
    assert together == pytest.approx(once)
    assert together.high - together.low > 1.7 * (apart.high - apart.low)


def test_pairs_that_are_all_of_one_question_count_each_as_its_own():
    assert bootstrap(agreement, LABELS, VERDICTS, ["a"] * 50) == bootstrap(agreement, LABELS, VERDICTS)


def test_ten_of_ten_is_not_certainty():
    """Of agreement .7 or less, all of ten agree in less than 3 % of the cases."""
    ten = interval_of(agreement, [YES] * 10, [YES] * 10)
    assert ten and ten.low == pytest.approx(0.7, abs=0.03)
    assert ten.high == 1
    assert interval_of(agreement, [], []) is None
    assert interval_of(cohen_kappa, LABELS, VERDICTS) == bootstrap(cohen_kappa, LABELS, VERDICTS)
