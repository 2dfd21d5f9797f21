"""Which decisions another policy disputes, and which wait, before their coin is tossed, for what it says.

A policy that reads along answers after the one that serves. The probability of a review must be complete when its
coin is tossed, so while one reads along, decisions wait for it, though not for long.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np

from pipeline.feedback.decided import DecidedDocument
from pipeline.feedback.store import FeedbackStore, integer_of
from pipeline.records import ReadingRecord, ShadowDecision

MAX_WAIT_S = 60.0
"""Of a decision, for a policy that reads along: it is mostly within a second."""
READS_ALONG_S = 120.0
"""After its last answer a policy is taken to have stopped reading along."""
_FACT = "last shadow"


class Disputes:
    """Decisions that wait, and answers that came before their decision.

    >>> with FeedbackStore(":memory:") as store:
    ...     Disputes(store).n_waiting
    0
    """

    def __init__(self, store: FeedbackStore) -> None:
        self._store = store
        self._connection = store.connection
        fact = store.fact(_FACT)
        self._last_s = float(fact) if fact else float("-inf")  # when a policy last read along

    @property
    def n_waiting(self) -> int:
        """How many decisions wait."""
        [(n_waiting,)] = self._connection.execute("SELECT count(*) FROM undrawn")
        return int(n_waiting)

    def put(self, decided: DecidedDocument) -> bool | None:
        """Return whether a decision is disputed, as far as that will be known; None if it waits."""
        heard = self._connection.execute(
            "DELETE FROM shadows WHERE origin = ? RETURNING is_disputed", (decided.key,)
        ).fetchone()
        if heard:
            return bool(heard[0])
        decided_s = decided.decision.decided_at.timestamp()
        if decided_s - self._last_s > READS_ALONG_S:
            return False
        self._connection.execute("INSERT OR IGNORE INTO undrawn VALUES (?, ?)", (decided.key, decided_s))
        return None

    def hear(self, shadow: ShadowDecision) -> tuple[int, bool] | None:
        """Return the key of the decision that an answer settles, and whether it is disputed; None if none waits."""
        decided_s = shadow.decided_at.timestamp()
        self._last_s = max(self._last_s, decided_s)
        key, disputed = integer_of(shadow.origin), is_disputed(shadow)
        if self._connection.execute("DELETE FROM undrawn WHERE origin = ?", (key,)).rowcount:
            return key, disputed
        known = self._connection.execute("SELECT 1 FROM decisions WHERE origin = ?", (key,)).fetchone()
        if not known:
            self._connection.execute("INSERT OR REPLACE INTO shadows VALUES (?, ?, ?)", (key, disputed, decided_s))
        return None

    def overdue(self, now: datetime) -> list[int]:
        """Return the keys of the decisions that have waited long enough, and forget answers that nobody asked for."""
        before_s = now.timestamp() - MAX_WAIT_S
        self._connection.execute("DELETE FROM shadows WHERE decided_s < ?", (before_s - 10 * MAX_WAIT_S,))
        rows = self._connection.execute(
            "DELETE FROM undrawn WHERE decided_s < ? RETURNING origin", (before_s,)
        ).fetchall()
        return sorted(key for (key,) in rows)

    def save(self) -> None:
        """Write when a policy last read along, at the end of a step."""
        self._store.set_fact(_FACT, repr(self._last_s).encode())


def is_disputed(shadow: ShadowDecision) -> bool:
    """Return whether two policies label a document, or a mention that both have, differently."""
    if shadow.reading is None:  # it failed: that says nothing
        return False
    served, other = _labels(shadow.served), _labels(shadow.reading)
    return any(served[place] != other[place] for place in served.keys() & other.keys())


def _labels(reading: ReadingRecord) -> dict[tuple[int, int] | None, int]:
    labels: dict[tuple[int, int] | None, int] = {None: int(np.argmax(reading.sentiment))}
    labels |= {(span.start, span.end): int(np.argmax(span.sentiment)) for span in reading.spans}
    return labels
