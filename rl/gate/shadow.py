"""How much more often a candidate says negative than the serving policy does, from documents that both decided.

Windows express their baselines anew by it when policies are swapped, so that a swap does not look like a surge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from rl.estimators.log import Integers
from rl.estimators.studentised import Studentised
from rl.gate.held_out import Booleans

_USUAL_SPREAD = 0.2
"""Of the log ratio among candidates: two in three lie within a fifth. What little evidence is drawn towards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NegativeRatio:
    """The candidate's rate of negatives over the serving policy's.

    >>> NegativeRatio(shrunk=1.2, low=1.1, high=1.3, observed=1.21, n_documents=2_000, n_stories=1_800,
    ...     p_agree=0.94).observed
    1.21
    """

    shrunk: float  # drawn towards 1, the more so the less was seen: what baselines are multiplied by
    low: float  # 95 % interval of the same
    high: float
    observed: float | None  # None where either policy called nothing negative
    n_documents: int
    n_stories: int
    p_agree: float  # share of documents that both call negative, or neither


def negative_ratio(candidate: Booleans, serving: Booleans, cluster: Integers) -> NegativeRatio:
    """Return the ratio of rates of negatives, from paired decisions; intervals are clustered by story.

    The log ratio's jackknife over stories, drawn to 0 as a normal prior asks: biased towards 1, on purpose.

    Args:
        candidate: whether it calls each document negative, shape (N,).
        serving: whether the serving policy does, on the same documents, shape (N,).
        cluster: stories, shape (N,).

    >>> says = np.arange(1000) % 4 == 0
    >>> ratio = negative_ratio(says, says, np.arange(1000))
    >>> ratio.shrunk, ratio.p_agree
    (1.0, 1.0)
    """
    if not candidate.shape == serving.shape == cluster.shape or candidate.ndim != 1:
        raise ValueError(
            f"arrays must all have one shape (N,), got {candidate.shape}, {serving.shape}, {cluster.shape}"
        )
    n_documents, n_stories = len(cluster), len(np.unique(cluster))
    p_agree = float((candidate == serving).mean()) if n_documents else 1.0
    log_ratio, spread = _log_ratio(candidate, serving, cluster)
    keep = _USUAL_SPREAD**2 / (_USUAL_SPREAD**2 + spread**2)
    half = float(stats.norm.isf(0.025)) * spread * float(np.sqrt(keep))  # of the posterior
    centre = keep * log_ratio
    both = bool(candidate.any() and serving.any())
    return NegativeRatio(
        shrunk=float(np.exp(centre)),
        low=float(np.exp(centre - half)),
        high=float(np.exp(centre + half)),
        observed=float(candidate.sum() / serving.sum()) if both else None,
        n_documents=n_documents,
        n_stories=n_stories,
        p_agree=p_agree,
    )


def _log_ratio(candidate: Booleans, serving: Booleans, cluster: Integers) -> tuple[float, float]:
    """Return the log ratio and its standard error; half a document on either side keeps both finite."""
    _, group = np.unique(cluster, return_inverse=True)
    n_groups = int(group.max()) + 1 if len(group) else 0
    if n_groups < 2:
        return 0.0, _USUAL_SPREAD * 1e3
    above, below = (np.bincount(group, says, n_groups) for says in (candidate, serving))  # (G,)
    value = float(np.log((above.sum() + 0.5) / (below.sum() + 0.5)))
    without = np.log((above.sum() - above + 0.5) / (below.sum() - below + 0.5))
    return value, Studentised.of(n_groups * value - (n_groups - 1) * without).standard_error
