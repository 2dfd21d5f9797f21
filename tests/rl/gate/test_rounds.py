import numpy as np
import pytest

from rl.estimators.estimate import RefusalReason
from rl.estimators.from_rounds import JudgedUnitLog
from rl.estimators.log import KnownRewards, Target, UnitLog
from rl.gate.comparison import Showing
from rl.gate.rounds import compare_judged, compare_known


def known(n: int, n_gained: int, n_lost: int) -> tuple[KnownRewards, KnownRewards]:
    serving = np.tile([1.0, 1.0, 1.0, 0.0], n // 4)
    candidate = serving.copy()
    candidate[np.flatnonzero(serving == 0)[:n_gained]] = 1.0
    candidate[np.flatnonzero(serving == 1)[:n_lost]] = 0.0
    p_review, cluster = np.full(n, 0.02), np.arange(n)
    return KnownRewards(candidate, p_review, cluster), KnownRewards(serving, p_review, cluster)


def judged(n: int, epsilon: float, seed: int = 0) -> JudgedUnitLog:
    """A coin is explored; the candidate decides otherwise on one document in five, where it is right as often."""
    rng = np.random.default_rng(seed)
    is_apart, explored = rng.random(n) < 0.2, rng.random(n) < epsilon / 2
    reward = (rng.random(n) < 0.6).astype(np.float64)
    propensity = np.where(explored, epsilon / 2, 1 - epsilon / 2)
    log = UnitLog(reward, propensity, np.full(n, 0.02), np.arange(n))
    guess = np.full(n, 0.5)
    candidate = Target((is_apart == explored).astype(np.float64), guess, guess)
    serving = Target((~explored).astype(np.float64), guess, guess)
    return JudgedUnitLog(log, (candidate, serving), p_ambiguous=0.0)


def test_few_rounds_say_nothing() -> None:
    found = compare_known(*known(96, 10, 10), p_untold=0.0, margin=0.01)
    assert found.refused is not None
    assert found.refused.reason is RefusalReason.SMALL_SAMPLE
    assert (found.showing, found.must_show) == (Showing.NEITHER, False)


def test_rounds_show_a_loss_long_before_they_can_show_its_absence() -> None:
    worse = compare_known(*known(400, 2, 30), p_untold=0.0, margin=0.01)
    equal = compare_known(*known(400, 15, 15), p_untold=0.0, margin=0.01)
    assert (worse.showing, worse.must_show) == (Showing.WORSE, False)
    assert (equal.showing, equal.must_show) == (Showing.NEITHER, False)


def test_many_rounds_must_show_that_it_is_as_good() -> None:
    # a standard error of sqrt(0.03 / 4,000) = 0.0027, under 0.01 / 3.29 = 0.0030
    found = compare_known(*known(4_000, 60, 60), p_untold=0.0, margin=0.01)
    assert (found.showing, found.must_show) == (Showing.NOT_WORSE, True)


def test_rejections_that_say_nothing_right_silence_the_witness() -> None:
    found = compare_known(*known(400, 20, 20), p_untold=0.05, margin=0.01)
    assert found.refused is not None
    assert found.refused.reason is RefusalReason.AMBIGUOUS


def test_verdicts_are_judged_by_two_estimators() -> None:
    robust, normalised = compare_judged(judged(6_000, epsilon=0.4), margin=0.01)
    assert (robust.estimator, normalised.estimator) == ("doubly_robust", "self_normalised")
    for one in (robust, normalised):
        assert one.estimate is not None
        assert one.estimate.value == pytest.approx(0.0, abs=3 * one.estimate.standard_error)


def test_a_greedy_policy_cannot_judge_another() -> None:
    for one in compare_judged(judged(3_000, epsilon=1e-9), margin=0.01):
        assert one.refused is not None
        assert one.refused.reason is RefusalReason.NO_SUPPORT
