"""Episodes: one unbroken surge of one topic, opened, escalated and closed; one alert per change.

Fed with evidence in the order of ticks; evidence that was applied before changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import msgspec

from alerts.evidence import Evidence, SurgeReason


class Severity(StrEnum):
    """How much a surge matters."""

    WARNING = "warning"
    CRITICAL = "critical"


class TransitionKind(StrEnum):
    """How an episode changed."""

    OPENED = "opened"
    ESCALATED = "escalated"
    CLOSED = "closed"


class EpisodeReason(StrEnum):
    """Why evidence did, or did not, change an episode."""

    OPENED = "opened"
    ESCALATED = "escalated"
    CLOSED = "closed"
    ALREADY_APPLIED = "already_applied"  # evidence at or before the last applied tick
    NO_SURGE = "no_surge"
    UNCHANGED = "unchanged"  # the episode goes on as it was
    FADING = "fading"  # no longer raised, but not for long enough
    CORRECTED = "corrected"  # corrections took the surge away: closed at once
    COOLING_DOWN = "cooling_down"  # a surge so soon after the last one, and no graver: suppressed


@dataclass(frozen=True, slots=True)
class EpisodeConfig:
    """When an episode ends, when the next may begin, and what is critical.

    >>> EpisodeConfig().cool_down_s
    43200
    """

    hold_s: int = 6 * 3_600
    # So long below the threshold before it is over: a night's lull. With two hours a real collapse of four
    # days fell into pieces, and the cool-down swallowed the second.
    cool_down_s: int = 12 * 3_600
    # One alert per episode was worth 20 to 49 points in surge.md, with twelve hours.
    critical_return_period_s: float = 90.0 * 86_400
    # Four times a year is usual for this topic; sixty days of memory do not tell rarer things apart.
    critical_n_negative: int = 8
    # Twice the support a surge needs.
    critical_n_sources: int = 3
    # Reach: more than an echo.

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.hold_s <= 0:
            raise ValueError(f"hold_s must be > 0, got {self.hold_s}")
        if self.cool_down_s < 0:
            raise ValueError(f"cool_down_s must be >= 0, got {self.cool_down_s}")
        for name in ("critical_return_period_s", "critical_n_negative", "critical_n_sources"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of an episode, with the evidence that it rests on."""

    topic: str
    episode: int  # number of the episode of this topic, from 1
    number: int  # number of the change within the episode, from 1
    kind: TransitionKind
    reason: SurgeReason  # what the evidence says
    severity: Severity  # the gravest so far
    at: datetime
    opened_at: datetime
    evidence: Evidence

    @property
    def id(self) -> str:
        """Return what makes a repeated notification recognisable."""
        return f"{self.topic}/{self.episode}/{self.number}"


class Verdict(NamedTuple):
    """What evidence led to, and why."""

    reason: EpisodeReason
    transition: Transition | None = None


class EpisodeState(msgspec.Struct):
    """What has to be kept between evidence."""

    topic: str
    applied_at: datetime | None = None
    episode: int = 0
    number: int = 0
    is_open: bool = False
    severity: Severity = Severity.WARNING  # of the open episode, or of the last one
    opened_at: datetime | None = None
    raised_at: datetime | None = None  # last time
    closed_at: datetime | None = None


