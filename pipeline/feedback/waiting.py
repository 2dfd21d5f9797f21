"""Corrections that wait for their decision, or for its text, to be read. Knows nothing of what they say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.feedback.store import FeedbackStore, hash_of
from pipeline.records import Origin

MAX_WAITING = 100_000
"""Beyond so many the oldest are given up, so that no flood fills the disk."""
_MAX_GIVEN_UP = 1_000  # in one step
_OF_DOCUMENT = """SELECT partition, offset, recorded_s, key, value FROM waiting WHERE document_hash = ?
    ORDER BY since_s, partition, offset"""
_OLDEST = "SELECT partition, offset, recorded_s, key, value, since_s FROM waiting ORDER BY since_s LIMIT ?"


@dataclass(frozen=True, slots=True)
class ArrivedCorrection:
    """A record of `corrections` as it lies there."""

    key: bytes | None
    value: bytes | None
    lies_at: Origin
    recorded_at: datetime


class WaitingRoom:
    """Corrections that wait.

    >>> now = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> with FeedbackStore(":memory:") as store:
    ...     waiting = WaitingRoom(store, max_s=60)
    ...     waiting.put(ArrivedCorrection(b"d-1", b"{}", Origin(0, 7), now), "d-1", now)
    ...     [each.lies_at.offset for each in waiting.of([hash_of("d-1")])], waiting.overdue(now)
    ([7], [])

    Args:
        store: where they lie.
        max_s: how long they wait at most.
    """

    def __init__(self, store: FeedbackStore, max_s: float) -> None:
        self._connection = store.connection
        self.max_s = max_s
        [(self.n_waiting,)] = self._connection.execute("SELECT count(*) FROM waiting")

    def put(self, arrived: ArrivedCorrection, document_id: str, now: datetime) -> None:
        """Have a correction wait from now on."""
        recorded_s, since_s = arrived.recorded_at.timestamp(), now.timestamp()
        row = (*arrived.lies_at, hash_of(document_id), since_s, recorded_s, arrived.key, arrived.value)
        added = self._connection.execute("INSERT OR IGNORE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        self.n_waiting += added.rowcount

    def of(self, documents: Iterable[int]) -> list[ArrivedCorrection]:
        """Return those that wait for one of these documents, by hash, in the order in which they came."""
        if not self.n_waiting:
            return []
        found = []
        for document in sorted(set(documents)):
            found += [_arrived(*row) for row in self._connection.execute(_OF_DOCUMENT, (document,))]
        return found

    def overdue(self, now: datetime) -> list[ArrivedCorrection]:
        """Return some of those that have waited too long, or are too many, the oldest first."""
        if not self.n_waiting:
            return []
        rows = self._connection.execute(_OLDEST, (_MAX_GIVEN_UP,)).fetchall()
        n_over, before_s = self.n_waiting - MAX_WAITING, now.timestamp() - self.max_s
        return [_arrived(*row) for n, (*row, since_s) in enumerate(rows) if since_s <= before_s or n < n_over]

    def since(self) -> datetime | None:
        """Return since when the one waits that has waited longest; None: none does."""
        if not self.n_waiting:
            return None
        [(since_s,)] = self._connection.execute("SELECT min(since_s) FROM waiting")
        return datetime.fromtimestamp(since_s, UTC)

    def leave(self, arrived: ArrivedCorrection) -> None:
        """Have a correction wait no more."""
        gone = self._connection.execute("DELETE FROM waiting WHERE partition = ? AND offset = ?", arrived.lies_at)
        self.n_waiting -= gone.rowcount


def _arrived(
    partition: int, offset: int, recorded_s: float, key: bytes | None, value: bytes | None
) -> ArrivedCorrection:
    return ArrivedCorrection(key, value, Origin(partition, offset), datetime.fromtimestamp(recorded_s, UTC))
