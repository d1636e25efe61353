"""The formulas of docs/scale.md on numbers that can be worked out by hand, and the simulation of adding beside them."""

import math
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import scale_ingest as ingest  # noqa: E402 - scripts beside the package
import scale_model as model  # noqa: E402

OF = model.Measured(
    row_bytes=4000, index_bytes=1000, write_seconds=0.001, read_seconds=0.001, embed_seconds=0.034, search_ms=20,
    search_p95_ms=40, search_core_ms=20, at=1_000_000, growth=0.5, memory_bytes=2000, memory_base=1e9,
)  # fmt: skip


def test_fits_go_through_their_points():
    assert model.line([(1, 5), (3, 9)]) == pytest.approx((3, 2))
    assert model.power((10, 2), (1000, 20)) == pytest.approx(0.5)


def test_a_search_grows_above_what_was_measured_only():
    assert model.search_ms(OF, 10_000) == 20
    assert model.search_ms(OF, 4_000_000) == pytest.approx(40)


def test_the_slowest_of_shards_is_that_of_the_distribution():
    sigma = model.sigma_of(20, 40)
    assert model.slowest_ms(20, sigma, 1) == pytest.approx(20)
    assert model.slowest_ms(20, sigma, 1, 0.95) == pytest.approx(40)
    assert model.slowest_ms(20, sigma, 14, 0.5) == pytest.approx(
        40, rel=0.02
    )  # 1 - .95^14 = .51: one of 14 is that slow


def test_parts_that_are_held_answer_by_how_often_they_are_wanted():
    assert model.hit_rate(3, 1, 1) == pytest.approx(1 / (1 + 1 / 2 + 1 / 3))
    assert model.hit_rate(100, 25, 0) == pytest.approx(0.25)
    exact = sum(rank**-0.8 for rank in range(1, 30_001)) / sum(rank**-0.8 for rank in range(1, 100_001))
    assert model.hit_rate(100_000, 30_000, 0.8) == pytest.approx(exact, rel=1e-3)
    assert model.read_ms(20, 0.5, 0.2, 100, 8) == pytest.approx(2 + 2 * 100)


def test_storage_is_priced_by_steps():
    assert model.storage_usd(60e12, model.Prices()) == pytest.approx(50_000 * 0.023 + 10_000 * 0.022)


def test_a_month_adds_up():
    one = model.month(OF, 10_000_000, 5_000_000, 10, model.Prices(core_hour=0.04), copies=2)
    assert one["shards"] == model.shards_for(10_000_000, 5_000_000) == 2
    assert one["stored_gb"] == 50
    assert one["cores_by_work"] == pytest.approx(10 * 2 * 0.020 * math.sqrt(5) / 0.5)
    assert one["cores_by_memory"] == pytest.approx(2 * 0.2 * 50 / 4)
    assert one["core_usd"] == pytest.approx(5 * 0.04 * 730)
    assert one["build_core_hours"] == pytest.approx(100)
    assert one["writer_memory_gb"] == pytest.approx(11)


PLAIN = ingest.Setting(items=2_000, spread=0.0, start=0.0, commit=0.0, token_commit=0.0)


def test_workers_that_never_fail_share_the_work():
    assert ingest.simulate(PLAIN).seconds == pytest.approx(PLAIN.items * PLAIN.work / 2, rel=0.01)
    assert ingest.simulate(replace(PLAIN, workers=8)).busy == pytest.approx(1, abs=0.01)


def test_commits_hold_everybody_up():
    held = ingest.simulate(replace(PLAIN, commit=1.0))
    commits = PLAIN.items * PLAIN.tokens / 50_000
    assert held.seconds >= ingest.simulate(PLAIN).seconds + 0.9 * commits


def test_what_kills_every_worker_is_set_aside_and_what_is_slow_is_at_times():
    found = ingest.simulate(replace(PLAIN, poisoned=0.1))
    assert found.set_aside == pytest.approx(200, abs=40) and found.innocent == 0
    found = ingest.simulate(replace(PLAIN, work=5.0, life=10.0, items=4_000))
    assert found.innocent / 4_000 == pytest.approx(ingest.lost(5.0, 10.0), rel=0.25)
