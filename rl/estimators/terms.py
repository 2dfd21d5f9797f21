"""What every estimator comes down to: ratios of sums over units, which clusters contribute to.

Owns values and how they change when a cluster is left out. Knows no policy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rl.estimators.log import Floats, Integers


@dataclass(frozen=True, slots=True)
class Ratio:
    """A sum over a sum.

    >>> Ratio(np.array([1.0, 0.0]), np.array([1.0, 3.0])).value
    0.25
    """

    numerator: Floats  # (N,)
    denominator: Floats  # (N,) sum > 0

    @property
    def value(self) -> float:
        """The ratio; not a number where the denominator sums to 0."""
        whole = float(self.denominator.sum())
        return float(self.numerator.sum()) / whole if whole else float("nan")

    def without_each(self, group: Integers, n_groups: int) -> Floats:
        """Return the ratio with each group left out, shape (G,)."""
        parts = np.bincount(group, self.numerator, n_groups)
        wholes = np.bincount(group, self.denominator, n_groups)
        rest = wholes.sum() - wholes
        without: Floats = np.full(n_groups, np.nan)
        np.divide(parts.sum() - parts, rest, out=without, where=rest > 0)
        return without


@dataclass(frozen=True, slots=True)
class Terms:
    """An estimate before its interval: the sum of its ratios, and the weights it rests on.

    >>> ones = np.ones(2)
    >>> one = Terms((Ratio(np.array([1.0, 0.0]), ones),), cluster=np.array([0, 1]), review=ones, weights=(ones,))
    >>> one.value, one.minus(one).value
    (0.5, 0.0)
    """

    ratios: tuple[Ratio, ...]
    cluster: Integers  # (N,)
    review: Floats  # (N,) 1 / review probability
    weights: tuple[Floats, ...]  # each (N,): review weight times ratio of propensities, one for each policy

    @property
    def value(self) -> float:
        """The estimate."""
        return sum(ratio.value for ratio in self.ratios)

    def minus(self, other: Terms) -> Terms:
        """Return the paired difference to another policy's terms on the same units.

        Raises:
            ValueError: if the other's units are not the same.
        """
        if not np.array_equal(self.cluster, other.cluster) or not np.array_equal(self.review, other.review):
            raise ValueError("other must be over the same units, got others")
        negated = tuple(Ratio(-ratio.numerator, ratio.denominator) for ratio in other.ratios)
        return Terms(self.ratios + negated, self.cluster, self.review, self.weights + other.weights)

    def groups(self) -> tuple[Integers, int]:
        """Return each unit's cluster as a number from 0, and how many clusters there are."""
        names, group = np.unique(self.cluster, return_inverse=True)
        return group.astype(np.int64), len(names)

    def without_each(self) -> Floats:
        """Return the value with each cluster left out, shape (G,)."""
        group, n_groups = self.groups()
        without: Floats = np.sum([ratio.without_each(group, n_groups) for ratio in self.ratios], axis=0)
        return without


def effective_size(weights: Floats) -> float:
    """Return how many equal weights say as much as these.

    See "Survey Sampling" by Kish.

    >>> effective_size(np.array([1.0, 1.0, 1.0])), effective_size(np.array([100.0, 0.001])) < 1.01
    (3.0, True)
    """
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0
