"""How strictly a held-out set may still answer, after how often it was asked: a schedule of levels.

Knows neither files nor what was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpendingConfig:
    """How much error a held-out set may cause in all, and over how many questions.

    >>> SpendingConfig().share_of(1) > SpendingConfig().share_of(2)
    True
    """

    p_error: float = 0.05
    # Probability that any of the candidates promoted on one held-out set is worse by more than the margin.
    n_questions: int = 30
    # After that it is used up; a longer life would make each answer stricter.

    def __post_init__(self) -> None:
        if not 0 < self.p_error < 1:
            raise ValueError(f"p_error must be in (0, 1), got {self.p_error}")
        if self.n_questions < 1:
            raise ValueError(f"n_questions must be >= 1, got {self.n_questions}")

    def share_of(self, number: int) -> float:
        """Return a question's own share of the error: in proportion to 1 / number, so that early ones have more."""
        return self.p_error / number / sum(1 / other for other in range(1, self.n_questions + 1))


def level_of_next(promoted: Sequence[bool], config: SpendingConfig | None = None) -> float | None:
    """Return the level that the next question is answered at, or None where the set is used up.

    See "Fallback procedures" (Wiens, "A fixed sequence Bonferroni procedure for testing multiple endpoints") and
    "Online control of the familywise error rate" by Tian and Ramdas: each question has its share of the error, and a
    promotion hands its level on to the next question, since a claim that was right has cost nothing.
    With any dependence between questions, the probability of one wrong promotion or more is at most `p_error`: the
    levels that reach two different candidates that are worse are made of different shares, as long as none of them
    has been promoted. That holds for candidates that did not learn from the held-out set; what they learn from its
    answers (one bit each) is not paid for.

    Args:
        promoted: for each question before, whether its answer was a promotion.
        config: what may be spent.

    >>> [round(level_of_next([False] * k), 5) for k in range(4)]
    [0.01252, 0.00626, 0.00417, 0.00313]
    >>> [round(level_of_next([True] * k), 5) for k in range(4)]
    [0.01252, 0.01877, 0.02295, 0.02607]
    """
    config = config or SpendingConfig()
    if len(promoted) >= config.n_questions:
        return None
    level = 0.0
    for number, was_promoted in enumerate(promoted, start=1):
        level = level + config.share_of(number) if was_promoted else 0.0
    return level + config.share_of(len(promoted) + 1)
