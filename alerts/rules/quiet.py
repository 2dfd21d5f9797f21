"""Quiet hours: spans of the week in which alerts are held, and when they end.

Knows time zones, and no alerts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from alerts.rules.faults import FieldFaults

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)

_MIDNIGHT = time(0)
_LONGEST = timedelta(days=8)
_MACHINE_ZONES = frozenset({"Factory", "localtime"})  # mean another zone on another machine


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """A span of the day, on some days of the week, in which alerts are held and told at its end.

    A time that clocks skip is taken with the offset before the change, one that comes twice is the first.
    *See* RFC 5545, 3.3.5.

    >>> night = QuietHours(begin=time(22), end=time(7), timezone="Europe/Berlin")
    >>> night.until(datetime(2026, 1, 2, 23, 30, tzinfo=UTC)).isoformat()
    '2026-01-03T06:00:00+00:00'
    >>> night.until(datetime(2026, 1, 2, 12, 0, tzinfo=UTC)) is None
    True

    Raises:
        FieldFaults: the zone is unknown, or the span is empty or never ends.
    """

    days: tuple[Day, ...] = DAYS
    # On which it begins: Friday's night ends on Saturday.
    begin: time
    end: time
    # Not after `begin`: of the next day. Midnight is 0:00; from midnight to midnight is a whole day.
    timezone: str
    # No default: nobody sleeps by UTC.
    also_critical: bool = False
    # Whether critical alerts are held as well.

    def __post_init__(self) -> None:
        """Check the span."""
        found = tuple(_faults(self))
        if found:
            raise FieldFaults(*found)

    def until(self, at: datetime) -> datetime | None:
        """Return the end of the quiet span that `at` lies in, in UTC, or None if it lies in none.

        Raises:
            ValueError: `at` has no time zone.
        """
        return quiet_until((self,), at, is_critical=False)

    def next_after(self, at: datetime) -> tuple[datetime, datetime]:
        """Return begin and end, in UTC, of the first quiet span that begins after `at`."""
        begin = next(begin for begin, end in self._spans(at, n_days=16) if at < begin < end)
        return begin, self.until(begin) or begin

    def _end(self, at: datetime) -> datetime | None:
        """Return the latest end of this rule's spans that hold `at`; another may begin there."""
        return max((end for begin, end in self._spans(at, n_days=2) if begin <= at < end), default=None)

    def _spans(self, at: datetime, n_days: int) -> Iterator[tuple[datetime, datetime]]:
        zone = ZoneInfo(self.timezone)
        yesterday = at.astimezone(zone).date() - timedelta(days=1)
        for day in (yesterday + timedelta(days=n) for n in range(n_days)):
            if DAYS[day.weekday()] in self.days:
                last = day if self.begin < self.end else day + timedelta(days=1)
                yield _instant(day, self.begin, zone), _instant(last, self.end, zone)


def quiet_until(quiet: Sequence[QuietHours], at: datetime, *, is_critical: bool) -> datetime | None:
    """Return when an alert of `at` may be told, in UTC, where quiet spans follow each other after all of them.

    >>> weekend = QuietHours(days=("sat", "sun"), begin=time(0), end=time(0), timezone="UTC")
    >>> monday = QuietHours(days=("mon",), begin=time(0), end=time(7), timezone="UTC")
    >>> quiet_until((weekend, monday), datetime(2026, 1, 3, 12, tzinfo=UTC), is_critical=False).isoformat()
    '2026-01-05T07:00:00+00:00'
    >>> quiet_until((weekend, monday), datetime(2026, 1, 3, 12, tzinfo=UTC), is_critical=True) is None
    True

    Raises:
        ValueError: `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"at must be aware, got {at!r}")
    holding = [hours for hours in quiet if hours.also_critical or not is_critical]
    until = at
    while until - at < _LONGEST:  # what never ends is refused where rules are made
        ends = [end for hours in holding if (end := hours._end(until)) is not None]
        if not ends:
            break
        until = max(ends)
    return until.astimezone(UTC) if until > at else None


def next_quiet(quiet: Sequence[QuietHours], after: datetime) -> tuple[datetime, datetime] | None:
    """Return begin and end, in UTC, of the first time after `after` at which warnings begin to be held, if any.

    >>> weekend = QuietHours(days=("sat", "sun"), begin=time(0), end=time(0), timezone="UTC")
    >>> begin, end = next_quiet((weekend,), datetime(2026, 1, 1, 12, tzinfo=UTC))
    >>> begin.isoformat(), end.isoformat()
    ('2026-01-03T00:00:00+00:00', '2026-01-05T00:00:00+00:00')
    """
    if not quiet:
        return None
    after = quiet_until(quiet, after, is_critical=False) or after
    begin = min(hours.next_after(after)[0] for hours in quiet)
    return begin, quiet_until(quiet, begin, is_critical=False) or begin


@lru_cache(maxsize=256)
def is_endless(quiet: tuple[QuietHours, ...]) -> bool:
    """Return whether quiet spans leave no hour of the week in which an alert could be told."""
    weeks = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 7, 1, tzinfo=UTC))  # of winter and of summer time
    ends = [quiet_until(quiet, week, is_critical=False) for week in weeks]
    return any(end is not None and end - week >= _LONGEST for week, end in zip(weeks, ends, strict=True))


def _faults(hours: QuietHours) -> Iterator[tuple[str, str]]:
    if not hours.days or not set(hours.days) <= set(DAYS) or len(set(hours.days)) < len(hours.days):
        yield "days", f"must be some of {', '.join(DAYS)}, each once, got {', '.join(hours.days)!r:.60}"
    if not is_time_zone(hours.timezone):
        yield "timezone", f"must be one of the IANA database, such as Europe/Berlin, got {hours.timezone!r:.60}"
    if hours.begin == hours.end and hours.begin != _MIDNIGHT:
        yield "end", f"must not be the begin, {hours.begin:%H:%M}; a whole day is from 00:00 to 24:00"
    if len(hours.days) == len(DAYS) and hours.begin == hours.end == _MIDNIGHT:
        yield "days", "must leave one out where the whole day is quiet, or nothing would ever be told"


def is_time_zone(name: str) -> bool:
    """Return whether a name means one time zone wherever it is read.

    >>> is_time_zone("Asia/Tokyo"), is_time_zone("Berlin"), is_time_zone("localtime")
    (True, False, False)
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: a folder of zones, such as Europe
        return False
    return name not in _MACHINE_ZONES


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)
