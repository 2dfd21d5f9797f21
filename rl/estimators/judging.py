"""From an estimator's terms to an estimate with its interval, or to a refusal.

Knows no estimator by name.
"""

from __future__ import annotations

import numpy as np

from rl.estimators.estimate import Estimate, EstimateLimits, RefusalReason, Refused
from rl.estimators.studentised import studentised
from rl.estimators.support import unsupported
from rl.estimators.terms import Terms, effective_size


def estimate(terms: Terms, limits: EstimateLimits | None = None) -> Estimate | Refused:
    """Return the value of terms with a 95 % interval that is clustered by story, or why there is none.

    See "The Jackknife, the Bootstrap and Other Resampling Plans" by Efron: each cluster is left out in turn, which
    also allows for some clusters being heavy, and makes intervals somewhat wide when they are few; skewness is taken
    out by Hall's transformation. Clusters must be independent of each other.

    >>> from rl.estimators.log import KnownRewards
    >>> from rl.estimators.review_weighted import review_weighted
    >>> rewards = np.array([1.0, 1.0, 0.0, 1.0] * 50)
    >>> answer = estimate(review_weighted(KnownRewards(rewards, np.full(200, 0.02), np.arange(200))))
    >>> round(answer.value, 2), round(answer.low, 2), round(answer.high, 2)
    (0.75, 0.69, 0.81)
    >>> estimate(review_weighted(KnownRewards(rewards[:80], np.full(80, 0.02), np.arange(80)))).reason.value
    'small_sample'
    """
    n_units, n_clusters = len(terms.cluster), len(np.unique(terms.cluster))
    ess = min(effective_size(weights) for weights in terms.weights)
    objection = _objection(terms, ess, limits or EstimateLimits())
    if objection is not None:
        reason, detail = objection
        return Refused(reason=reason, detail=detail, n_units=n_units, n_clusters=n_clusters, ess=ess)
    sample, ess_clusters = studentised(terms), _effective_clusters(terms)
    low, high = sample.interval() if sample.standard_error else _around(terms.value, ess_clusters)
    return Estimate(
        value=terms.value,
        low=low,
        high=high,
        standard_error=sample.standard_error,
        n_units=n_units,
        n_clusters=n_clusters,
        ess=ess,
        ess_clusters=ess_clusters,
    )


def _objection(terms: Terms, ess: float, limits: EstimateLimits) -> tuple[RefusalReason, str] | None:
    if not len(terms.cluster):
        return RefusalReason.NO_ROUNDS, "there are no judged units"
    if ess < limits.min_ess:
        return RefusalReason.SMALL_SAMPLE, f"the weights count as {ess:.0f} units, {limits.min_ess} are needed"
    if (ess_clusters := _effective_clusters(terms)) < limits.min_stories:
        detail = f"the rounds count as {ess_clusters:.0f} stories, {limits.min_stories} are needed"
        return RefusalReason.FEW_STORIES, detail
    if (missing := unsupported(terms, limits)) is not None:
        return RefusalReason.NO_SUPPORT, missing
    sample = studentised(terms)
    if sample.standard_error and sample.carriers < limits.min_carriers:
        detail = f"{sample.carriers:.0f} stories make up the variance, {limits.min_carriers:g} are needed"
        return RefusalReason.HEAVY_WEIGHTS, detail
    return None


def _effective_clusters(terms: Terms) -> float:
    group, n_groups = terms.groups()
    by_cluster = (np.bincount(group, weights, n_groups).astype(np.float64) for weights in terms.weights)
    return min(map(effective_size, by_cluster))


def _around(value: float, n: float) -> tuple[float, float]:
    """Return the interval where nothing varies: what n stories would have shown with a probability of 2.5 %."""
    half = 1.0 - 0.025 ** (1.0 / n)
    return value - half, value + half
