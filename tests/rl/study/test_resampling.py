import numpy as np
import pytest

from rl.study.resampling import Resampling
from rl.study.scores import N_COUNTS, Scores


def earning(rewards: list[float]) -> Scores:
    rows = np.zeros((len(rewards), N_COUNTS))
    rows[:, 0], rows[:, 1] = rewards, 1.0
    return Scores(rows)


def test_an_arms_figure_is_the_mean_over_its_seeds() -> None:
    resampling = Resampling(np.arange(4), n_seeds=2)
    drawn = resampling.of([earning([1, 1, 1, 0]), earning([1, 0, 0, 0])])
    assert drawn["reward"][0] == 0.5  # (0.75 + 0.25) / 2


def test_copies_of_one_story_are_drawn_together() -> None:
    scores = [earning([0.0, 1.0] * 50)]
    apart = Resampling(np.arange(100), n_seeds=1)
    together = Resampling(np.arange(100) % 2, n_seeds=1)
    wide, narrow = (each.estimate(each.of(scores)["reward"]) for each in (together, apart))
    # two stories: half of the draws take one of them twice; a hundred: standard error 0.05
    assert (wide.low, wide.high) == (0.0, 1.0)
    assert narrow.high - narrow.low == pytest.approx(0.196, abs=0.02)


def test_a_difference_that_is_the_same_everywhere_has_no_width() -> None:
    resampling = Resampling(np.arange(50), n_seeds=3)
    base = [np.random.default_rng(seed).random(50).tolist() for seed in range(3)]
    better = resampling.of([earning([reward + 0.1 for reward in rewards]) for rewards in base])
    worse = resampling.of([earning(rewards) for rewards in base])
    estimate = resampling.estimate(better["reward"] - worse["reward"])
    assert (estimate.low, estimate.value, estimate.high) == pytest.approx((0.1, 0.1, 0.1))


def test_seeds_that_differ_widen_the_interval() -> None:
    resampling = Resampling(np.arange(50), n_seeds=2)
    estimate = resampling.estimate(resampling.of([earning([0.0] * 50), earning([1.0] * 50)])["reward"])
    assert (estimate.low, estimate.value, estimate.high) == (0.0, 0.5, 1.0)
