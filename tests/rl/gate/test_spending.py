import numpy as np
import pytest
from scipy import stats

from rl.gate.spending import SpendingConfig, level_of_next


def test_questions_without_a_promotion_make_the_next_stricter() -> None:
    levels = [level_of_next([False] * n) for n in range(12)]
    assert levels == sorted((level for level in levels if level is not None), reverse=True)
    # 0.05 * 6 / pi^2 = 0.0303964 over the square of the number
    assert levels[9] == pytest.approx(0.000303964, abs=1e-9)


def test_a_promotion_hands_its_level_on() -> None:
    # third question after no, yes: 0.0303964 (1/4 + 1/9)
    assert level_of_next([False, True]) == pytest.approx(0.0109765, abs=1e-7)
    # and the fourth after no, yes, no has its own share alone: 0.0303964 / 16
    assert level_of_next([False, True, False]) == pytest.approx(0.00189977, abs=1e-8)


def test_no_level_is_above_the_whole_error() -> None:
    assert (level_of_next([True] * 1_000) or 1.0) < 0.05


def test_a_set_whose_levels_show_nothing_is_used_up() -> None:
    assert level_of_next([False] * 12) is None
    assert level_of_next([False] * 12, SpendingConfig(min_level=1e-6)) is not None


def test_one_wrong_promotion_or_more_is_as_rare_as_promised() -> None:
    """20 questions in turn, half of them of candidates at the margin, all on correlated data."""
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(2_000):
        shared = rng.standard_normal()
        promoted: list[bool] = []
        for number in range(20):
            level = level_of_next(promoted, SpendingConfig(min_level=1e-9)) or 0.0
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
