"""Keeps one fault from filling the log: of events that come from one place, so many a minute are told."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.logs.formats import BODY, UNTOLD

MAX_PLACES = 2_000


@dataclass(slots=True)
class _Told:
    since_s: float
    n_told: int = 0
    n_untold: int = 0


class FloodFilter(logging.Filter):
    """Passes the first events of each place in a minute, and tells with the next one how many it left out.

    A place is a logger and a message before its values are put in. Alerts pass always, and so does what ends a
    process.

    Args:
        max_events: of one place in `period_s`.
        period_s: seconds.
        now_s: a monotonic clock.

    >>> flood = FloodFilter(max_events=1, now_s=lambda: 0.0)
    >>> record = logging.makeLogRecord({"msg": "no answer from %s", "args": ("a",), "levelno": 30})
    >>> flood.filter(record), flood.filter(record)
    (True, False)
    """

    def __init__(
        self, *, max_events: int = 20, period_s: float = 60.0, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        if max_events < 1 or period_s <= 0:
            raise ValueError(f"max_events must be >= 1, period_s > 0, got {max_events} and {period_s}")
        self._max_events = max_events
        self._period_s = period_s
        self._now_s = now_s
        self._places: dict[tuple[str, int, str], _Told] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the event is told."""
        if record.levelno >= logging.CRITICAL or hasattr(record, BODY):
            return True
        now_s = self._now_s()
        place = (record.name, record.levelno, str(record.msg)[:200])
        told = self._places.get(place)
        if told is None or now_s - told.since_s >= self._period_s:
            if told is None and len(self._places) >= MAX_PLACES:
                self._places.clear()
            if told is not None and told.n_untold:
                setattr(record, UNTOLD, told.n_untold)
            told = self._places[place] = _Told(now_s)
        if told.n_told >= self._max_events:
            told.n_untold += 1
            return False
        told.n_told += 1
        return True
