"""Formulas against numbers worked out by hand, their laws, and what they promise, by simulation."""

import math
import random
import time
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoville.errors import UsageError
from scoville.evaluate.metrics.refusal import aurc
from scoville.evaluate.noise import round_variance
from scoville.evaluate.paired import (
    Gaps,
    cases_needed,
    cohen_dz,
    compare,
    holm,
    judged_again,
    mcnemar,
    odds_ratio,
    paired_chance,
    paired_difference,
    paired_interval,
    paired_test,
)
from scoville.evaluate.statistics import (
    Sums,
    bounded_interval,
    cluster_sums,
    estimate,
    gamma_interval,
    jackknife,
    jackknife_variance,
    likeness_freedom,
    percentile,
    student_chance,
    student_interval,
    student_quantile,
    student_quantiles,
    wilson,
)
from scoville.types import Score

SHARES = st.lists(st.floats(0, 1).map(lambda value: round(value, 6)), min_size=1, max_size=40)
POINTS = 0.015
"""How far from 95 % an interval may cover, and from 5 % a test may raise a false alarm."""


class TestByHand:
    def test_wilson(self):
        # 8 of 10 with z = 2: ratio = 4/10; middle = (0.8 + 0.2) / 1.4; half = sqrt(0.4 · 0.16 + 0.04) / 1.4
        low, high = wilson(0.8, 10, 2)
        assert (low, high) == pytest.approx((1 / 1.4 - math.sqrt(0.104) / 1.4, 1 / 1.4 + math.sqrt(0.104) / 1.4))
        assert wilson(0.0, 10)[0] == 0

    def test_the_variance_of_unclustered_values_is_that_of_their_mean(self):
        assert float(jackknife_variance(cluster_sums([1.0, 2.0, 6.0]))) == pytest.approx(7 / 3)  # s² = 7, n = 3

    def test_the_variance_of_two_clusters(self):
        # Sums 2 of 2 cases, 0 of 1: mean 2/3; without the first 0, without the second 1; 1/2 · (4/9 + 1/9)
        assert float(jackknife_variance(cluster_sums([1.0, 1.0, 0.0], "aab"))) == pytest.approx(5 / 18)

    @pytest.mark.parametrize(("freedom", "quantile"), [(1, 12.7062), (2, 4.30265), (5, 2.57058), (30, 2.04227)])
    def test_student(self, freedom: float, quantile: float):
        assert student_quantile(freedom) == pytest.approx(quantile, rel=1e-5)
        assert student_chance(-quantile, freedom) == pytest.approx(0.05, abs=1e-6)

    def test_mcnemar(self):
        assert mcnemar(1, 5) == pytest.approx(2 * (1 + 6) / 64)
        assert mcnemar(5, 1) == mcnemar(1, 5)
        assert mcnemar(0, 0) == mcnemar(3, 3) == 1

    def test_holm(self):
        assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
        assert holm([0.9, 0.8]) == [1.0, 1.0]
        assert holm([]) == []

    def test_effects(self):
        assert cohen_dz([1.0, 2.0, 3.0]) == pytest.approx(2.0)
        assert cohen_dz([0.5, 0.5]) is None
        assert odds_ratio(7, 2) == pytest.approx(3.0)
        assert odds_ratio(0, 0) is None

    def test_cases_needed(self):
        # (1.959964 + 0.841621)² · (0.5 / 0.1)² = 196.2; + 1.92
        assert cases_needed(0.1, 0.5) == 199
        with pytest.raises(ValueError, match="least difference"):
            cases_needed(0, 0.5)

    def test_freedom_where_only_likeness_is_estimated(self):
        # Beta(5/2, 24/2): mean 5/29, variance 5 · 24 / (29² · 31/2 · 2); 2 · mean² / variance = 5 · 31 / 24
        assert float(likeness_freedom(np.array(5.0), 30, 6)) == pytest.approx(5 * 31 / 24)

    def test_a_rate_without_documents_has_the_interval_of_wilson(self):
        found = estimate([1.0] * 24 + [0.0] * 6)  # n - 1 for n, as the jackknife's variance has it
        assert (found.low, found.high) == pytest.approx(wilson(0.8, 29), abs=3e-4)

    def test_seconds_have_a_skewed_interval(self):
        # s² = 1, error = √(1/3), mean 2: skewness of the mean 2 · error / 2
        low, high = (float(limit) for limit in gamma_interval(cluster_sums([1.0, 2.0, 3.0])))
        error, t = math.sqrt(1 / 3), 4.30265
        arms = [3 / error * (np.cbrt(1 + error * (way * t - error / 6)) - 1) for way in (1, -1)]
        assert (low, high) == pytest.approx((2 - arms[0] * error, 2 - arms[1] * error), rel=1e-4)
        assert high - 2 > 2 - low > 0

    def test_the_paired_test_of_rates_without_documents_is_that_of_mcnemar(self):
        # 9 gained, 2 lost: chi² = 49 / 11; with n - 1 for n, 29 / 30 of it
        gaps = [1.0] * 9 + [-1.0] * 2 + [0.0] * 19
        assert paired_chance(gaps) == pytest.approx(math.erfc(math.sqrt(49 / 11 * 29 / 30 / 2)), abs=3e-4)

    def test_percentile(self):
        # Of 10 values, 1 or fewer lie below the median with 11/1024, 2 or fewer with 56/1024: the 2nd and the 9th
        found = percentile([*(float(value) for value in range(10)), None, math.nan], 0.5)
        assert (found.mean, found.low, found.high, found.n, found.unscored) == (4.5, 1.0, 8.0, 10, 2)

    def test_a_high_percentile_of_few_values_has_no_upper_limit(self):
        found = percentile([float(value) for value in range(30)], 0.95)
        assert (found.low, found.high) == (25.0, None)
        assert percentile([], 0.5).mean is None


