"""A topic's windows of one length in the order of time, the last word on each, and what is missing between them.

Knows neither Kafka nor files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pipeline.records import TrendRecord

_RESOLUTION = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}


def resolution_s(written: str) -> int:
    """Return the seconds in `5m`, `1h` or `1d`.

    >>> resolution_s("1h")
    3600

    Raises:
        ValueError: it is written otherwise.
    """
    found = _RESOLUTION.fullmatch(written)
    if found is None:
        raise ValueError(f"resolution must be like 5m, 1h or 1d, got {written!r}")
    return int(found[1]) * _UNITS[found[2]]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which windows are asked for.

    >>> Selection("ftx", 3_600).topic
    'ftx'
    """

    topic: str
    resolution_s: int
    since: datetime | None = None  # start of the first window, if not of all
    until: datetime | None = None  # no window starts then or later

    def holds(self, window: TrendRecord) -> bool:
        """Return whether a window is asked for."""
        return (
            window.topic == self.topic
            and window.resolution_s == self.resolution_s
            and (self.since is None or window.start_at >= self.since)
            and (self.until is None or window.start_at < self.until)
        )


class Series:
    """The windows that were asked for.

    Args:
        selection: which.

    >>> Series(Selection("ftx", 3_600)).windows
    []
    """

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self._last: dict[datetime, TrendRecord] = {}

    def add_all(self, windows: Iterable[TrendRecord]) -> None:
        """Take note of windows, in the order in which they were told: a later word is the one that counts."""
        for window in windows:
            if self.selection.holds(window):
                self._last[window.start_at] = window

    @property
    def windows(self) -> list[TrendRecord]:
        """Return the last word on each window, oldest first."""
        return [self._last[start_at] for start_at in sorted(self._last)]

    def with_gaps(self) -> Iterator[TrendRecord | int]:
        """Yield the windows, and between them how many there are of which there is nothing to tell."""
        before: TrendRecord | None = None
        for window in self.windows:
            if before is not None and window.start_at > before.end_at:
                yield int((window.start_at - before.end_at).total_seconds()) // self.selection.resolution_s
            yield window
            before = window
