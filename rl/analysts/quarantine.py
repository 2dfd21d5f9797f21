"""Quarantine: rounds that weigh nothing because one analyst pushes a topic one way; until a second person looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from rl.analysts.burst import Burst, BurstConfig, bursts_of
from rl.analysts.claim import Claim


class QuarantineReason(StrEnum):
    """Why an analyst's rounds on a topic are held."""

    AGAINST_OTHERS = "against_others"  # who judged the topic at about that time do not move it so
    ALONE = "alone"  # nobody else judged it then: held until others do, or a second person releases it


@dataclass(frozen=True, slots=True)
class Quarantine:
    """An analyst's rounds on one topic that are held, and the figures that speak for it.

    >>> from rl.analysts.claim import Push
    >>> burst = Burst("eve", Push.POSITIVE, 20_000, 20_003, 9, 9, 0.12, 14.0, 17.5)
    >>> print(Quarantine("eve", "TSLA", QuarantineReason.AGAINST_OTHERS, burst, ("r-1",)).sentence)
    eve moved 9 of 9 stories about TSLA to positive; 12 % would be usual, judging by 14 of others (against_others)
    """

    analyst: str
    topic: str
    reason: QuarantineReason
    burst: Burst
    round_ids: tuple[str, ...]  # held, in order of time

    @property
    def sentence(self) -> str:
        """What a second person is told."""
        burst = self.burst
        return (
            f"{self.analyst} moved {burst.n_moves} of {burst.n_stories} stories about {self.topic} to "
            f"{burst.push.name.lower()}; {burst.usual_share:.0%} would be usual, judging by {burst.n_others:.0f} of "
            f"others ({self.reason.value})"
        ).replace("%", " %")


class Release(msgspec.Struct, frozen=True, array_like=True):
    """A second person finds that an analyst's rounds on a topic are honest; later ones are looked at anew.

    >>> Release("ada", "TSLA", by="ada", at=datetime.fromisoformat("2026-01-02T12:00:00+00:00"))
    Traceback (most recent call last):
    ValueError: by must be a second person, got ada
    """

    analyst: str
    topic: str
    by: str
    at: datetime  # rounds until then count

    def __post_init__(self) -> None:
        if self.by == self.analyst:
            raise ValueError(f"by must be a second person, got {self.by}")
        if self.at.tzinfo is None:
            raise ValueError(f"at must be aware, got {self.at}")


def quarantines_of(
    topic: str,
    claims: Sequence[Claim],
    cleared_at: Mapping[str, datetime],
    config: BurstConfig | None = None,
) -> list[Quarantine]:
    """Return whose rounds on a topic are held; those from before a release are not among them.

    Args:
        topic: that the claims are about.
        claims: all about it, of all analysts.
        cleared_at: of analysts, when they were last released on this topic.
        config: of the test.
    """
    config = config or BurstConfig()
    held = []
    for burst in bursts_of(claims, cleared_at, config):
        cleared = cleared_at.get(burst.analyst)
        covered = [
            claim
            for claim in claims
            if claim.analyst == burst.analyst
            and (cleared is None or claim.known_at > cleared)
            and burst.covers(claim)
        ]
        covered.sort(key=lambda claim: (claim.at, claim.round_id))
        is_alone = burst.n_others < config.min_others
        reason = QuarantineReason.ALONE if is_alone else QuarantineReason.AGAINST_OTHERS
        held.append(Quarantine(burst.analyst, topic, reason, burst, tuple(claim.round_id for claim in covered)))
    return held
