"""Whether the behaviour policy showed what the judged policies decide, often enough to tell what it is worth.

Looks at weights alone, never at rewards: refusing by what was earned would bias what is left.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from rl.estimators.estimate import EstimateLimits
from rl.estimators.log import Floats
from rl.estimators.studentised import studentised
from rl.estimators.terms import Ratio, Terms, effective_size

_SELDOM = 2.0
"""A ratio of propensities above it: the unit was one that the behaviour policy would mostly not have shown."""

_NEGLIGIBLE = 0.02
"""Share of decisions that may never have been shown."""


def unsupported(terms: Terms, limits: EstimateLimits) -> str | None:
    """Return what is missing, in words, or None where nothing is.

    >>> ones, cluster = np.ones(400), np.arange(400)
    >>> shown = np.arange(400) % 10 != 0  # one decision in ten was never shown
    >>> terms = Terms((Ratio(ones, ones),), cluster, ones, (shown.astype(float),))
    >>> unsupported(terms, EstimateLimits())
    'ratios of propensities are 0.90 on average, 6.7 standard errors from 1: some decisions were never shown'
    """
    for weights in terms.weights:
        found = _gap(terms, weights, limits) or _too_seldom(terms, weights, limits)
        if found is not None:
            return found
    for one, other in combinations(terms.weights, 2):
        found = _apart(terms, one, other, limits)
        if found is not None:
            return found
    return None


def _gap(terms: Terms, weights: Floats, limits: EstimateLimits) -> str | None:
    mean, deviations = _mean_ratio(terms, weights, 1.0)
    if deviations <= limits.max_support_gap_deviations:
        return None
    return (
        f"ratios of propensities are {mean:.2f} on average, {deviations:.1f} standard errors from 1: "
        "some decisions were never shown"
    )


def _too_seldom(terms: Terms, weights: Floats, limits: EstimateLimits) -> str | None:
    is_seldom = weights > _SELDOM * terms.review
    n_matches = effective_size(weights[is_seldom])
    if n_matches >= limits.min_matches:
        return None
    # what is not among the often shown must be among the seldom shown, whether or not it came to be
    often = _mean(terms, np.where(is_seldom, 0.0, weights))
    sample = studentised(often)
    if 1.0 - (sample.mean - 2.0 * sample.standard_error) <= _NEGLIGIBLE:
        return None
    return (
        f"{1.0 - sample.mean:.1%} of decisions are ones that were seldom shown, and they were shown for as good as "
        f"{n_matches:.0f} units; {limits.min_matches:g} are needed"
    )


def _apart(terms: Terms, one: Floats, other: Floats, limits: EstimateLimits) -> str | None:
    is_apart = one != other
    if not is_apart.any():
        return None
    n_matches = min(effective_size(weights[is_apart]) for weights in (one, other))
    if n_matches < limits.min_matches:
        return (
            f"where the two policies differ, one of them was shown for as good as {n_matches:.0f} units; "
            f"{limits.min_matches:g} are needed"
        )
    _, deviations = _mean_ratio(terms, one - other, 0.0)
    if deviations <= limits.max_support_gap_deviations:
        return None
    return f"one policy's decisions were shown more than the other's, by {deviations:.1f} standard errors"


def _mean(terms: Terms, weights: Floats) -> Terms:
    return Terms((Ratio(weights, terms.review),), terms.cluster, terms.review, (weights,))


def _mean_ratio(terms: Terms, weights: Floats, expected: float) -> tuple[float, float]:
    """Return the mean ratio of propensities, and by how many standard errors it is off."""
    sample = studentised(_mean(terms, weights))
    gap = abs(sample.mean - expected)
    if not sample.standard_error:
        return sample.mean, 0.0 if gap < 1e-9 else float("inf")
    return sample.mean, gap / sample.standard_error
