"""The cap: how much of an update one analyst may account for, however much that analyst answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence


def allowed_share(n_analysts: int, max_share: float) -> float:
    """Return the greatest share of one of so many analysts: `max_share`, or twice an equal share where few answer.

    With one or two analysts there is no limit: nobody is there to balance them, and their deployment trusts them.

    >>> [allowed_share(n, 0.25) for n in (1, 2, 4, 8, 100)]
    [1.0, 1.0, 0.5, 0.25, 0.25]
    """
    if n_analysts < 1:
        raise ValueError(f"n_analysts must be >= 1, got {n_analysts}")
    return min(1.0, max(max_share, 2.0 / n_analysts))


def capped_weights(analysts: Sequence[str], weights: Sequence[float], max_share: float) -> list[float]:
    """Return the weights with those of each analyst who has more than the allowed share of all scaled down to it.

    The share is of what is left after scaling. It is exact: where most rounds are one analyst's, those weigh little.

    >>> [round(weight, 3) for weight in capped_weights(["eve"] * 4 + ["ada", "bob", "cy"], [1.0] * 7, max_share=0.5)]
    [0.75, 0.75, 0.75, 0.75, 1.0, 1.0, 1.0]

    Args:
        analysts: who gave each round, N.
        weights: of each round in the update, >= 0, N.
        max_share: of all weight, in (0, 1].
    """
    if not 0 < max_share <= 1:
        raise ValueError(f"max_share must be in (0, 1], got {max_share}")
    totals: defaultdict[str, float] = defaultdict(float)
    for analyst, weight in zip(analysts, weights, strict=True):
        if not weight >= 0:
            raise ValueError(f"weights must be >= 0, got {weight}")
        totals[analyst] += weight
    positive = [total for total in totals.values() if total > 0]
    if not positive:
        return list(weights)
    limit = _limit(sorted(positive, reverse=True), allowed_share(len(positive), max_share))
    return [
        weight * min(1.0, limit / totals[analyst]) if weight else 0.0
        for analyst, weight in zip(analysts, weights, strict=True)
    ]


def _limit(totals: list[float], share: float) -> float:
    """Return the total beyond which analysts are cut, so that the greatest is `share` of what is left."""
    rest = sum(totals)
    for n_cut, total in enumerate(totals):
        if share * n_cut >= 1:
            break
        # n_cut analysts at the limit and the rest as it is: limit = share (n_cut limit + rest)
        limit = share * rest / (1.0 - share * n_cut)
        if total <= limit:
            return limit
        rest -= total
    return totals[-1]
