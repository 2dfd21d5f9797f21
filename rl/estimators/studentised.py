"""A mean of independent, skewed contributions against a value it might have: intervals and p-values.

Knows neither rounds nor policies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from rl.estimators.log import Floats
from rl.estimators.terms import Terms


@dataclass(frozen=True, slots=True)
class Studentised:
    """The mean of a sample, its standard error, and how skewed and how widely carried it is.

    >>> sample = Studentised.of(np.array([0.0, 1.0, 0.0, 1.0]))
    >>> sample.mean, round(sample.standard_error, 4), sample.carriers
    (0.5, 0.2887, 4.0)
    """

    mean: float
    standard_error: float
    skewness: float
    carriers: float  # effective number of members that make up the variance
    n: int

    @classmethod
    def of(cls, contributions: Floats) -> Studentised:
        """Return the figures of contributions, shape (G,), G > 1."""
        if contributions.ndim != 1 or len(contributions) < 2:
            raise ValueError(f"contributions must be (G,) with G > 1, got {contributions.shape}")
        n = len(contributions)
        mean = float(contributions.mean())
        squares = (contributions - mean) ** 2
        total = float(squares.sum())
        if total <= n * np.finfo(np.float64).eps ** 2:
            return cls(mean, 0.0, 0.0, 0.0, n)
        skewness = float(np.sqrt(n) * ((contributions - mean) * squares).sum() / total**1.5)
        carriers = total**2 / float((squares**2).sum())
        return cls(mean, float(np.sqrt(total / (n - 1) / n)), skewness, carriers, n)

    @property
    def freedom(self) -> float:
        """Degrees of freedom, from how well the variance is known.

        A sample variance has the relative variance (kurtosis - 1) / n; a chi-square has 2 / freedom.
        """
        if not self.carriers:
            return 1.0
        spread = 1.0 / self.carriers - 1.0 / self.n
        return float(np.clip(2.0 / spread if spread > 0 else np.inf, 1.0, self.n - 1))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval; see `low`."""
        return self.low((1 - level) / 2), self.high((1 - level) / 2)

    def low(self, p_error: float) -> float:
        """Return the bound that the true mean is under with at most this probability.

        See "On the Removal of Skewness by Transformation" by Hall, and Student's t for the quantile. Too narrow if a
        few members make up the variance.
        """
        return self.mean - self.standard_error * self._untransformed(self._quantile(p_error))

    def high(self, p_error: float) -> float:
        """Return the bound that the true mean is over with at most this probability."""
        return self.mean - self.standard_error * self._untransformed(-self._quantile(p_error))

    def p_at_most(self, value: float) -> float:
        """Return how probable a mean as high as this would be if the true one were at most `value`.

        >>> round(Studentised.of(np.array([0.0, 1.0] * 50)).p_at_most(0.4), 3)
        0.025
        """
        if not self.standard_error:
            return 0.0 if self.mean > value else 1.0
        return float(stats.t.sf(self._transformed((self.mean - value) / self.standard_error), self.freedom))

    def p_at_least(self, value: float) -> float:
        """Return how probable a mean as low as this would be if the true one were at least `value`."""
        if not self.standard_error:
            return 0.0 if self.mean < value else 1.0
        return float(stats.t.cdf(self._transformed((self.mean - value) / self.standard_error), self.freedom))

    def _quantile(self, p_error: float) -> float:
        if not 0 < p_error < 1:
            raise ValueError(f"p_error must be in (0, 1), got {p_error}")
        return float(stats.t.isf(p_error, self.freedom))

    def _transformed(self, t: float) -> float:
        slope = self.skewness / np.sqrt(self.n)
        return float(t + slope * (t * t / 3 + 1 / 6) + slope * slope * t**3 / 27)

    def _untransformed(self, x: float) -> float:
        slope = self.skewness / np.sqrt(self.n)
        if abs(slope) < 1e-9:  # the limit, which the formula divides by
            return x
        return float((np.cbrt(1 + slope * (x - slope / 6)) - 1) * 3 / slope)


def studentised(terms: Terms) -> Studentised:
    """Return the terms' value with its jackknife over clusters, as contributions of independent clusters."""
    without = terms.without_each()  # (G,)
    n_groups, value = len(without), terms.value
    contributions = n_groups * value - (n_groups - 1) * without
    figures = Studentised.of(contributions)
    # the pseudo-values' mean is the value less its estimated bias, which is as noisy as it is small
    return Studentised(value, figures.standard_error, figures.skewness, figures.carriers, figures.n)
