"""Surges of a plain count: what is one, what is not, and that nothing is seen before it comes."""

from __future__ import annotations

import math
import random

import pytest

from alerts.surges.volume import VolumeConfig, VolumeDetector, VolumeEvidence

DAY = 288  # bins


def poisson(mean: float, draw: random.Random) -> int:
    n, p, floor = 0, draw.random(), math.exp(-mean)
    while p > floor:
        n, p = n + 1, p * draw.random()
    return n


def stream(n: int, seed: int = 1, mean: float = 6.0) -> list[float]:
    draw = random.Random(seed)
    return [poisson(mean * (1 + 0.5 * math.sin(2 * math.pi * number / DAY)), draw) for number in range(n)]


def run(counts: list[float], config: VolumeConfig | None = None) -> list[VolumeEvidence]:
    detector = VolumeDetector(config or VolumeConfig())
    return [detector.update(number, count) for number, count in enumerate(counts)]


def test_what_lasts_far_above_the_usual_is_one_alert() -> None:
    counts = stream(20 * DAY)
    for number in range(12 * DAY, 12 * DAY + 36):
        counts[number] += 25
    found = [evidence.at_bin for evidence in run(counts) if evidence.is_alert]
    assert [12 * DAY <= at <= 12 * DAY + 6 for at in found if at >= 12 * DAY - 1 and at < 13 * DAY] == [True]


def test_in_a_series_as_usual_surges_come_about_as_seldom_as_they_are_said_to() -> None:
    # five series of 60 days, once in 5 days each: 60, and light-tailed counts bring fewer than believed
    n = sum(evidence.is_alert for seed in range(5) for evidence in run(stream(60 * DAY, seed)))
    assert n <= 60


def test_nothing_is_called_rare_on_the_first_day() -> None:
    assert not any(evidence.is_over for evidence in run([1.0] * 100 + [500.0] * 100))


def test_what_comes_later_changes_no_earlier_score() -> None:
    counts = stream(6 * DAY)
    other = [*counts[: 3 * DAY], *(1_000.0 - count for count in counts[3 * DAY :])]
    assert run(counts)[: 3 * DAY] == run(other)[: 3 * DAY]


def test_a_surge_does_not_become_the_norm_within_a_day() -> None:
    counts = [*stream(10 * DAY), *([60.0] * DAY)]
    assert all(evidence.is_over for evidence in run(counts)[10 * DAY + 6 :])


def test_bins_that_nobody_counted_are_no_bins_of_zero() -> None:
    config = VolumeConfig()
    detector = VolumeDetector(config)
    numbers = [number for number in range(20 * DAY) if number % DAY < DAY // 2]
    alerts = [number for number in numbers if detector.update(number, 10).is_alert]
    assert alerts == []
    assert detector.update(20 * DAY, 10).expected == pytest.approx(10, rel=0.02)


@pytest.mark.parametrize(("number", "count"), [(5, 1.0), (4, 1.0), (6, -1.0), (6, math.nan), (6, math.inf)])
def test_bins_that_go_back_and_counts_that_are_none_are_refused(number: int, count: float) -> None:
    detector = VolumeDetector(VolumeConfig())
    detector.update(5, 3.0)
    with pytest.raises(ValueError, match="must be"):
        detector.update(number, count)


@pytest.mark.parametrize(
    "changes",
    [
        {"bin_s": 0},
        {"scales_s": ()},
        {"scales_s": (400,)},
        {"level_half_life_s": 0},
        {"prior_dispersion": 1.0},
        {"quiet_s": -1},
        {"return_period_s": math.nan},
        {"bin_s": 7, "scales_s": (700,)},
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict) -> None:
    with pytest.raises(ValueError, match="must be"):
        VolumeConfig(**changes)
