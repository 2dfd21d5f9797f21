"""What a surge of a parent says of its children's, and theirs of its: one market-wide shock is one alert.

Pure comparisons of evidence of one tick; owns no state and decides nothing about episodes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from alerts.evidence import Evidence, SurgeReason


class Standing(StrEnum):
    """How a topic's surge stands to those of its family."""

    ALONE = "alone"
    APART = "apart"  # an ancestor's surge is on, and does not explain it
    FOLDED = "folded"  # an ancestor's surge explains it
    GATHERING = "gathering"  # its siblings stir: it may be the first sign of a shock that all share


@dataclass(frozen=True, slots=True)
class FamilyConfig:
    """When children share a shock, and when one of them has a crisis of its own inside it.

    >>> FamilyConfig().min_children
    3
    """

    min_children: int = 3
    # Raised at once, before it is a shock of the parent: two companies in one headline are no market.
    min_deviations: float = 3.0
    # By which what a comparison leaves unexplained must exceed what is usual.
    min_excess: float = 2.0
    # A child's own crisis: so many times what the shock brings to its siblings. They differ by that much anyway.
    stir_deviations: float = 1.5
    # Of the siblings together: so much makes a child's surge wait for them.
    gather_s: int = 900
    # How long it waits: three ticks, in which a shock shows in the parent, whose counts are larger.

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.min_children < 2:
            raise ValueError(f"min_children must be >= 2, got {self.min_children}")
        for name in ("min_deviations", "stir_deviations", "gather_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")
        if self.min_excess < 1:
            raise ValueError(f"min_excess must be >= 1, got {self.min_excess}")


def deviations(observed: float, expected: float, dispersion: float) -> float:
    """Return by how many standard deviations a count exceeds what is expected.

    *See* "The transformation of Poisson, binomial and negative-binomial data" by Anscombe (1948); the unit variance
    of its root is scaled by the dispersion, which is only right where that is small.

    >>> round(deviations(12, 3.0, dispersion=1.0), 2)
    3.36
    """
    residual = 2 * (math.sqrt(max(0.0, observed) + 0.375) - math.sqrt(max(0.0, expected) + 0.375))
    return residual / math.sqrt(dispersion)


def as_parent(evidence: Evidence, children: Sequence[Evidence], config: FamilyConfig) -> Evidence:
    """Return a parent's evidence with what its children say of it.

    A surge that few children explain is theirs; that of many at once is the parent's.

    Args:
        evidence: the parent's, judged.
        children: that of its children in the same tick, judged; those that are not raised are not regarded.
        config: thresholds.
    """
    raised = sorted((child for child in children if child.is_raised), key=_excess, reverse=True)
    if not evidence.is_over or not raised:
        return evidence
    is_shared = len(raised) >= config.min_children
    removed = raised[:1] if is_shared else raised
    observed = evidence.n_negative - sum(child.n_negative for child in removed)
    expected = evidence.expected - sum(child.expected for child in removed)
    if deviations(observed, expected, evidence.dispersion) < config.min_deviations:
        return msgspec.structs.replace(evidence, is_over=False, reason=SurgeReason.OF_CHILDREN)
    return msgspec.structs.replace(evidence, reason=SurgeReason.SHARED) if is_shared else evidence


def standing_of(
    evidence: Evidence, ancestors: Iterable[tuple[Evidence | None, bool]], config: FamilyConfig
) -> Standing:
    """Return how a topic's surge stands to those of its ancestors.

    Args:
        evidence: the topic's.
        ancestors: evidence in the same tick, and whether an episode is open, of each.
        config: thresholds.
    """
    standing = Standing.ALONE
    for ancestor, is_open in ancestors:
        if ancestor is None:
            continue
        if is_open and not _is_own_crisis(evidence, ancestor, config):
            return Standing.FOLDED
        if is_open:
            standing = Standing.APART
        elif standing is Standing.ALONE and _is_stirring(evidence, ancestor, config):
            standing = Standing.GATHERING
    return standing


def _excess(evidence: Evidence) -> float:
    return evidence.n_negative - evidence.expected


def _siblings(evidence: Evidence, ancestor: Evidence) -> tuple[float, float]:
    """Return the negative stories of an ancestor without a topic, and the expected ones."""
    return max(0.0, ancestor.n_negative - evidence.n_negative), max(0.0, ancestor.expected - evidence.expected)


def _is_own_crisis(evidence: Evidence, ancestor: Evidence, config: FamilyConfig) -> bool:
    observed, expected = _siblings(evidence, ancestor)
    # half a story: of siblings that say nothing nothing is known
    factor = max(1.0, (observed + 0.5) / (expected + 0.5))
    by_shock = evidence.expected * factor
    return (
        evidence.n_negative >= config.min_excess * by_shock
        and deviations(evidence.n_negative, by_shock, evidence.dispersion) >= config.min_deviations
    )


def _is_stirring(evidence: Evidence, ancestor: Evidence, config: FamilyConfig) -> bool:
    observed, expected = _siblings(evidence, ancestor)
    return deviations(observed, expected, ancestor.dispersion) >= config.stir_deviations
