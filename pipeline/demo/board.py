"""The facts of a running demo in one place: who plays writes them, views and summary are made of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from pipeline.demo.gauges import RoleGauges
from pipeline.demo.loop.facts import LoopFacts
from pipeline.demo.loop.figures import LoopFigures
from pipeline.demo.outcome import AlertLine, Ending, Summary
from pipeline.demo.progress import Phase, Progress
from pipeline.demo.tally import SeenAlert, Tally
from pipeline.roles.faust_app import Role

_RECENT = 11
"""Looks over which "lately" reaches: five seconds at two a second."""


class Board:
    """What is known of a running demo.

    >>> from datetime import UTC
    >>> Board(lambda: datetime(2026, 1, 2, tzinfo=UTC), speed=300).progress().phase.name
    'STARTING'
    """

    def __init__(self, now: Callable[[], datetime], speed: float, loop: LoopFacts | None = None) -> None:
        self.tally = Tally()
        self.loop = loop or LoopFacts(n_wanted=0)
        self.phase = Phase.STARTING
        self.n_sent = 0
        self.n_history = 0  # of them, before the live feed
        self.live_started_at: datetime | None = None
        self.gauges: dict[Role, RoleGauges] = {}
        self._now = now
        self._speed = speed
        self._started_at = now()
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RECENT)  # seconds, documents read
        self._first_read: tuple[float, int] | None = None  # seconds, documents read by then
        self._history_read_s: float | None = None

    @property
    def elapsed_s(self) -> float:
        """Return the seconds since the demo began."""
        return (self._now() - self._started_at).total_seconds()

    @property
    def n_read(self) -> int:
        """Return the documents that `read` is done with."""
        return self.gauges[Role.READ].n_read if Role.READ in self.gauges else 0

    @property
    def policy_version(self) -> str | None:
        """Return the version that serves, as `read` says."""
        return self.gauges[Role.READ].policy_version if Role.READ in self.gauges else None

    def update(self, gauges: dict[Role, RoleGauges]) -> None:
        """Take note of what the roles say; one that does not answer has said nothing new."""
        self.gauges |= gauges
        self._recent.append((self.elapsed_s, self.n_read))
        if self._first_read is None and self.n_read:
            self._first_read = self._recent[-1]
        if self._history_read_s is None and self.n_history and self.n_read >= self.n_history:
            self._history_read_s = self.elapsed_s

    def stamped(self, line: str) -> str:
        """Return a line with the seconds since the demo began."""
        return f"{self.elapsed_s:4.0f} s  {line}"

    def progress(self) -> Progress:
        """Return the present state, to be shown."""
        (before_s, n_before), (last_s, n_last) = (
            (self._recent[0], self._recent[-1]) if self._recent else ((0, 0),) * 2
        )
        return Progress(
            phase=self.phase if self.n_read else Phase.STARTING,
            elapsed_s=self.elapsed_s,
            n_sent=self.n_sent,
            event_at=self.tally.newest_at,
            documents_per_s=(n_last - n_before) / (last_s - before_s) if last_s > before_s else 0.0,
            speed=self._speed,
            gauges=dict(self.gauges),
            rows=self.tally.rows(),
            alerts=tuple(self.tally.alerts),
            n_windows=self.tally.n_final,
            dead_letters=dict(self.tally.dead_letters),
            loop=replace(self.loop),
        )

    def summary(self, ending: Ending, *, broker: str, seed: int, crisis_topic: str) -> Summary:
        """Return the figures, with the reason for the end."""
        read = self.gauges.get(Role.READ, RoleGauges())
        history_s = rate = None
        if self._first_read is not None and self._history_read_s is not None:
            # both are seen a look too late, which evens out
            history_s = self._history_read_s - self._first_read[0]
            rate = (self.n_history - self._first_read[1]) / history_s if history_s else None
        n_from_cache = read.documents.get("from_cache", 0)
        return Summary(
            reason=ending.reason,
            detail=ending.detail,
            broker=broker,
            seed=seed,
            crisis_topic=crisis_topic,
            policy_versions=tuple(self.tally.policy_versions),
            n_sent=self.n_sent,
            n_decided=read.documents.get("decided", 0) + n_from_cache,
            n_from_cache=n_from_cache,
            n_rejected=read.documents.get("rejected", 0) + read.documents.get("undecidable", 0),
            n_dead_letters=dict(self.tally.dead_letters),
            n_windows=self.tally.n_final,
            n_history=self.n_history,
            history_s=history_s,
            documents_per_s=rate,
            alerts=tuple(self._line(alert) for alert in self.tally.alerts),
            loop=LoopFigures.of(self.loop),
            elapsed_s=self.elapsed_s,
        )

    def _line(self, alert: SeenAlert) -> AlertLine:
        live_s = None if self.live_started_at is None else (alert.seen_at - self.live_started_at).total_seconds()
        record = alert.record
        return AlertLine(
            topic=record.topic,
            transition=record.transition,
            severity=record.severity,
            at=record.at,
            live_s=None if live_s is None or live_s < 0 else live_s,
            summary=record.summary,
        )
