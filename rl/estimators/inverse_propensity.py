"""Inverse propensity scores: shown units weighted by how much likelier the judged policy decides them.

A unit is a document's label, one mention or one token: ratios are never multiplied over the units of a document.
"""

from __future__ import annotations

from rl.estimators.log import Target, UnitLog
from rl.estimators.terms import Ratio, Terms


def inverse_propensity(log: UnitLog, target: Target) -> Terms:
    """Return the mean of reward times ratio of propensities.

    See "Learning from Logged Implicit Exploration Data" by Strehl, Langford, Li and Kakade. Review weights are
    divided by their sum. Unbiased up to that, if the behaviour policy could have shown whatever the judged one
    decides; its variance grows with the square of the ratios, and it is not confined to [0, 1].

    >>> import numpy as np
    >>> log = UnitLog(np.array([1.0, 1.0]), np.array([0.5, 0.5]), p_review=np.ones(2), cluster=np.array([0, 1]))
    >>> inverse_propensity(log, Target(np.array([1.0, 0.25]))).value  # (2 * 1 + 0.5 * 1) / 2
    1.25
    """
    review = 1.0 / log.p_review
    weights = review * target.p_shown / log.propensity
    return Terms((Ratio(weights * log.reward, review),), log.cluster, review, (weights,))


def self_normalised(log: UnitLog, target: Target) -> Terms:
    """Return the mean reward, weighted by ratios of propensities that are divided by their sum.

    See "The Self-Normalized Estimator for Counterfactual Learning" by Swaminathan and Joachims. Stays in [0, 1] and
    does not move with a constant added to rewards; biased by the order of 1 / effective sample size, and, unseen by
    its interval, wherever the behaviour policy never shows what the judged one decides.

    >>> import numpy as np
    >>> log = UnitLog(np.array([1.0, 0.0]), np.array([0.5, 0.5]), p_review=np.ones(2), cluster=np.array([0, 1]))
    >>> self_normalised(log, Target(np.array([1.0, 0.25]))).value  # 2 * 1 / (2 + 0.5)
    0.8
    """
    review = 1.0 / log.p_review
    weights = review * target.p_shown / log.propensity
    return Terms((Ratio(weights * log.reward, weights),), log.cluster, review, (weights,))
