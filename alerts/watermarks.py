"""Watermarks: how far the event time of a source partition has come, and of all of them together.

Knows nothing of Kafka: a source is a number, marks come from the caller, no clock is read.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from alerts.ticks import tick_end, tick_of


class Lateness(StrEnum):
    """How an item stands to the windows of its topic."""

    ON_TIME = "on_time"  # its window is still open
    DELAYED = "delayed"  # its window has closed, and will be revised
    LATE = "late"  # its window is final: it is counted, and changes nothing


class SourceWatermark:
    """The watermark of one source partition: its greatest event time less the disorder allowed for.

    >>> from datetime import UTC
    >>> watermark = SourceWatermark(disorder_s=120)
    >>> noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    >>> watermark.update(noon)
    >>> watermark.judge(noon - timedelta(hours=1), grace_s=1800, bin_s=300)
    <Lateness.LATE: 'late'>
    """

    def __init__(self, disorder_s: int = 120) -> None:
        if disorder_s < 0:
            raise ValueError(f"disorder_s must be >= 0, got {disorder_s}")
        self._disorder = timedelta(seconds=disorder_s)
        self._at: datetime | None = None

    @property
    def at(self) -> datetime | None:
        """Return the watermark: nothing older is expected; `None` before the first item."""
        return self._at

    def judge(self, published_at: datetime, grace_s: int, bin_s: int) -> Lateness:
        """Return how late an item is; ask before `update` is told of it.

        Args:
            published_at: the item's event time.
            grace_s: how long after its end a window can still be revised.
            bin_s: length of a window.
        """
        if self._at is None:
            return Lateness.ON_TIME
        end_at = tick_end(tick_of(published_at, bin_s), bin_s)
        if end_at + timedelta(seconds=grace_s) <= self._at:
            return Lateness.LATE
        return Lateness.DELAYED if end_at <= self._at else Lateness.ON_TIME

    def update(self, published_at: datetime) -> None:
        """Take an item's event time into account."""
        self.advance_to(published_at - self._disorder)

    def advance_to(self, at: datetime) -> None:
        """Move the watermark to `at` if it is behind: an idle source must not hold back the others."""
        if self._at is None or at > self._at:
            self._at = at

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self._at)

    @classmethod
    def restore(cls, snapshot: bytes, disorder_s: int = 120) -> SourceWatermark:
        """Return a watermark that goes on where the snapshot was taken."""
        restored = cls(disorder_s)
        restored._at = msgspec.msgpack.decode(snapshot, type=datetime | None)
        return restored


class MarkLedger:
    """The latest mark of every source partition; the least of them is how far all have come.

    >>> from datetime import UTC
    >>> ledger = MarkLedger()
    >>> ledger.update(0, datetime(2026, 1, 2, 12, tzinfo=UTC))
    >>> ledger.least(n_sources=2) is None
    True
    >>> ledger.update(1, datetime(2026, 1, 2, 11, tzinfo=UTC))
    >>> ledger.least(n_sources=2).hour
    11
    """

    def __init__(self) -> None:
        self._marks: dict[int, datetime] = {}
        self._began_at: datetime | None = None

    @property
    def began_at(self) -> datetime | None:
        """Return the earliest first mark of the sources seen so far."""
        return self._began_at

    def update(self, source: int, watermark: datetime, began_at: datetime | None = None) -> None:
        """Take a source's mark into account; one that is behind (sent twice) changes nothing.

        Args:
            source: its number.
            watermark: how far it has come.
            began_at: its first watermark; by default this one is taken for it.
        """
        if self.is_ahead(source, watermark):
            self._marks[source] = watermark
        self._began_at = min(began_at or watermark, self._began_at or watermark)

    def is_ahead(self, source: int, watermark: datetime) -> bool:
        """Return whether a source's mark is further than its latest."""
        latest = self._marks.get(source)
        return latest is None or watermark > latest

    def least(self, n_sources: int) -> datetime | None:
        """Return how far all sources have come, or `None` until each of them has marked."""
        if n_sources < 1:
            raise ValueError(f"n_sources must be >= 1, got {n_sources}")
        if len(self._marks) < n_sources:
            return None
        return min(self._marks.values())

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode((dict(sorted(self._marks.items())), self._began_at))

    @classmethod
    def restore(cls, snapshot: bytes) -> MarkLedger:
        """Return a ledger that goes on where the snapshot was taken."""
        restored = cls()
        kind = tuple[dict[int, datetime], datetime | None]
        restored._marks, restored._began_at = msgspec.msgpack.decode(snapshot, type=kind)
        return restored
