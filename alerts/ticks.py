"""Ticks: event time cut into bins of equal length, numbered since the Unix epoch.

Everything in `alerts` happens when a tick is closed, so that results do not depend on arrival.
"""

from __future__ import annotations

from datetime import UTC, datetime


def tick_of(at: datetime, bin_s: int) -> int:
    """Return the number of the tick that holds `at`: tick i covers [i * bin_s, (i + 1) * bin_s).

    >>> tick_of(datetime(1970, 1, 1, 0, 10, tzinfo=UTC), bin_s=300)
    2

    Raises:
        ValueError: `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"at must be aware, got {at!r}")
    return int(at.timestamp() // bin_s)


def tick_start(tick: int, bin_s: int) -> datetime:
    """Return the first instant of a tick.

    >>> tick_start(2, bin_s=300).isoformat()
    '1970-01-01T00:10:00+00:00'
    """
    return datetime.fromtimestamp(tick * bin_s, UTC)


def tick_end(tick: int, bin_s: int) -> datetime:
    """Return the first instant after a tick.

    >>> tick_end(2, bin_s=300).isoformat()
    '1970-01-01T00:15:00+00:00'
    """
    return datetime.fromtimestamp((tick + 1) * bin_s, UTC)
