"""The candidate beside the serving policy in each kind of document: where it is shown to be worse.

Small slices cannot show that a candidate is not worse by a point; none may show that it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rl.gate.comparison import Comparison, Showing, compare
from rl.gate.held_out import Booleans, HeldOut

_MIN_STORIES = 10
"""Of fewer nothing is said; one odd story is no slice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceComparison:
    """One kind of document, by name; `comparison.showing` allows for how many slices were looked at.

    >>> items = HeldOut(candidate=np.zeros(40), serving=np.ones(40), anchor=np.ones(40), cluster=np.arange(40),
    ...     fingerprint="h", slices={"short": np.arange(40) < 20})
    >>> [(one.name, one.comparison.showing.value) for one in compare_slices(items, margin=0.01, p_worse=0.05)]
    [('short', 'worse')]
    """

    name: str
    comparison: Comparison


def compare_slices(held_out: HeldOut, *, margin: float, p_worse: float) -> tuple[SliceComparison, ...]:
    """Return a comparison with the serving policy for each slice that has stories enough.

    The probability that any slice is called worse, if none is, is at most `p_worse` ("A Simple Sequentially Rejective
    Multiple Test Procedure" by Holm).
    """
    compared = {
        name: _compare(held_out, members, margin, p_worse)
        for name, members in held_out.slices.items()
        if len(np.unique(held_out.cluster[members])) >= _MIN_STORIES
    }
    worse = holm({name: comparison.p_worse for name, comparison in compared.items()}, p_worse)
    return tuple(
        SliceComparison(name=name, comparison=_shown(comparison, name in worse, p_worse))
        for name, comparison in compared.items()
    )


def holm(p_values: Mapping[str, float], p_error: float) -> frozenset[str]:
    """Return the names whose hypothesis is rejected, with at most this probability of one wrong rejection.

    >>> sorted(holm({"a": 0.01, "b": 0.02, "c": 0.2}, 0.05))  # 0.05 / 3, 0.05 / 2, 0.05
    ['a', 'b']
    """
    order: Sequence[str] = sorted(p_values, key=lambda name: p_values[name])
    rejected: list[str] = []
    for rank, name in enumerate(order):
        if p_values[name] > p_error / (len(order) - rank):
            break
        rejected.append(name)
    return frozenset(rejected)


def _compare(held_out: HeldOut, members: Booleans, margin: float, p_error: float) -> Comparison:
    return compare(
        held_out.candidate[members],
        held_out.serving[members],
        held_out.cluster[members],
        margin=margin,
        level=p_error,
        p_worse=p_error,
    )


def _shown(comparison: Comparison, is_worse: bool, p_error: float) -> Comparison:
    is_not_worse = comparison.p_not_worse <= p_error
    showing = Showing.WORSE if is_worse else Showing.NOT_WORSE if is_not_worse else Showing.NEITHER
    return replace(comparison, showing=showing)
