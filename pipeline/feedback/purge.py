"""Forgets what is past its time, a little at each step, so that the file stays bounded and no step takes long."""

from __future__ import annotations

from datetime import datetime

from pipeline.feedback.decided import DecidedDocuments
from pipeline.feedback.effects import Effects
from pipeline.feedback.store import FeedbackStore

MAX_DOCUMENTS = 2_000
"""Forgotten in one step at most."""
_EVERY_S = 300.0


class Purge:
    """Forgets documents by event time, and what people said by processing time.

    >>> from prometheus_client import CollectorRegistry
    >>> from pipeline.feedback.metrics import FeedbackMetrics
    >>> from rl.analysts.guard import GuardConfig
    >>> now = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> with FeedbackStore(":memory:") as store:
    ...     decided = DecidedDocuments(store, horizon_s=60)
    ...     effects = Effects(store, decided, GuardConfig(), FeedbackMetrics(CollectorRegistry()))
    ...     Purge(store, decided, effects, horizon_s=60).sweep(now)
    0
    """

    def __init__(
        self, store: FeedbackStore, decided: DecidedDocuments, effects: Effects, *, horizon_s: float
    ) -> None:
        self._connection = store.connection
        self._decided = decided
        self._effects = effects
        self._horizon_s = horizon_s
        self._swept_s = float("-inf")  # processing time of the last sweep of what people said

    def sweep(self, now: datetime) -> int:
        """Forget some of what is past its time, and return how many documents that were."""
        n_documents = self._forget_documents()
        if now.timestamp() - self._swept_s >= _EVERY_S:
            self._swept_s = now.timestamp()
            self._forget_said(now.timestamp() - self._horizon_s)
        return n_documents

    def _forget_documents(self) -> int:
        oldest_s = self._decided.oldest_s
        rows = self._connection.execute(
            "SELECT origin, document_hash, published_s FROM decisions "
            "WHERE published_s < ? ORDER BY published_s LIMIT ?",
            (oldest_s, MAX_DOCUMENTS),
        ).fetchall()
        self._connection.executemany("INSERT OR REPLACE INTO forgotten VALUES (?, ?)", [row[1:] for row in rows])
        keys = [(row[0],) for row in rows]
        for table in ("decisions", "undrawn", "revisions", "stories"):
            self._connection.executemany(f"DELETE FROM {table} WHERE origin = ?", keys)  # noqa: S608 -- names above
        self._connection.execute(
            "DELETE FROM documents WHERE origin IN (SELECT origin FROM documents WHERE published_s < ? LIMIT ?)",
            (oldest_s, MAX_DOCUMENTS),
        )
        if rows:
            # so long that a correction which comes late is told why, and no longer
            self._connection.execute("DELETE FROM forgotten WHERE published_s < ?", (oldest_s - self._horizon_s,))
        return len(rows)

    def _forget_said(self, before_s: float) -> None:
        gone = self._connection.execute(
            "DELETE FROM rounds WHERE corrected_s < ? AND origin NOT IN (SELECT origin FROM decisions)", (before_s,)
        )
        self._effects.forget(gone.rowcount)
        self._connection.execute(
            "DELETE FROM corrections WHERE recorded_s < ? AND id NOT IN (SELECT id FROM rounds)", (before_s,)
        )
        self._connection.execute("DELETE FROM reviews WHERE due_s < ? AND outcome IS NOT NULL", (before_s,))
