"""What happens in the demo and when, in event time, and how event time runs against the wall clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Scenario:
    """The demo's course.

    >>> Scenario().live_wall_s
    96.0
    >>> Scenario(speed=0)
    Traceback (most recent call last):
        ...
    ValueError: speed must be > 0, got 0
    """

    history_s: int = 5 * 86_400
    """of ordinary news before the live feed: the detector wants two days, and knows a topic's scale after five"""
    live_s: int = 8 * 3_600
    """of news in which the crisis happens; twice the detector's longest window"""
    fast_s: int = 72 * 3_600
    """of news that pass at this speed, those of the crisis first: a quarter of an hour of the clock, for the loop"""
    speed: float = 300.0
    """seconds of news in one of the wall clock: five minutes, the length of a window"""
    stories_per_day: float = 14.0
    """of a topic; with copies about 1,000 documents a day, so that two CPU cores read five days in a minute"""
    red_flags_per_day: float = 24.0
    """of all companies together; bad news in sober words, which analysts find and correct"""
    malformed_every_s: int = 5_400
    noise_every_s: int = 1_500
    launch_after_s: int = 3_600
    """from the live feed's start to a burst of good news at one topic, which must not alert"""
    crisis_after_s: int = 2 * 3_600
    """to the crisis"""
    storm_after_s: int = 7 * 1_800
    """to one bad story that everybody copies, which must not alert either: copies are one story"""

    def __post_init__(self) -> None:
        positive = ("history_s", "live_s", "speed", "stories_per_day", "red_flags_per_day")
        for name in (*positive, "malformed_every_s", "noise_every_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")
        if self.fast_s < self.live_s:
            raise ValueError(f"fast_s must be >= live_s ({self.live_s}), got {self.fast_s}")

    @property
    def live_wall_s(self) -> float:
        """Seconds of the wall clock that the crisis's part takes."""
        return self.live_s / self.speed


@dataclass(frozen=True, slots=True)
class Pace:
    """When a record of the live feed is due: fast until it has caught up with the clock, then at its own time.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    >>> pace = Pace(live_at=noon - timedelta(hours=8), started_at=noon, speed=300, fast_s=28_800)
    >>> pace.due_at(noon - timedelta(hours=7)).isoformat()
    '2026-01-02T12:00:12+00:00'
    """

    live_at: datetime  # event time at which the live feed begins
    started_at: datetime  # the clock when it began
    speed: float
    fast_s: int

    @property
    def fast_end_at(self) -> datetime:
        """Event time at which the fast part ends."""
        return self.live_at + timedelta(seconds=self.fast_s)

    def due_at(self, at: datetime) -> datetime:
        """Return when to send what is published at `at`."""
        since_s = (at - self.live_at).total_seconds()
        fast_at = self.started_at + timedelta(seconds=min(since_s, self.fast_s) / self.speed)
        return fast_at if since_s <= self.fast_s else max(fast_at, at)
