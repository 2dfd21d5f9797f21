"""Estimators that lean on a model of the reward: the direct method, and doubly robust ones that correct it."""

from __future__ import annotations

from rl.estimators.log import Floats, Target, UnitLog
from rl.estimators.terms import Ratio, Terms


def direct(log: UnitLog, target: Target) -> Terms:
    """Return the mean of what the model predicts for the judged policy's own decisions.

    As biased as its model, which its interval does not show: for comparison, never for a decision.

    >>> import numpy as np
    >>> log = UnitLog(np.array([1.0, 0.0]), np.array([0.5, 0.5]), p_review=np.ones(2), cluster=np.array([0, 1]))
    >>> direct(log, Target(np.array([1.0, 0.0]), np.array([0.5, 0.5]), np.array([0.75, 0.25]))).value
    0.5
    """
    review = 1.0 / log.p_review
    _, own = _baselines(target)
    return Terms((Ratio(review * own, review),), log.cluster, review, (review,))


def doubly_robust(log: UnitLog, target: Target) -> Terms:
    """Return the direct method's mean plus the weighted mean of what its model missed.

    See "Doubly Robust Policy Evaluation and Learning" by Dudík, Langford and Li. Unbiased if either propensities or
    model are right; propensities are, since they are logged, so a bad model costs variance alone. Where the behaviour
    policy never shows what the judged one decides, the model is all there is.

    >>> import numpy as np
    >>> log = UnitLog(np.array([1.0, 0.0]), np.array([0.5, 0.5]), p_review=np.ones(2), cluster=np.array([0, 1]))
    >>> target = Target(np.array([1.0, 0.0]), np.array([0.75, 0.5]), np.array([0.75, 0.25]))
    >>> doubly_robust(log, target).value  # 0.5 + 2 * (1 - 0.75) / 2
    0.75
    """
    review = 1.0 / log.p_review
    shown, own = _baselines(target)
    weights = review * target.p_shown / log.propensity
    corrected = review * own + weights * (log.reward - shown)
    return Terms((Ratio(corrected, review),), log.cluster, review, (weights,))


def self_normalised_doubly_robust(log: UnitLog, target: Target) -> Terms:
    """Return the doubly robust mean with the correction's weights divided by their sum.

    See "More Efficient Off-Policy Evaluation through Regularized Targeted Learning" by Bibaut, Malenica, Vlassis and
    van der Laan for how normalising tames a correction. Biased by the order of 1 / effective sample size.

    >>> import numpy as np
    >>> log = UnitLog(np.array([1.0, 0.0]), np.array([0.5, 0.5]), p_review=np.ones(2), cluster=np.array([0, 1]))
    >>> target = Target(np.array([1.0, 0.0]), np.array([0.75, 0.5]), np.array([0.75, 0.25]))
    >>> self_normalised_doubly_robust(log, target).value  # 0.5 + 2 * (1 - 0.75) / 2, over weights that sum to 2
    0.75
    """
    review = 1.0 / log.p_review
    shown, own = _baselines(target)
    weights = review * target.p_shown / log.propensity
    correction = Ratio(weights * (log.reward - shown), weights)
    return Terms((Ratio(review * own, review), correction), log.cluster, review, (weights,))


def _baselines(target: Target) -> tuple[Floats, Floats]:
    if target.baseline is None or target.baseline_own is None:
        raise ValueError("baseline must be given for this estimator, got None")
    return target.baseline, target.baseline_own
