"""The review-weighted mean: for rounds whose right labels are known, where every action's reward is."""

from __future__ import annotations

from rl.estimators.log import KnownRewards
from rl.estimators.terms import Ratio, Terms


def review_weighted(known: KnownRewards) -> Terms:
    """Return the mean reward, each round weighted by 1 / its review probability.

    See "Contributions to the theory of sampling human populations" by Hájek: the weights are divided by their sum,
    since how many documents nobody reviewed is not in a log of rounds. Its bias is of the order of 1 / rounds.
    Biased as well if not answering hangs on what the answer would have been, and towards what was shown where
    analysts anchor on it.

    >>> import numpy as np
    >>> known = KnownRewards(np.array([1.0, 0.0]), p_review=np.array([0.01, 0.04]), cluster=np.array([0, 1]))
    >>> review_weighted(known).value  # (100 * 1 + 25 * 0) / 125
    0.8
    """
    review = 1.0 / known.p_review
    return Terms((Ratio(review * known.reward, review),), known.cluster, review, (review,))
