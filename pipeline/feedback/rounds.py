"""The rounds that were made, by document and analyst. Knows nothing of how they are made."""

from __future__ import annotations

from pipeline.feedback.records import RoundRecord
from pipeline.feedback.store import FeedbackStore
from pipeline.records import decode, encode


class KeptRounds:
    """Rounds; of two of one analyst about one document, the later takes the place of the other.

    >>> with FeedbackStore(":memory:") as store:
    ...     KeptRounds(store).last_of(0, "ada") is None
    True
    """

    def __init__(self, store: FeedbackStore) -> None:
        self._connection = store.connection

    def last_of(self, key: int, analyst: str) -> RoundRecord | None:
        """Return an analyst's last word on a document."""
        row = self._connection.execute(
            "SELECT record FROM rounds WHERE origin = ? AND analyst = ? AND superseded_by IS NULL", (key, analyst)
        ).fetchone()
        return decode(RoundRecord, row[0]) if row else None

    def keep(self, record: RoundRecord, key: int) -> None:
        """Keep a round; one that comes after a later one of its analyst is superseded from the start."""
        last = self.last_of(key, record.analyst)
        superseded_by = None
        if last is not None and record.trace.supersedes != last.id:
            superseded_by = last.id
        elif last is not None:
            self._connection.execute("UPDATE rounds SET superseded_by = ? WHERE id = ?", (record.id, last.id))
        row = (record.id, key, record.analyst, record.corrected_at.timestamp(), superseded_by, encode(record))
        self._connection.execute("INSERT INTO rounds VALUES (?, ?, ?, ?, ?, ?)", row)
