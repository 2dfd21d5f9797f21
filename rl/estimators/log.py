"""What estimates are made from: arrays over logged rounds, and over the units that were shown in them.

Knows neither rounds nor estimators.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KnownRewards:
    """Rounds whose right labels are known, so that the reward of any action on them is.

    >>> KnownRewards(reward=np.array([1.0, 0.5]), p_review=np.array([0.5, 0.02]), cluster=np.array([7, 7])).n_rounds
    2
    """

    reward: Floats  # (N,) of the judged policy's own action, in [0, 1]
    p_review: Floats  # (N,) in (0, 1]
    cluster: Integers  # (N,) the story, by number

    def __post_init__(self) -> None:
        _check_shapes(self.reward, self.p_review, self.cluster)
        _check_range("reward", self.reward, 0.0, 1.0)
        _check_probability("p_review", self.p_review)

    @property
    def n_rounds(self) -> int:
        """How many rounds there are."""
        return len(self.reward)


@dataclass(frozen=True, slots=True)
class UnitLog:
    """Units that a reviewer was shown and judged: a document's label, one mention, or one token.

    >>> log = UnitLog(reward=np.array([1.0, 0.0]), propensity=np.array([0.9, 0.1]), p_review=np.array([0.5, 0.5]),
    ...     cluster=np.array([0, 1]))
    >>> log.n_units
    2
    """

    reward: Floats  # (N,) in [0, 1]; 1 where the shown unit is right
    propensity: Floats  # (N,) with which the behaviour policy came to show it, in (0, 1]
    p_review: Floats  # (N,) in (0, 1]
    cluster: Integers  # (N,) the story, by number

    def __post_init__(self) -> None:
        _check_shapes(self.reward, self.propensity, self.p_review, self.cluster)
        _check_range("reward", self.reward, 0.0, 1.0)
        _check_probability("propensity", self.propensity)
        _check_probability("p_review", self.p_review)

    @property
    def n_units(self) -> int:
        """How many units there are."""
        return len(self.reward)


@dataclass(frozen=True, slots=True)
class Target:
    """The judged policy, beside a log: how likely it decides as was shown, and what a model of the reward says.

    >>> Target(p_shown=np.array([1.0, 0.0])).baseline is None
    True
    """

    p_shown: Floats  # (N,) with which it decides the shown unit, in [0, 1]
    baseline: Floats | None = None  # (N,) predicted reward of the shown unit, made without this log's rewards
    baseline_own: Floats | None = None  # (N,) predicted reward of what it decides itself, in expectation

    def __post_init__(self) -> None:
        if (self.baseline is None) != (self.baseline_own is None):
            raise ValueError("baseline and baseline_own must be given together, got one")
        _check_shapes(*(array for array in (self.p_shown, self.baseline, self.baseline_own) if array is not None))
        _check_range("p_shown", self.p_shown, 0.0, 1.0)


def _check_shapes(*arrays: NDArray[np.generic]) -> None:
    if any(array.ndim != 1 or array.shape != arrays[0].shape for array in arrays):
        raise ValueError(f"arrays must all have one shape (N,), got {', '.join(str(a.shape) for a in arrays)}")


def _check_range(name: str, values: Floats, low: float, high: float) -> None:
    if values.size and not (low <= values.min() and values.max() <= high):
        raise ValueError(f"{name} must be in [{low:g}, {high:g}], got {values.min()} to {values.max()}")


def _check_probability(name: str, values: Floats) -> None:
    if values.size and not (values.min() > 0.0 and values.max() <= 1.0):
        raise ValueError(f"{name} must be in (0, 1], got {values.min()} to {values.max()}")
