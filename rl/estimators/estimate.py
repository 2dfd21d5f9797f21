"""An estimate with its interval, or why there is none.

Owns the words of the answer and the limits under which it is refused. Knows no estimator.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RefusalReason(StrEnum):
    """Why no estimate is given: an interval would not keep its promise."""

    NO_ROUNDS = "no_rounds"
    SMALL_SAMPLE = "small_sample"  # the effective sample size of the weights is under the limit
    FEW_STORIES = "few_stories"  # too few clusters, or some of them hold nearly all of the weight
    HEAVY_WEIGHTS = "heavy_weights"  # a handful of clusters make up the variance
    NO_SUPPORT = "no_support"  # the behaviour policy never shows some of what the judged one decides
    AMBIGUOUS = "ambiguous"  # too many rejections of several units that do not say which one is wrong


@dataclass(frozen=True, slots=True)
class EstimateLimits:
    """Under which an estimate is refused.

    >>> EstimateLimits().min_ess
    100
    """

    min_ess: int = 100
    # Effective sample size of weights (Kish): below it neither the weights' sum nor the variance is known.
    min_stories: int = 40
    # Effective number of clusters: under it intervals clustered by story are too narrow.
    min_carriers: float = 15.0
    # Effective number of clusters that make up the variance: of fewer, the variance itself is a guess.
    max_support_gap_deviations: float = 2.0
    # The ratios' mean is 1 where everything can be shown; how many standard errors it may be away.
    min_matches: float = 15.0
    # Effective number of units for which the behaviour policy came to show what it seldom shows: of fewer, those that
    # it happened not to show are missing from the estimate and from its interval alike.

    def __post_init__(self) -> None:
        for name in ("min_ess", "min_stories", "min_carriers", "max_support_gap_deviations", "min_matches"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean, or a difference of two, in points of reward (0 to 1), with its 95 % interval.

    >>> Estimate(value=0.8, low=0.75, high=0.85, standard_error=0.025, n_units=300, n_clusters=250,
    ...     ess=200.0, ess_clusters=240.0).contains(0.76)
    True
    """

    value: float
    low: float
    high: float
    standard_error: float
    n_units: int
    n_clusters: int
    ess: float  # effective sample size of the weights
    ess_clusters: float  # effective number of clusters

    def contains(self, truth: float) -> bool:
        """Return whether the interval holds a value."""
        return self.low <= truth <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No estimate, and why.

    >>> Refused(reason=RefusalReason.SMALL_SAMPLE, detail="effective sample size 31 is under 100").reason.value
    'small_sample'
    """

    reason: RefusalReason
    detail: str
    n_units: int = 0
    n_clusters: int = 0
    ess: float = 0.0
