"""Deeds on their way into the audit log: kept in the store with their step, and written to the log after it.

So each is in the log once, whenever the process dies, and the store knows how far the log must go.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from pathlib import Path
from types import TracebackType

import msgspec

from pipeline.feedback.audit import AuditBroken, AuditEntry, AuditHead, AuditLog, Deed, entries_of, verify
from pipeline.feedback.store import FeedbackStore

_FACT = "audit head"
RECORD = "record"
"""The detail by which a deed is told from all others: partition and offset of what it is about."""


class Journal:
    """The audit log of the join.

    >>> import tempfile
    >>> from pipeline.feedback.audit import AuditAction
    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> with tempfile.TemporaryDirectory() as folder, FeedbackStore(":memory:") as store:
    ...     with Journal(store, Path(folder) / "audit.jsonl", opened_at=at) as journal:
    ...         with store.step():
    ...             journal.note(Deed(at, "ada", AuditAction.CORRECTION_ACCEPTED, "c-1", {RECORD: "0@7"}))
    ...         journal.flush()
    ...         journal.n_entries
    1

    Raises:
        AuditBroken: the log is not as it was written, or another process writes it.
    """

    def __init__(self, store: FeedbackStore, path: Path, opened_at: datetime) -> None:
        self._store = store
        fact = store.fact(_FACT)
        head = msgspec.json.decode(fact, type=AuditHead) if fact else AuditHead()
        if head.n_entries and not path.exists():
            raise AuditBroken(f"{path}: the audit log of {head.n_entries} entries is gone; restore it from a copy")
        if path.exists():
            verify(path, head)
        self._log = AuditLog(path, opened_at)
        self._drop_written()

    @property
    def n_entries(self) -> int:
        """How many entries the log has."""
        return self._log.head.n_entries

    def note(self, deed: Deed) -> None:
        """Keep a deed with the step."""
        self._store.connection.execute("INSERT INTO deeds (deed) VALUES (?)", (msgspec.json.encode(deed),))

    def flush(self) -> None:
        """Write what was noted to the log."""
        rows = self._store.connection.execute("SELECT number, deed FROM deeds ORDER BY number").fetchall()
        if not rows:
            return
        self._log.append_all(msgspec.json.decode(deed, type=Deed) for _, deed in rows)
        self._forget([number for number, _ in rows])

    def close(self) -> None:
        """Let another process write the log."""
        self._log.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _drop_written(self) -> None:
        """Forget the deeds that reached the log before the process died."""
        rows = self._store.connection.execute("SELECT number, deed FROM deeds ORDER BY number").fetchall()
        # one more than there are deeds: opening the log may have told of a torn line
        last: deque[AuditEntry] = deque(entries_of(self._log.path), maxlen=len(rows) + 1) if rows else deque()
        written = {(entry.subject, entry.details.get(RECORD)) for entry in last}
        noted = [(number, msgspec.json.decode(deed, type=Deed)) for number, deed in rows]
        self._forget([number for number, deed in noted if (deed.subject, (deed.details or {})[RECORD]) in written])

    def _forget(self, numbers: list[int]) -> None:
        with self._store.step():
            self._store.connection.executemany("DELETE FROM deeds WHERE number = ?", [(each,) for each in numbers])
            self._store.set_fact(_FACT, msgspec.json.encode(self._log.head))
