"""The estimators on one small log, against Open Bandit Pipeline's definitions (obp 0.4.1, `obp.ope.estimators`).

Four rounds, w = p_shown / propensity = 1.6, 2, 0.2, 3, every document reviewed with the same probability. There:
IPW = mean(w r), SNIPW = mean(w r / mean(w)), DM = mean(q_pi), DR = mean(q_pi + w (r - q)),
SNDR = mean(q_pi + w (r - q) / mean(w)).
"""

import numpy as np
import pytest

from rl.estimators.doubly_robust import direct, doubly_robust, self_normalised_doubly_robust
from rl.estimators.inverse_propensity import inverse_propensity, self_normalised
from rl.estimators.log import KnownRewards, Target, UnitLog
from rl.estimators.review_weighted import review_weighted


def log_reviewed_with(p_review: list[float]) -> UnitLog:
    return UnitLog(
        reward=np.array([1.0, 0.0, 1.0, 0.0]),
        propensity=np.array([0.5, 0.25, 0.5, 0.2]),
        p_review=np.array(p_review),
        cluster=np.arange(4),
    )


LOG = log_reviewed_with([0.02] * 4)
TARGET = Target(
    p_shown=np.array([0.8, 0.5, 0.1, 0.6]),
    baseline=np.array([0.7, 0.4, 0.5, 0.3]),
    baseline_own=np.array([0.6, 0.5, 0.4, 0.35]),
)


def test_inverse_propensity_scores_are_obps_ipw() -> None:
    # (1.6 + 0.2) / 4
    assert inverse_propensity(LOG, TARGET).value == pytest.approx(0.45)


def test_self_normalised_scores_are_obps_snipw() -> None:
    # 1.8 / 6.8
    assert self_normalised(LOG, TARGET).value == pytest.approx(0.264706, abs=1e-6)


def test_the_direct_method_is_obps_dm() -> None:
    # 1.85 / 4
    assert direct(LOG, TARGET).value == pytest.approx(0.4625)


def test_doubly_robust_is_obps_dr() -> None:
    # w (r - q) = 0.48, -0.8, 0.1, -0.9; (1.85 - 1.12) / 4
    assert doubly_robust(LOG, TARGET).value == pytest.approx(0.1825)


def test_self_normalised_doubly_robust_is_obps_sndr() -> None:
    # 0.4625 - 1.12 / 6.8
    assert self_normalised_doubly_robust(LOG, TARGET).value == pytest.approx(0.297794, abs=1e-6)


def test_a_round_drawn_with_half_the_probability_counts_as_two() -> None:
    uneven = log_reviewed_with([0.02, 0.02, 0.02, 0.01])
    # the last round twice: (1.6 + 0.2) / 5 and 1.8 / (6.8 + 3)
    assert inverse_propensity(uneven, TARGET).value == pytest.approx(0.36)
    assert self_normalised(uneven, TARGET).value == pytest.approx(0.183673, abs=1e-6)
    # (1.85 + 0.35 - 1.12 - 0.9) / 5
    assert doubly_robust(uneven, TARGET).value == pytest.approx(0.036)


def test_known_rewards_are_weighted_by_review_alone() -> None:
    known = KnownRewards(np.array([1.0, 0.5, 0.0]), np.array([0.5, 0.25, 0.1]), np.arange(3))
    # (2 + 4 * 0.5) / (2 + 4 + 10)
    assert review_weighted(known).value == pytest.approx(0.25)


def test_a_difference_is_that_of_the_two_values() -> None:
    served = Target(np.array([0.5, 0.25, 0.5, 0.2]), np.zeros(4), np.zeros(4))  # the behaviour policy itself
    difference = self_normalised(LOG, TARGET).minus(self_normalised(LOG, served))
    assert difference.value == pytest.approx(0.264706 - 0.5, abs=1e-6)


def test_a_difference_over_other_units_is_refused() -> None:
    other = review_weighted(KnownRewards(np.ones(4), np.ones(4), np.arange(4)))
    with pytest.raises(ValueError, match="other must be over the same units"):
        inverse_propensity(LOG, TARGET).minus(other)


def test_doubly_robust_asks_for_a_reward_model() -> None:
    with pytest.raises(ValueError, match="baseline must be given"):
        doubly_robust(LOG, Target(TARGET.p_shown))


@pytest.mark.parametrize(("name", "value"), [("propensity", 0.0), ("p_review", 1.5), ("reward", -0.1)])
def test_a_log_with_impossible_numbers_is_refused(name: str, value: float) -> None:
    arrays = {"reward": np.ones(2), "propensity": np.ones(2), "p_review": np.ones(2)}
    arrays[name] = np.array([1.0, value])
    with pytest.raises(ValueError, match=f"{name} must be in"):
        UnitLog(**arrays, cluster=np.arange(2))