class TestJackknife:
    """What is no mean: here the area under risk–coverage curves."""

    def drawn(self, n: int, chance: random.Random) -> list[tuple[float, float]]:
        return [(sure := chance.random(), float(chance.random() > 0.3 + 0.5 * sure)) for _ in range(n)]

    def test_of_a_mean_it_is_the_interval_of_a_mean(self):
        values = [0.0, 1.0, 0.5, 0.25, 0.75, 1.0] * 4
        found, mean = jackknife(lambda some: math.fsum(some) / len(some), values, range(24)), estimate(values)
        assert (found.mean, found.low, found.high) == pytest.approx((mean.mean, mean.low, mean.high))

    def test_it_covers_what_it_promises(self):
        chance = random.Random(1)
        truth = math.fsum(aurc(self.drawn(2000, chance)) or 0.0 for _ in range(10)) / 10
        found = [jackknife(aurc, self.drawn(40, chance), range(40)) for _ in range(120)]
        covered = sum((one.low or 0.0) <= truth <= (one.high or 1.0) for one in found)
        assert 0.89 <= covered / 120 <= 0.99

    def test_clusters_that_stand_and_fall_together_widen_it(self):
        values = [(at / 40, float(at % 8 < 4)) for at in range(40)]
        alone, together = (jackknife(aurc, values, names) for names in (range(40), [at % 8 for at in range(40)]))
        assert (together.high or 1) - (together.low or 0) > (alone.high or 1) - (alone.low or 0)

    def test_nothing_and_one_value(self):
        assert jackknife(aurc, [], []).mean is None
        one = jackknife(aurc, [(0.5, 0.0)], ["a"])
        assert (one.mean, one.low, one.n) == (0.0, 0.0, 1)
        assert one.high is not None and one.high > 0.5

    def test_a_large_set_is_left_out_in_a_hundred_groups(self):
        calls: list[int] = []
        jackknife(lambda some: calls.append(len(some)) or 0.5, list(range(1000)), range(1000))
        assert (len(calls), set(calls)) == (101, {1000, 990})