class EpisodeTracker:
    """The episodes of one topic.

    >>> noon = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> evidence = Evidence(topic="FTX", at=noon, reason=SurgeReason.SURGE, is_over=True, is_raised=True,
    ...     return_period_s=9e6, n_negative=7, n_stories=9, expected=0.2, expected_low=0, expected_high=1,
    ...     negative_share=0.78, usual_share=0.25, p_volume=1e-9, p_share=1e-4, onset_at=noon, n_sources=3,
    ...     baseline_age_s=864000.0)
    >>> tracker = EpisodeTracker("FTX", EpisodeConfig())
    >>> tracker.update(evidence).transition.id
    'FTX/1/1'
    >>> tracker.update(evidence).reason
    <EpisodeReason.ALREADY_APPLIED: 'already_applied'>
    """

    def __init__(self, topic: str, config: EpisodeConfig, state: EpisodeState | None = None) -> None:
        self._config = config
        self._state = state or EpisodeState(topic)

    @property
    def is_open(self) -> bool:
        """Return whether an episode is on."""
        return self._state.is_open

    def update(self, evidence: Evidence) -> Verdict:
        """Return how evidence changes the topic's episode.

        Raises:
            ValueError: it is another topic's.
        """
        state = self._state
        if evidence.topic != state.topic:
            raise ValueError(f"evidence.topic must be {state.topic!r}, got {evidence.topic!r}")
        if state.applied_at is not None and evidence.at <= state.applied_at:
            return Verdict(EpisodeReason.ALREADY_APPLIED)
        state.applied_at = evidence.at
        if evidence.is_raised:
            state.raised_at = evidence.at
        return self._continue(evidence) if state.is_open else self._begin(evidence)

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self._state)

    @classmethod
    def restore(cls, config: EpisodeConfig, snapshot: bytes) -> EpisodeTracker:
        """Return a tracker that goes on where the snapshot was taken."""
        state = msgspec.msgpack.decode(snapshot, type=EpisodeState)
        return cls(state.topic, config, state)

    def _begin(self, evidence: Evidence) -> Verdict:
        state, severity = self._state, self._severity(evidence)
        if not evidence.is_over:
            return Verdict(EpisodeReason.NO_SURGE)
        if self._is_cooling_down(evidence) and not self._is_graver(severity):
            return Verdict(EpisodeReason.COOLING_DOWN)
        state.episode += 1
        state.number = 0
        state.is_open, state.severity, state.opened_at = True, severity, evidence.at
        return Verdict(EpisodeReason.OPENED, self._transition(TransitionKind.OPENED, evidence))

    def _continue(self, evidence: Evidence) -> Verdict:
        state, severity = self._state, self._severity(evidence)
        if evidence.is_over and self._is_graver(severity):
            state.severity = severity
            return Verdict(EpisodeReason.ESCALATED, self._transition(TransitionKind.ESCALATED, evidence))
        if evidence.reason is SurgeReason.CORRECTED:
            # it was none: neither a lull to wait out, nor a reason to keep quiet about the next one
            state.is_open = False
            return Verdict(EpisodeReason.CORRECTED, self._transition(TransitionKind.CLOSED, evidence))
        if evidence.is_raised or state.raised_at is None:
            return Verdict(EpisodeReason.UNCHANGED)
        if evidence.at - state.raised_at < timedelta(seconds=self._config.hold_s):
            return Verdict(EpisodeReason.FADING)
        state.is_open, state.closed_at = False, evidence.at
        return Verdict(EpisodeReason.CLOSED, self._transition(TransitionKind.CLOSED, evidence))

    def _severity(self, evidence: Evidence) -> Severity:
        config = self._config
        is_critical = (
            evidence.return_period_s >= config.critical_return_period_s
            and evidence.n_negative >= config.critical_n_negative
            and evidence.n_sources >= config.critical_n_sources
        )
        return Severity.CRITICAL if is_critical else Severity.WARNING

    def _is_graver(self, severity: Severity) -> bool:
        return severity is Severity.CRITICAL and self._state.severity is Severity.WARNING

    def _is_cooling_down(self, evidence: Evidence) -> bool:
        closed_at = self._state.closed_at
        return closed_at is not None and evidence.at < closed_at + timedelta(seconds=self._config.cool_down_s)

    def _transition(self, kind: TransitionKind, evidence: Evidence) -> Transition:
        state = self._state
        state.number += 1
        return Transition(
            topic=state.topic,
            episode=state.episode,
            number=state.number,
            kind=kind,
            reason=evidence.reason,
            severity=state.severity,
            at=evidence.at,
            opened_at=state.opened_at or evidence.at,
            evidence=evidence,
        )
