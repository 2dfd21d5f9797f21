"""Whether the policy that is served is worse than the one before it: a test that may be looked at after every audit.

State with `update`, `get` and `snapshot`. Knows neither policies nor releases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import msgspec
import numpy as np

from rl.estimators.log import Floats


class RollbackReason(StrEnum):
    """What the watch says."""

    WORSE = "worse"  # the served policy is shown to earn less: roll back
    NOT_SHOWN = "not_shown"  # go on watching


@dataclass(frozen=True, slots=True)
class RollbackConfig:
    """How sure a rollback must be.

    >>> RollbackConfig(min_p_review=0)
    Traceback (most recent call last):
    ValueError: min_p_review must be in (0, 1], got 0
    """

    p_error: float = 0.05
    # Probability that a watch, however long, ever rolls back a policy that is not worse.
    min_p_review: float = 0.01
    # Least review probability of the deployment; the greater it is, the faster the test: bets are at most this.
    n_bets: int = 8
    # Each half as large as the one before; together they are never much slower than the best of them.

    def __post_init__(self) -> None:
        for name in ("p_error", "min_p_review"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in (0, 1], got {getattr(self, name)}")
        if self.n_bets < 1:
            raise ValueError(f"n_bets must be >= 1, got {self.n_bets}")


@dataclass(frozen=True, slots=True)
class Audit:
    """A reviewed document with right labels: what the served and the previous policy earn on it.

    >>> Audit(story="s", p_review=0.02, served=0.5, previous=1.0).difference
    -0.5
    """

    story: str
    p_review: float  # with which it was drawn
    served: float  # reward in [0, 1]
    previous: float  # of the policy in shadow, in [0, 1]

    def __post_init__(self) -> None:
        for name in ("served", "previous"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")

    @property
    def difference(self) -> float:
        """How much more the served policy earns."""
        return self.served - self.previous


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackFinding:
    """What is known so far."""

    reason: RollbackReason
    n_audits: int  # that counted: the first of each story
    difference: float | None  # review-weighted mean, served less previous
    evidence: float  # greatest capital so far, from 1; at 1 / p_error the served policy is worse


class RollbackState(msgspec.Struct):
    """All that a watch remembers."""

    log_capitals: list[float]
    peak: float = 0.0  # log of the greatest mean capital
    weight: float = 0.0
    weighted_difference: float = 0.0
    stories: set[str] = msgspec.field(default_factory=set)


class RollbackWatch:
    """Bets, audit by audit, that the served policy earns less; who wins too much must be right.

    See "Estimating means of bounded random variables by betting" by Waudby-Smith and Ramdas: against a policy that is
    not worse every bet loses on average, so that the mean capital of several fixed bets exceeds 1 / p_error with a
    probability of at most p_error, ever (Ville's inequality). Differences are weighted by 1 / review probability;
    documents that nobody reviewed change nothing. Of each story the first audit counts, since copies share their
    mistakes. Blind to differences on what nobody answers.

    >>> watch = RollbackWatch(RollbackConfig(min_p_review=0.02))
    >>> for number in range(40):
    ...     watch.update(Audit(story=f"s{number}", p_review=0.02, served=0.8, previous=1.0))
    >>> watch.get().reason.value, round(watch.get().difference, 2)
    ('worse', -0.2)
    """

    def __init__(self, config: RollbackConfig | None = None, state: RollbackState | None = None) -> None:
        self._config = config or RollbackConfig()
        self._state = state or RollbackState(log_capitals=[0.0] * self._config.n_bets)
        if len(self._state.log_capitals) != self._config.n_bets:
            raise ValueError(f"state must have n_bets = {self._config.n_bets}, got {len(self._state.log_capitals)}")
        most = self._config.min_p_review * (1 - 1e-6)  # a bet of everything could never be made good
        self._bets: Floats = most * np.exp2(-np.arange(self._config.n_bets, dtype=np.float64))

    def update(self, audit: Audit) -> None:
        """Take in one audit, in the order in which answers come.

        Raises:
            ValueError: if its review probability is less than the least one configured.
        """
        if not self._config.min_p_review <= audit.p_review <= 1:
            raise ValueError(f"p_review must be in [{self._config.min_p_review}, 1], got {audit.p_review}")
        state = self._state
        if audit.story in state.stories:
            return
        state.stories.add(audit.story)
        weighted = audit.difference / audit.p_review
        state.weight += 1 / audit.p_review
        state.weighted_difference += weighted
        capitals = np.array(state.log_capitals) + np.log1p(-self._bets * weighted)  # (n_bets,)
        state.log_capitals = capitals.tolist()
        state.peak = max(state.peak, float(np.logaddexp.reduce(capitals)) - math.log(len(capitals)))

    def get(self) -> RollbackFinding:
        """Return what the audits so far show; once worse, it stays so."""
        state = self._state
        is_worse = state.peak >= -math.log(self._config.p_error)
        return RollbackFinding(
            reason=RollbackReason.WORSE if is_worse else RollbackReason.NOT_SHOWN,
            n_audits=len(state.stories),
            difference=state.weighted_difference / state.weight if state.weight else None,
            evidence=math.exp(min(state.peak, 700.0)),
        )

    def snapshot(self) -> RollbackState:
        """Return a copy of the state, from which a watch goes on as this one would."""
        return msgspec.structs.replace(
            self._state, log_capitals=list(self._state.log_capitals), stories=set(self._state.stories)
        )
