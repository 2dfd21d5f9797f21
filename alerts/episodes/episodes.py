"""Episodes: one unbroken surge of one topic, opened, escalated and closed; one alert per change.

Fed with judged evidence in the order of ticks; evidence that was applied before changes nothing. What is enough is
the topic's rule's to say, how a surge stands to its family's is `family.py`'s.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import msgspec

from alerts.episodes.family import Standing
from alerts.rules.rule import Rule
from alerts.surges.evidence import Evidence, SurgeReason


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
    FOLDED = "folded"  # the surge of an ancestor explains it, and tells of it
    GATHERING = "gathering"  # it waits a little, as its siblings stir


class Transition(msgspec.Struct, frozen=True, kw_only=True):
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
    rule: str = ""  # name of an absolute rule; none: a surge

    @property
    def id(self) -> str:
        """Return what makes a repeated notification recognisable."""
        subject = f"{self.topic}!{self.rule}" if self.rule else self.topic
        return f"{subject}/{self.episode}/{self.number}"


class Verdict(NamedTuple):
    """What evidence led to, and why."""

    reason: EpisodeReason
    transition: Transition | None = None


MAX_SPANS = 4
"""Episodes whose times are remembered: of ticks that are closed together, none is further back."""


class Span(msgspec.Struct, array_like=True):
    """From when to when an episode was open."""

    opened_at: datetime
    closed_at: datetime | None = None


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
    gathering_since: datetime | None = None
    folded_at: datetime | None = None  # last time
    spans: list[Span] = []  # of the last episodes


class EpisodeTracker:
    """The episodes of one topic.

    >>> noon = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> evidence = Evidence(topic="FTX", at=noon, reason=SurgeReason.SURGE, is_over=True, is_raised=True,
    ...     return_period_s=9e6, n_negative=7, n_stories=9, expected=0.2, expected_low=0, expected_high=1,
    ...     negative_share=0.78, usual_share=0.25, p_volume=1e-9, p_share=1e-4, onset_at=noon, n_sources=3,
    ...     baseline_age_s=864000.0)
    >>> tracker = EpisodeTracker("FTX", Rule())
    >>> tracker.update(evidence).transition.id
    'FTX/1/1'
    >>> tracker.update(evidence).reason
    <EpisodeReason.ALREADY_APPLIED: 'already_applied'>
    """

    def __init__(self, topic: str, rule: Rule, state: EpisodeState | None = None) -> None:
        self.rule = rule  # the caller may change it between evidence
        self._state = state or EpisodeState(topic)

    @property
    def is_open(self) -> bool:
        """Return whether an episode is on."""
        return self._state.is_open

    def was_open(self, at: datetime) -> bool:
        """Return whether an episode was on after the evidence of `at`, one of the last ticks, was applied."""
        return any(
            span.opened_at <= at and (span.closed_at is None or at < span.closed_at) for span in self._state.spans
        )

    def update(self, evidence: Evidence, standing: Standing = Standing.ALONE, gather_s: int = 0) -> Verdict:
        """Return how evidence changes the topic's episode.

        Args:
            evidence: judged by the rule.
            standing: how a surge stands to those of its family.
            gather_s: for how long it waits while its siblings stir.

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
        return self._continue(evidence) if state.is_open else self._begin(evidence, standing, gather_s)

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self._state)

    @classmethod
    def restore(cls, rule: Rule, snapshot: bytes) -> EpisodeTracker:
        """Return a tracker that goes on where the snapshot was taken."""
        state = msgspec.msgpack.decode(snapshot, type=EpisodeState)
        return cls(state.topic, rule, state)

    def _begin(self, evidence: Evidence, standing: Standing, gather_s: int) -> Verdict:
        state, severity = self._state, self._severity(evidence)
        # a surge that has waited for its siblings is not lost because it fades meanwhile
        is_over = evidence.is_over or (state.gathering_since is not None and evidence.is_raised)
        if not is_over:
            state.gathering_since = None
            return Verdict(EpisodeReason.NO_SURGE)
        if standing is Standing.FOLDED:
            # told by the ancestor's alert: what is left of it afterwards is no news either
            state.folded_at, state.severity, state.gathering_since = evidence.at, severity, None
            return Verdict(EpisodeReason.FOLDED)
        if self._is_cooling_down(evidence, standing) and not self._is_graver(severity):
            return Verdict(EpisodeReason.COOLING_DOWN)
        if standing is Standing.GATHERING:
            state.gathering_since = state.gathering_since or evidence.at
            if evidence.at - state.gathering_since < timedelta(seconds=gather_s):
                return Verdict(EpisodeReason.GATHERING)
        state.episode += 1
        state.number, state.gathering_since = 0, None
        state.is_open, state.severity, state.opened_at = True, severity, evidence.at
        state.spans = [*state.spans[1 - MAX_SPANS :], Span(evidence.at)]
        return Verdict(EpisodeReason.OPENED, self._transition(TransitionKind.OPENED, evidence))

    def _continue(self, evidence: Evidence) -> Verdict:
        state, severity = self._state, self._severity(evidence)
        if evidence.is_over and self._is_graver(severity):
            state.severity = severity
            return Verdict(EpisodeReason.ESCALATED, self._transition(TransitionKind.ESCALATED, evidence))
        if evidence.reason is SurgeReason.CORRECTED:
            # it was none: neither a lull to wait out, nor a reason to keep quiet about the next one
            self._end(evidence.at)
            return Verdict(EpisodeReason.CORRECTED, self._transition(TransitionKind.CLOSED, evidence))
        if evidence.is_raised or state.raised_at is None:
            return Verdict(EpisodeReason.UNCHANGED)
        if evidence.at - state.raised_at < timedelta(seconds=self.rule.hold_s):
            return Verdict(EpisodeReason.FADING)
        self._end(evidence.at)
        state.closed_at = evidence.at
        return Verdict(EpisodeReason.CLOSED, self._transition(TransitionKind.CLOSED, evidence))

    def _end(self, at: datetime) -> None:
        self._state.is_open = False
        if self._state.spans:
            self._state.spans[-1].closed_at = at

    def _severity(self, evidence: Evidence) -> Severity:
        rule = self.rule
        if rule.severity != "auto":
            return Severity(rule.severity)
        is_critical = (
            evidence.return_period_s >= rule.critical_return_period_s
            and evidence.n_negative >= rule.critical_n_negative
            and evidence.n_sources >= rule.critical_n_sources
        )
        return Severity.CRITICAL if is_critical else Severity.WARNING

    def _is_graver(self, severity: Severity) -> bool:
        return severity is Severity.CRITICAL and self._state.severity is Severity.WARNING

    def _is_cooling_down(self, evidence: Evidence, standing: Standing) -> bool:
        folded_at = None if standing is Standing.APART else self._state.folded_at
        over_at = [at for at in (self._state.closed_at, folded_at) if at is not None]
        return any(evidence.at < at + timedelta(seconds=self.rule.cool_down_s) for at in over_at)

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
