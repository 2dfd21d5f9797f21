"""How strictly a held-out set may still answer, after how often it was asked: a schedule of levels.

Knows neither files nor what was asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpendingConfig:
    """How much error a held-out set may cause in all, and when it is used up.

    >>> SpendingConfig().p_error
    0.05
    """

    p_error: float = 0.05
    # Probability that any of the candidates promoted on one held-out set is worse by more than the margin.
    min_level: float = 0.0002
    # Below it thousands of items show nothing (a quarter of the power at level 0.03 is left): ask for a new set.

    def __post_init__(self) -> None:
        if not 0 < self.min_level < self.p_error < 1:
            raise ValueError(
                f"min_level and p_error must be 0 < min_level < p_error < 1, got {self.min_level}, {self.p_error}"
            )


def level_of_next(promoted: Sequence[bool], config: SpendingConfig | None = None) -> float | None:
    """Return the level that the next question is answered at, or None where the set is used up.

    See "Fallback procedures" (Wiens, "A fixed sequence Bonferroni procedure for testing multiple endpoints") and
    "Online control of the familywise error rate" by Tian and Ramdas: question k has the share 6 / (pi k)^2 of the
    error, and a promotion hands its level on to the next question, since a claim that was right has cost nothing.
    With any dependence between questions, the probability of one wrong promotion or more is at most `p_error`: the
    levels that reach two different candidates that are worse are made of different shares, as long as none of them
    has been promoted. That holds for candidates that did not learn from the held-out set; what they learn from its
    answers (one bit each) is not paid for.

    Args:
        promoted: for each question before, whether its answer was a promotion.
        config: what may be spent.

    >>> [round(level_of_next([False] * k), 5) for k in range(4)]
    [0.0304, 0.0076, 0.00338, 0.0019]
    >>> [round(level_of_next([True] * k), 5) for k in range(4)]
    [0.0304, 0.038, 0.04137, 0.04327]
    """
    config = config or SpendingConfig()
    level = 0.0
    for number, was_promoted in enumerate((*promoted, False), start=1):
        level += config.p_error * 6 / (math.pi * number) ** 2
        if number <= len(promoted) and not was_promoted:
            level = 0.0
    return level if level >= config.min_level else None
