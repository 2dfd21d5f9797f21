"""How a candidate that passed the gate comes into service: in shadow, for a few documents, for all and watched.

Decides the next stage from what was counted. Knows neither Kafka nor who publishes releases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class RolloutStage(StrEnum):
    """Where a candidate stands."""

    SHADOW = "shadow"  # decides in parallel, is logged, is not served
    CANARY = "canary"  # serves a share of the documents
    WATCHED = "watched"  # serves all; the policy before it goes on in shadow
    SETTLED = "settled"  # serves all, and the watch is over
    REFUSED = "refused"  # never served all
    ROLLED_BACK = "rolled_back"  # served all, and was found worse


class RolloutReason(StrEnum):
    """Why a candidate is where it is."""

    WAITING = "waiting"  # for more documents, or for time to pass
    ENOUGH_SHADOW = "enough_shadow"
    ENOUGH_CANARY = "enough_canary"
    WATCH_OVER = "watch_over"
    FAILS = "fails"  # it cannot decide what the serving policy can
    DIFFERS = "differs"  # it calls far more, or far fewer, documents negative
    WORSE = "worse"  # the review-weighted reward fell below that of the policy before


_ENDED = frozenset({RolloutStage.SETTLED, RolloutStage.REFUSED, RolloutStage.ROLLED_BACK})


@dataclass(frozen=True, slots=True)
class RolloutConfig:
    """What each stage asks for.

    >>> RolloutConfig(canary_share=1.5)
    Traceback (most recent call last):
    ValueError: canary_share must be in (0, 1], got 1.5
    """

    min_shadow_documents: int = 2_000
    # The ratio of negatives is then known to some 3 %, which moves no trend.
    max_failure_share: float = 0.001
    # Of documents that the serving policy decides.
    max_negative_ratio: float = 1.5
    # And its inverse: beyond it, re-expressing baselines by one number is no longer right.
    canary_share: float = 0.05
    min_canary_documents: int = 500
    watch_s: float = 3 * 86_400.0
    # Most answers of analysts come within two days.

    def __post_init__(self) -> None:
        if not 0 < self.canary_share <= 1:
            raise ValueError(f"canary_share must be in (0, 1], got {self.canary_share}")
        if not self.max_negative_ratio > 1:
            raise ValueError(f"max_negative_ratio must be > 1, got {self.max_negative_ratio}")
        if not 0 <= self.max_failure_share < 1:
            raise ValueError(f"max_failure_share must be in [0, 1), got {self.max_failure_share}")
        if min(self.min_shadow_documents, self.min_canary_documents) < 0 or not self.watch_s >= 0:
            raise ValueError(
                "min_shadow_documents, min_canary_documents and watch_s must be >= 0, "
                f"got {self.min_shadow_documents}, {self.min_canary_documents} and {self.watch_s}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutEvidence:
    """What was counted of a candidate in its stage.

    >>> RolloutEvidence(n_shadow=10).failure_share
    0.0
    """

    n_shadow: int = 0  # documents that both decided
    n_failed: int = 0  # documents that only the serving policy could decide
    negative_ratio: float = 1.0  # of the candidate's rate of negatives to the serving policy's, on the same documents
    n_canary: int = 0  # documents that it served
    is_worse: bool = False  # as the rollback rule found it (`rl.gate`)

    @property
    def failure_share(self) -> float:
        """The share of documents that it could not decide."""
        n = self.n_shadow + self.n_failed
        return self.n_failed / n if n else 0.0


def next_stage(
    stage: RolloutStage, evidence: RolloutEvidence, *, since_at: datetime, now: datetime, config: RolloutConfig
) -> tuple[RolloutStage, RolloutReason]:
    """Return the stage a candidate goes to, its own if it stays there, and why.

    Args:
        stage: where it is.
        evidence: counted in this stage.
        since_at: when it came there.
        now: the time.
        config: what is asked for.

    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> evidence = RolloutEvidence(n_shadow=5_000, negative_ratio=1.1)
    >>> config = RolloutConfig()
    >>> [part.value for part in next_stage(RolloutStage.SHADOW, evidence, since_at=at, now=at, config=config)]
    ['canary', 'enough_shadow']
    """
    if stage in _ENDED:
        raise ValueError(f"stage must be one that can change, got {stage.value}")
    backwards = RolloutStage.ROLLED_BACK if stage is RolloutStage.WATCHED else RolloutStage.REFUSED
    if evidence.is_worse:
        return backwards, RolloutReason.WORSE
    if stage is RolloutStage.WATCHED:
        is_over = now - since_at >= timedelta(seconds=config.watch_s)
        return (RolloutStage.SETTLED, RolloutReason.WATCH_OVER) if is_over else (stage, RolloutReason.WAITING)
    if stage is RolloutStage.CANARY:
        is_enough = evidence.n_canary >= config.min_canary_documents
        return (RolloutStage.WATCHED, RolloutReason.ENOUGH_CANARY) if is_enough else (stage, RolloutReason.WAITING)
    if evidence.n_shadow + evidence.n_failed < config.min_shadow_documents:
        return stage, RolloutReason.WAITING
    if evidence.failure_share > config.max_failure_share:
        return backwards, RolloutReason.FAILS
    if not 1 / config.max_negative_ratio <= evidence.negative_ratio <= config.max_negative_ratio:
        return backwards, RolloutReason.DIFFERS
    return RolloutStage.CANARY, RolloutReason.ENOUGH_SHADOW
