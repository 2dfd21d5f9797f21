import numpy as np
import pytest

from rl.estimators.estimate import Estimate, EstimateLimits, RefusalReason, Refused
from rl.estimators.inverse_propensity import inverse_propensity, self_normalised
from rl.estimators.judging import estimate
from rl.estimators.log import KnownRewards, Target, UnitLog
from rl.estimators.review_weighted import review_weighted


def known(n: int, *, p_right: float = 0.8, copies: int = 1, seed: int = 0) -> KnownRewards:
    rng = np.random.default_rng(seed)
    story = np.arange(n) // copies
    right = (rng.random(n) < p_right)[story]
    return KnownRewards(right.astype(np.float64), np.full(n, 0.02), story)


def refusal_of(answer: Estimate | Refused) -> RefusalReason:
    assert isinstance(answer, Refused)
    return answer.reason


def shown_log(n: int, epsilon: float, seed: int = 0) -> tuple[UnitLog, Target]:
    """A greedy behaviour that explores a coin; the judged policy decides otherwise on one document in five."""
    rng = np.random.default_rng(seed)
    is_other = rng.random(n) < 0.2
    shows_other = rng.random(n) < epsilon / 2
    propensity = np.where(shows_other, epsilon / 2, 1 - epsilon / 2)
    reward = (rng.random(n) < 0.8).astype(np.float64)
    log = UnitLog(reward, propensity, np.full(n, 0.02), np.arange(n))
    return log, Target(p_shown=(is_other == shows_other).astype(np.float64))


def test_no_rounds_are_refused() -> None:
    nothing = KnownRewards(np.empty(0), np.empty(0), np.empty(0, dtype=np.int64))
    assert refusal_of(estimate(review_weighted(nothing))) is RefusalReason.NO_ROUNDS


def test_an_effective_sample_size_under_100_is_refused() -> None:
    assert refusal_of(estimate(review_weighted(known(99)))) is RefusalReason.SMALL_SAMPLE
    assert isinstance(estimate(review_weighted(known(100))), Estimate)


def test_uneven_weights_count_for_less() -> None:
    rounds = known(150)
    uneven = KnownRewards(rounds.reward, np.where(np.arange(150) < 50, 0.01, 0.5), rounds.cluster)
    # (50 * 100 + 100 * 2)^2 / (50 * 10^4 + 100 * 4) = 54
    answer = estimate(review_weighted(uneven))
    assert refusal_of(answer) is RefusalReason.SMALL_SAMPLE
    assert answer.ess == pytest.approx(54.036, abs=0.001)


def test_copies_of_few_stories_are_refused() -> None:
    assert refusal_of(estimate(review_weighted(known(300, copies=10)))) is RefusalReason.FEW_STORIES


def test_an_interval_is_as_wide_as_its_stories_are_few() -> None:
    alone, copied = (estimate(review_weighted(known(1000, copies=copies))) for copies in (1, 4))
    assert isinstance(alone, Estimate)
    assert isinstance(copied, Estimate)
    # four copies that share everything: a quarter of the stories, twice the error
    assert copied.standard_error / alone.standard_error == pytest.approx(2.0, abs=0.2)


def test_a_handful_of_mistakes_is_refused() -> None:
    reward = np.ones(400)
    reward[:5] = 0.0
    rounds = KnownRewards(reward, np.full(400, 0.02), np.arange(400))
    assert refusal_of(estimate(review_weighted(rounds))) is RefusalReason.HEAVY_WEIGHTS


def test_what_never_varies_is_known_as_well_as_stories_tell() -> None:
    perfect = KnownRewards(np.ones(400), np.full(400, 0.02), np.arange(400))
    answer = estimate(review_weighted(perfect))
    assert isinstance(answer, Estimate)
    assert 1 - answer.low == pytest.approx(0.009180, abs=1e-6)  # 1 - 0.025 ** (1 / 400)


def test_decisions_that_are_never_shown_are_refused() -> None:
    log, target = shown_log(2000, epsilon=1e-9)
    for of in (inverse_propensity, self_normalised):
        assert refusal_of(estimate(of(log, target))) is RefusalReason.NO_SUPPORT


def test_decisions_that_are_seldom_shown_are_refused_though_ratios_look_right() -> None:
    # 10 in 100 are seldom shown, and five of them came to be: weights of 20 that might as well have been none
    p_shown = np.r_[np.ones(900), np.zeros(95), np.ones(5)]
    propensity = np.r_[np.full(995, 0.95), np.full(5, 0.05)]
    log = UnitLog(np.tile([1.0, 0.0], 500), propensity, np.ones(1000), np.arange(1000))
    answer = estimate(self_normalised(log, Target(p_shown)))
    assert isinstance(answer, Refused)
    assert answer.reason is RefusalReason.NO_SUPPORT
    assert "seldom shown" in answer.detail


def test_decisions_that_are_shown_often_enough_are_not() -> None:
    log, target = shown_log(4000, epsilon=0.4, seed=1)
    answer = estimate(self_normalised(log, target))
    assert isinstance(answer, Estimate)
    assert answer.contains(0.8)


def test_intervals_hold_the_truth_in_19_of_20_logs() -> None:
    held = []
    for seed in range(400):
        answer = estimate(review_weighted(known(600, p_right=0.85, copies=2, seed=seed)))
        held.append(isinstance(answer, Estimate) and answer.contains(0.85))
    assert 0.92 <= np.mean(held) <= 0.98  # three standard errors of 400 logs are 0.033


def test_limits_must_be_positive() -> None:
    with pytest.raises(ValueError, match="min_ess must be > 0, got 0"):
        EstimateLimits(min_ess=0)
