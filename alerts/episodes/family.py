"""What a surge of a parent says of its children's, and theirs of its: one market-wide shock is one alert.

Pure comparisons of evidence of one tick; owns no state and decides nothing about episodes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from alerts.surges.evidence import Evidence, SurgeReason


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
    p_raised: float = 0.04
    # Of children that are raised at any time: once in five days, for five hours.
    min_deviations: float = 3.0
    # By which what a comparison leaves unexplained must exceed what is usual.
    min_excess: float = 3.0
    # A child's own crisis: so many times what the shock brings to its siblings. By twice they differ anyway.
    min_named: float = 0.5
    # Of a parent's excess: so much of it names the parent itself where it is the parent's own.
    diffuse_return_period_s: float = 90.0 * 86_400
    # What neither names the parent nor is many children's must be so rare: its topics have alarms of their own.
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
        if not 0 < self.p_raised < 1:
            raise ValueError(f"p_raised must be in (0, 1), got {self.p_raised}")
        if self.min_excess < 1:
            raise ValueError(f"min_excess must be >= 1, got {self.min_excess}")


@dataclass(frozen=True, slots=True)
class Ancestor:
    """What is known at a tick of a topic that another one rolls up to."""

    evidence: Evidence | None  # judged; None: nothing notable
    is_open: bool  # whether it has an episode
    n_raised: int  # of its children, those that are raised, but for the one that leads to the other topic
    n_children: int


def deviations(observed: float, expected: float, dispersion: float) -> float:
    """Return by how many standard deviations a count exceeds what is expected.

    *See* "The transformation of Poisson, binomial and negative-binomial data" by Anscombe (1948); the unit variance
    of its root is scaled by the dispersion, which is only right where that is small.

    >>> round(deviations(12, 3.0, dispersion=1.0), 2)
    3.36
    """
    residual = 2 * (math.sqrt(max(0.0, observed) + 0.375) - math.sqrt(max(0.0, expected) + 0.375))
    return residual / math.sqrt(dispersion)


def as_parent(
    evidence: Evidence,
    children: Sequence[Evidence],
    n_children: int,
    config: FamilyConfig,
    *,
    below: Sequence[Evidence] = (),
) -> Evidence:
    """Return a parent's evidence with what its children say of it.

    A surge that few children explain is theirs, unless most of what is unusual names the parent itself; that of
    many at once is the parent's, even where its own counts, which its largest children rule, are not rare yet. One
    that is spread over topics of which none stands out must be rarer than others.

    Args:
        evidence: the parent's, judged.
        children: that of its children in the same tick, judged; those that are not raised are not regarded.
        n_children: how many it has.
        config: thresholds.
        below: that of raised topics further below, whose own parents are not raised: they explain as children do.
    """
    n_raised = sum(child.is_raised for child in children)
    raised = sorted((each for each in (*children, *below) if each.is_raised), key=_excess, reverse=True)
    is_shared = _are_many(n_raised, n_children, config)
    if not n_children or not (evidence.is_over or (is_shared and evidence.is_raised)):
        return evidence
    removed = raised[:1] if is_shared else raised  # none where it is spread
    observed = evidence.n_negative - sum(child.n_negative for child in removed)
    expected = evidence.expected - sum(child.expected for child in removed)
    if is_shared and deviations(observed, expected, 1.0) >= config.min_deviations:
        # that they are many is what tells: a parent's own dispersion is that of its largest children
        return msgspec.structs.replace(evidence, is_over=True, reason=SurgeReason.SHARED)
    named = evidence.n_negative - evidence.n_unnamed - evidence.expected
    if named >= config.min_named * _excess(evidence):
        return evidence
    if deviations(observed, expected, evidence.dispersion) < config.min_deviations:
        return msgspec.structs.replace(evidence, is_over=False, reason=SurgeReason.OF_CHILDREN)
    if evidence.return_period_s < config.diffuse_return_period_s:
        return msgspec.structs.replace(evidence, is_over=False, reason=SurgeReason.DIFFUSE)
    return evidence


def standing_of(evidence: Evidence, ancestors: Iterable[Ancestor], config: FamilyConfig) -> Standing:
    """Return how a topic's surge stands to those of its ancestors.

    Args:
        evidence: the topic's, judged.
        ancestors: all of them.
        config: thresholds.
    """
    standing = Standing.ALONE
    for ancestor in ancestors:
        if ancestor.is_open and ancestor.evidence is not None:
            if not _is_own_crisis(evidence, ancestor.evidence, config):
                return Standing.FOLDED
            standing = Standing.APART
        elif standing is Standing.ALONE and _is_stirring(evidence, ancestor, config):
            standing = Standing.GATHERING
    return standing


def _are_many(n_raised: int, n_children: int, config: FamilyConfig) -> bool:
    """Return whether so many children are raised at once that it is not chance (three deviations of a Poisson)."""
    usual = config.p_raised * n_children
    return n_raised >= config.min_children and n_raised >= usual + 3 * math.sqrt(usual)


def _excess(evidence: Evidence) -> float:
    return evidence.n_negative - evidence.expected


def _siblings(evidence: Evidence, ancestor: Evidence) -> tuple[float, float]:
    """Return the negative stories of an ancestor without a topic, and the expected ones."""
    return max(0.0, ancestor.n_negative - evidence.n_negative), max(0.0, ancestor.expected - evidence.expected)


def _average(evidence: Evidence) -> float:
    return evidence.expected if evidence.average is None else evidence.average


def _is_own_crisis(evidence: Evidence, ancestor: Evidence, config: FamilyConfig) -> bool:
    observed, expected = _siblings(evidence, ancestor)
    average = max(0.0, _average(ancestor) - _average(evidence))
    # half a story: of siblings that say nothing nothing is known
    factor, of_average = (max(1.0, (observed + 0.5) / (usual + 0.5)) for usual in (expected, average))
    # how busy the hours are is known of the ancestor, and hardly of a topic with few stories
    by_shock = max(evidence.expected * factor, _average(evidence) * of_average)
    return (
        evidence.n_negative >= config.min_excess * by_shock
        and deviations(evidence.n_negative, by_shock, evidence.dispersion) >= config.min_deviations
    )


def _is_stirring(evidence: Evidence, ancestor: Ancestor, config: FamilyConfig) -> bool:
    usual = config.p_raised * ancestor.n_children
    if ancestor.n_raised >= 1 + usual + math.sqrt(usual):
        return True
    if ancestor.evidence is None:
        return False
    observed, expected = _siblings(evidence, ancestor.evidence)
    return deviations(observed, expected, ancestor.evidence.dispersion) >= config.stir_deviations
