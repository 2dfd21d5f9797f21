import numpy as np
import pytest
from scipy import stats

from rl.gate.spending import SpendingConfig, level_of_next


def test_questions_without_a_promotion_make_the_next_stricter() -> None:
    # 1 + 1/2 + ... + 1/30 = 3.994987: 0.05 / 3.994987 = 0.0125157 over the number
    levels = [level_of_next([False] * n) for n in (0, 1, 9, 29)]
    assert levels == pytest.approx([0.0125157, 0.00625784, 0.00125157, 0.000417189], rel=1e-5)


def test_a_promotion_hands_its_level_on() -> None:
    # third question after no, yes: 0.0125157 (1/2 + 1/3)
    assert level_of_next([False, True]) == pytest.approx(0.0104297, rel=1e-5)
    # and the fourth after no, yes, no has its own share alone: 0.0125157 / 4
    assert level_of_next([False, True, False]) == pytest.approx(0.00312892, rel=1e-5)


def test_all_shares_together_are_the_whole_error() -> None:
    assert level_of_next([True] * 29) == pytest.approx(0.05)


def test_a_set_is_used_up_after_its_last_question() -> None:
    assert level_of_next([True] * 30) is None
    assert level_of_next([False] * 30) is None
    assert level_of_next([False] * 30, SpendingConfig(n_questions=31)) is not None


def test_one_wrong_promotion_or_more_is_as_rare_as_promised() -> None:
    """20 questions in turn, half of them of candidates at the margin, all on correlated data."""
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(2_000):
        shared = rng.standard_normal()
        promoted: list[bool] = []
        for number in range(20):
            level = level_of_next(promoted) or 0.0
            is_bad = bool(number % 2)
            statistic = 0.7 * shared + 0.714 * rng.standard_normal() + (0.0 if is_bad else 3.0)
            # p <= level exactly where the statistic is above its quantile
            promoted.append(statistic > -_quantile(level))
            if is_bad and promoted[-1]:
                wrong += 1
                break
    assert wrong / 2_000 <= 0.065  # 0.05 and three standard errors


def _quantile(level: float) -> float:
    return float(stats.norm.ppf(level))
