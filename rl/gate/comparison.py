"""A candidate beside another policy on the same items: what their paired difference shows.

See "Non-Inferiority and Equivalence" in "Statistical Methods for Rates and Proportions" by Fleiss, Levin and Paik.
Knows neither reasons nor where the items are from.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rl.estimators.log import Floats, Integers, KnownRewards
from rl.estimators.review_weighted import review_weighted
from rl.estimators.studentised import Studentised, studentised


class Showing(StrEnum):
    """What a comparison shows, at its level."""

    NOT_WORSE = "not_worse"  # by more than the margin
    WORSE = "worse"  # at all
    NEITHER = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The candidate's mean reward less another policy's, in units of reward (0.01 is a point).

    >>> comparison = compare(np.ones(300), np.ones(300), np.arange(300), margin=0.01, level=0.05)
    >>> comparison.showing.value, comparison.difference
    ('not_worse', 0.0)
    """

    n_items: int
    n_clusters: int
    candidate_mean: float
    other_mean: float
    difference: float
    low: float  # of the two-sided 95 % interval
    high: float
    standard_error: float
    bound: float  # the difference is not under it, at the level of the question
    p_not_worse: float  # probability of a difference as high as this if the true one were the margin
    p_worse: float  # probability of a difference as low as this if the true one were none
    n_different: int  # items on which the two rewards differ
    showing: Showing


def compare(
    candidate: Floats, other: Floats, cluster: Integers, *, margin: float, level: float, p_worse: float = 0.05
) -> Comparison:
    """Return what paired rewards show; intervals are clustered by story.

    Pairing is what gives the power: rewards differ on few items, and only those add variance.

    Args:
        candidate: rewards, shape (N,).
        other: rewards of the other policy on the same items, shape (N,).
        cluster: stories, shape (N,), more than one.
        margin: by which the candidate may be worse, in (0, 1).
        level: probability of error with which "not worse" may be shown.
        p_worse: probability of error with which "worse" may be shown.
    """
    if not 0 < margin < 1:
        raise ValueError(f"margin must be in (0, 1), got {margin}")
    sample = difference_of(candidate, other, cluster)
    low, high = sample.interval()
    # stories without any difference would be seen so often though one in 1 / margin were lost
    not_worse = max(sample.p_at_most(-margin), (1.0 - margin) ** sample.n)
    worse = sample.p_at_least(0.0)
    is_worse, is_not_worse = worse <= p_worse, not_worse <= level
    # a difference within the margin may be shown to be both; what is allowed is then what counts
    showing = Showing.NOT_WORSE if is_not_worse else Showing.WORSE if is_worse else Showing.NEITHER
    return Comparison(
        n_items=len(cluster),
        n_clusters=sample.n,
        candidate_mean=float(candidate.mean()),
        other_mean=float(other.mean()),
        difference=sample.mean,
        low=low,
        high=high,
        standard_error=sample.standard_error,
        bound=sample.low(level),
        p_not_worse=not_worse,
        p_worse=worse,
        n_different=int(np.count_nonzero(candidate != other)),
        showing=showing,
    )


def difference_of(candidate: Floats, other: Floats, cluster: Integers) -> Studentised:
    """Return the mean paired difference with its jackknife over stories."""
    everything = np.ones(len(cluster))
    of_candidate = review_weighted(KnownRewards(candidate, everything, cluster))
    return studentised(of_candidate.minus(review_weighted(KnownRewards(other, everything, cluster))))