class TestEstimate:
    def test_nothing_scored_is_no_mean(self):
        found = estimate([None, None])
        assert (found.mean, found.low, found.high, found.n, found.unscored) == (None, None, None, 0, 2)

    def test_unscored_cases_are_counted_and_left_out(self):
        found = estimate([1.0, None, 0.0], ["a", "b", "c"])
        assert (found.mean, found.n, found.unscored) == (0.5, 2, 1)

    def test_one_case_says_little(self):
        found = estimate([1.0])
        assert found.low is not None
        assert found.low < 0.25
        assert found.high == 1

    def test_one_value_without_bounds_says_nothing_of_the_spread(self):
        assert estimate([3.0]).low is None

    def test_equal_values_are_not_certain(self):
        found = estimate([1.0] * 30)
        assert found.low == pytest.approx(1 / (1 + 1.959964**2 / 30), abs=0.01)
        assert found.high == 1

    def test_answers_alike_within_documents_widen_the_interval(self):
        values = [1.0] * 20 + [0.0] * 20
        alone, clustered = estimate(values), estimate(values, [place // 10 for place in range(40)])
        assert alone.low is not None
        assert clustered.low is not None
        assert clustered.low < alone.low - 0.1

    def test_clusters_with_the_same_mean_do_not_make_it_certain(self):
        assert estimate([0.0, 1.0] * 6, [place // 2 for place in range(12)]) == estimate([0.0, 1.0] * 6)

    def test_one_document_counts_as_none(self):
        assert estimate([1.0, 0.0, 1.0], ["a"] * 3) == estimate([1.0, 0.0, 1.0])

    def test_300_cases_take_10_ms(self):
        values = np.random.default_rng(0).lognormal(size=300).tolist()
        taken: list[float] = []
        for _ in range(5):
            started = time.process_time()
            estimate(values, high=None)
            paired_difference(values, values[::-1])
            taken.append(time.process_time() - started)
        assert min(taken) < 0.01

    @pytest.mark.parametrize("low", [0.0, -math.inf])
    def test_values_without_bounds_have_a_lower_limit_only_where_they_cannot_fall_below_it(self, low: float):
        found = estimate([0.0] * 9 + [100.0], low=low, high=None)
        assert found.low is not None
        assert (found.low >= 0) == (low == 0)

    @given(SHARES, st.randoms(use_true_random=False))
    @settings(max_examples=60, deadline=None)
    def test_the_mean_lies_inside_whatever_the_order(self, values: list[float], chance):
        labelled = [(value, chance.randrange(4)) for value in values]
        found = estimate([value for value, _ in labelled], [label for _, label in labelled])
        assert None not in (found.mean, found.low, found.high)
        assert 0 <= found.low <= found.mean <= found.high <= 1
        chance.shuffle(labelled)
        again = estimate([value for value, _ in labelled], [label for _, label in labelled])
        assert (again.mean, again.low, again.high) == pytest.approx((found.mean, found.low, found.high), abs=1e-9)

    @given(SHARES, st.sampled_from([0.01, 2.0, 100.0]))
    @settings(max_examples=40, deadline=None)
    def test_the_scale_does_not_matter(self, values: list[float], scale: float):
        found, scaled = estimate(values), estimate([value * scale for value in values], high=scale)
        assert [scaled.low, scaled.high] == pytest.approx([found.low * scale, found.high * scale], abs=1e-5 * scale)


class TestComparison:
    def test_a_system_does_not_differ_from_itself(self):
        found = compare({"a": 1.0, "b": 0.0, "c": 0.5}, {"c": 0.5, "b": 0.0, "a": 1.0})
        assert (found.difference, found.p, found.needed, found.effect) == (0, 1, None, None)
        assert found.low is not None
        assert found.low < 0

    def test_other_cases_are_refused_with_the_difference(self):
        with pytest.raises(UsageError, match=r"1 only in the first \(a\); 2 only in the second \(c, d\)"):
            compare({"a": 1.0, "b": 1.0}, {"b": 1.0, "c": 1.0, "d": 0.0})

    def test_cases_that_one_has_no_score_for_are_counted(self):
        found = compare({"a": 1.0, "b": None, "c": 0.0}, {"a": 0.0, "b": 1.0, "c": None})
        assert (found.n, found.unscored, found.difference, found.low, found.p) == (1, 2, -1, None, 1)

    def test_no_case_that_both_have_is_no_difference(self):
        found = paired_difference([None], [1.0])
        assert (found.n, found.difference, found.p) == (0, None, 1)

    def test_binary_scores_have_odds_and_others_a_standardised_difference(self):
        binary = paired_difference([0.0] * 10 + [1.0] * 10, [1.0] * 17 + [0.0] * 3)
        assert (binary.effect_name, binary.effect, binary.mcnemar_p) == ("odds_ratio", 10.5 / 3.5, mcnemar(10, 3))
        graded = paired_difference([0.1, 0.2, 0.9], [0.4, 0.3, 0.8])
        assert (graded.effect_name, graded.mcnemar_p) == ("cohen_dz", None)

    def test_the_test_follows_the_clusters(self):
        first, second = [0.0] * 40, [1.0] * 10 + [0.0] * 30
        assert paired_difference(first, second).p < 0.01
        assert paired_difference(first, second, [place // 10 for place in range(40)]).p > 0.2

    def test_a_gain_in_every_case_of_many_documents_is_found(self):
        found = paired_difference([0.2] * 30, [0.6] * 30, [place % 10 for place in range(30)])
        assert found.p < 0.01
        assert found.low is not None
        assert found.low > 0

    @given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 7)),
                    min_size=2, max_size=30))  # fmt: skip
    @settings(max_examples=60, deadline=None)
    def test_turned_around_all_is_mirrored_and_the_interval_agrees_with_the_test(self, rows):
        first, second, labels = ([row[place] for row in rows] for place in range(3))
        found, turned = paired_difference(first, second, labels), paired_difference(second, first, labels)
        assert found.low <= found.difference <= found.high
        assert (turned.difference, turned.p) == pytest.approx((-found.difference, found.p))
        assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), abs=1e-6)
        if max(found.high - found.difference, found.difference - found.low) > 1e-3:
            edge = min(abs(found.low), abs(found.high))
            assert edge < 1e-3 or (found.low > 0 or found.high < 0) == (found.p <= 0.05)

    def test_the_chance_of_gaps_is_that_of_the_comparison(self):
        first, second, labels = [0.0] * 20, [1.0] * 9 + [0.0] * 11, [place // 3 for place in range(20)]
        gaps = [other - one for one, other in zip(first, second, strict=True)]
        assert paired_chance(gaps, labels) == paired_difference(first, second, labels).p
        assert paired_chance([1.0]) == paired_chance([0.0, 0.0]) == 1


class TestJudgeNoise:
    def test_a_judge_that_repeats_itself_adds_nothing(self):
        found = judged_again([[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]])
        assert found.once == found.averaged
        assert (found.case_deviation, found.run_deviation) == (0, 0)

    def test_noise_within_rounds_and_between_them_is_told_apart(self):
        chance = np.random.default_rng(4)
        verdicts = chance.normal(0.5, 0.1, (400, 1)) + chance.normal(0, 0.08, (400, 8)) + chance.normal(0, 0.03, 8)
        found = judged_again(verdicts.clip(0, 1).tolist())
        assert found.case_deviation == pytest.approx(0.08, abs=0.005)
        assert found.run_deviation == pytest.approx(0.03, abs=0.015)
        assert found.once.low < found.averaged.low < found.averaged.high < found.once.high

    def test_single_verdicts_tell_no_noise(self):
        with pytest.raises(ValueError, match="two of one"):
            judged_again([[1.0], [0.0]])


class World(NamedTuple):
    """Systems' answers as they could have been, ``[replications, clusters]``, and the mean that they vary about."""

    sums: Sums
    mean: float
    gaps: Gaps


def world(kind: str, clusters: int, n: int, replications: int = 3000, likeness: float = 0.1) -> World:
    """Draw scores that are alike within documents (a correlation of 0.1), of documents with unequally many cases."""
    chance = np.random.default_rng(sum(map(ord, kind)) + 1000 * clusters + n)
    shares = chance.dirichlet(np.full(clusters, 2.0), replications)
    sizes = 1 + chance.multinomial(n - clusters, shares) if clusters < n else np.ones((replications, n), dtype=int)
    labels = np.repeat(np.tile(np.arange(clusters), replications), sizes.ravel()).reshape(replications, n)
    place = labels + np.arange(replications)[:, None] * clusters
    rate = 0.8 if kind in ("rate", "skewed", "same", "own") else 0.5
    spread = (1 - likeness) / likeness
    levels = chance.beta(rate * spread, (1 - rate) * spread, (replications, clusters)).ravel()[place]
    right, mean = chance.random((replications, n)) < levels, rate
    values = right.astype(float)
    if kind == "skewed":  # recall: mostly 1, else anywhere, rather low
        values, mean = np.where(right, 1.0, chance.beta(1, 2, (replications, n))), rate + (1 - rate) / 3
    elif kind == "same":  # two systems of one quality that often agree, by documents
        other = np.where(chance.random((replications, n)) < 0.5, values, chance.random((replications, n)) < levels)
        values, mean = other - values, 0.0
    elif kind == "own":  # two systems of one quality, each better in some documents
        levels = chance.beta(rate * spread, (1 - rate) * spread, (replications, clusters)).ravel()[place]
        values, mean = (chance.random((replications, n)) < levels) - values, 0.0
    elif kind == "shifted":  # two systems that differ in every document, by chance one way or the other
        shift = chance.normal(0, 0.1, (replications, clusters)).ravel()[place]
        values, mean = shift + chance.normal(0, 0.25, (replications, n)), 0.0
    elif kind == "seconds":
        values, mean = chance.gamma(2, 0.5, (replications, n)) * chance.gamma(25, 0.04, (replications, clusters)).ravel()[place], 1.0  # fmt: skip  # noqa: E501

    def added(cases: np.ndarray) -> np.ndarray:
        totals = np.bincount(place.ravel(), cases.ravel(), minlength=replications * clusters)
        return totals.reshape(replications, clusters)

    sums, changed = Sums(added(values), sizes.astype(float)), added(values**2)
    binary = kind in ("same", "own")
    return World(sums, mean, Gaps(sums, changed.sum(1), (changed > 0).sum(1)) if binary else Gaps(sums))


def covered(limits: tuple[np.ndarray, np.ndarray], mean: float) -> float:
    return float(((limits[0] <= mean) & (mean <= limits[1])).mean())


def alarms(gaps: Gaps) -> float:
    value, known = paired_test(gaps)
    return float((value > student_quantiles(known)).mean())


class TestPromises:
    @pytest.mark.parametrize("kind", ["rate", "skewed", "half"])
    @pytest.mark.parametrize(("clusters", "n"), [(6, 100), (6, 300), (15, 100), (30, 100), (30, 300)])
    def test_intervals_of_scores_cover_95_percent(self, kind: str, clusters: int, n: int):
        drawn = world(kind, clusters, n)
        limits = bounded_interval(drawn.sums, binary=kind != "skewed")
        assert covered(limits, drawn.mean) == pytest.approx(0.95, abs=POINTS)

    def test_intervals_of_rates_of_few_cases_are_too_wide_where_all_freedom_is_that_of_documents(self):
        drawn = world("half", 6, 30)
        assert covered(bounded_interval(drawn.sums, binary=True), 0.5) == pytest.approx(0.95, abs=POINTS)
        assert covered(bounded_interval(drawn.sums), 0.5) > 0.96

    def test_a_percentile_bootstrap_would_not_keep_the_promise_with_few_documents(self):
        drawn = world("rate", 6, 100, replications=1000)
        counts = np.random.default_rng(0).multinomial(6, np.full(6, 1 / 6), 1000).T
        means = (drawn.sums.totals @ counts) / (drawn.sums.sizes @ counts)
        low, high = np.quantile(means, [0.025, 0.975], axis=1)
        assert ((low <= drawn.mean) & (drawn.mean <= high)).mean() < 0.88

    @pytest.mark.parametrize(("clusters", "n"), [(6, 30), (6, 200), (12, 100), (30, 30), (30, 200)])
    def test_intervals_of_seconds_cover_95_percent(self, clusters: int, n: int):
        drawn = world("seconds", clusters, n)
        assert covered(gamma_interval(drawn.sums), 1) == pytest.approx(0.95, abs=POINTS)

    def test_students_t_would_not_keep_the_promise_for_skewed_seconds(self):
        values = np.random.default_rng(3).lognormal(-0.32, 0.8, (3000, 30))
        sums = Sums(values, np.ones((3000, 30)))
        assert covered(student_interval(sums), 1) < 0.915
        assert covered(gamma_interval(sums), 1) > 0.92

    @pytest.mark.parametrize(
        ("kind", "clusters", "n"),
        [("shifted", 6, 100), ("shifted", 12, 100), ("shifted", 30, 300), ("own", 6, 100), ("own", 30, 100)]
        + [("same", 6, 30), ("same", 6, 100), ("same", 12, 300), ("same", 30, 300), ("same", 30, 30)],
    )
    def test_the_paired_test_raises_5_percent_false_alarms(self, kind: str, clusters: int, n: int):
        assert alarms(world(kind, clusters, n, 8000).gaps) == pytest.approx(0.05, abs=POINTS)

    def test_students_t_would_raise_too_few_alarms_where_few_cases_differ(self):
        drawn = world("same", 6, 30)
        assert alarms(Gaps(drawn.sums)) < 0.05 - POINTS

    def test_cases_taken_as_independent_would_raise_too_many(self):
        drawn = world("own", 6, 100)
        share = np.abs(drawn.sums.totals.sum(1)) / np.sqrt(drawn.gaps.changed)
        assert (share > 1.959964).mean() > 0.2

    def test_the_interval_of_a_difference_holds_what_its_test_does_not_reject(self):
        drawn = world("same", 12, 100)
        low, high = paired_interval(drawn.gaps)
        value, known = paired_test(drawn.gaps)
        np.testing.assert_array_equal((low > 0) | (high < 0), value > student_quantiles(known))

    def test_the_paired_test_finds_a_difference_as_often_as_cases_needed_says(self):
        chance = np.random.default_rng(9)
        n = cases_needed(0.1, 0.4)
        found = alarms(Gaps(Sums(chance.normal(0.1, 0.4, (1500, n)), np.ones((1500, n)))))
        assert found == pytest.approx(0.8, abs=0.03)

    @pytest.mark.parametrize(("kind", "clusters", "n"), [("rate", 6, 30), ("skewed", 6, 30), ("skewed", 30, 30)])
    def test_intervals_of_few_cases_are_rather_too_wide(self, kind: str, clusters: int, n: int):
        drawn = world(kind, clusters, n)
        assert covered(bounded_interval(drawn.sums, binary=kind == "rate"), drawn.mean) > 0.95 - POINTS

    @pytest.mark.parametrize(("clusters", "n"), [(3, 20), (4, 20), (4, 100)])
    def test_the_paired_test_rather_misses_than_invents_with_few_documents(self, clusters: int, n: int):
        assert alarms(world("same", clusters, n).gaps) < 0.05

    def test_rounds_that_differ_raise_no_more_false_alarms(self):
        """60 cases, 3 rounds, of which each shifts all verdicts of a run by 0.15 (standard deviation)."""
        dice = np.random.default_rng(8)
        alarms = {True: 0, False: 0}
        for _ in range(400):
            chances = dice.random(60)[:, None]
            first, second = (
                [Score(metric="m", value=float(said.mean()), rounds=tuple(said))
                 for said in np.clip(chances + dice.normal(0, 0.15, 3) + dice.normal(0, 0.1, (60, 3)), 0, 1)]
                for _ in range(2)
            )  # fmt: skip
            values = ([score.value for score in scores] for scores in (first, second))
            one, other = values
            for known in alarms:
                common = round_variance(first, second) if known else 0.0
                found = paired_difference(one, other, round_variance=common)
                assert found.low is not None and found.high is not None
                assert (found.p <= 0.05) == (not found.low <= 0 <= found.high)
                alarms[known] += found.p <= 0.05
        assert alarms[True] / 400 < 0.08
        assert alarms[False] / 400 > 0.5  # as if the judge always said the same

    def test_the_interval_of_a_judge_whose_rounds_differ_covers_a_round_that_is_new(self):
        chance = np.random.default_rng(5)
        covered, alone = 0, 0
        for _ in range(1500):
            shifts = chance.normal(0, 0.05, 4)
            chances = (chance.beta(40, 20, (2, 60))[..., None] + shifts).clip(0, 1)
            found = judged_again(chance.binomial(1, chances[0, :, :3]).astype(float).tolist())
            fresh = chance.binomial(1, chances[1, :, 3]).astype(float)
            single = estimate(fresh.tolist())
            covered += found.once.low - found.once.mean <= 40 / 60 - fresh.mean() <= found.once.high - found.once.mean
            alone += single.low <= 40 / 60 <= single.high
        assert alone / 1500 < 0.905
        assert covered / 1500 == pytest.approx(0.94, abs=0.02)
