"""The rounds that a learner has read, on disk, with the offsets up to which it has.

Both are written in one transaction, so that a kill loses no round and doubles none. Knows neither Kafka nor rewards.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rounds (
    id TEXT PRIMARY KEY,
    document_id TEXT NOT NULL,
    analyst TEXT NOT NULL,
    corrected_at TEXT NOT NULL,
    used_by INTEGER,
    record BLOB NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS one_answer ON rounds (document_id, analyst);
CREATE TABLE IF NOT EXISTS offsets (partition INTEGER PRIMARY KEY, next INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class LoggedRound:
    """A round as it came, and by what it is found again.

    >>> LoggedRound("r", "d", "ada", datetime.fromisoformat("2026-01-02T00:00:00+00:00"), b"{}").analyst
    'ada'
    """

    id: str
    document_id: str
    analyst: str
    corrected_at: datetime
    record: bytes  # as on the wire


class RoundLog:
    """Rounds by id; of two answers of one analyst to one document, the later.

    >>> at = datetime.fromisoformat("2026-01-02T00:00:00+00:00")
    >>> with RoundLog(":memory:") as log:
    ...     [added] = log.add([LoggedRound("r", "d", "ada", at, b"{}")], {0: 1})
    ...     log.use(["r"], update=1)
    ...     log.fresh(), log.older(), log.next_offsets()
    ([], [b'{}'], {0: 1})
    """

    def __init__(self, path: Path | str) -> None:
        # one thread at a time: the learner reads in another one, and waits for it
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.executescript(_SCHEMA)
        if str(path) != ":memory:":
            self._connection.execute("PRAGMA journal_mode=WAL")

    def __enter__(self) -> RoundLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def add(self, rounds: Iterable[LoggedRound], next_offsets: Mapping[int, int]) -> list[LoggedRound]:
        """Keep rounds, together with where reading goes on, and return those that were new.

        One that is there already, or whose analyst has said something else of the document later, changes nothing.
        """
        with self._connection as transaction:
            added = [answered for answered in rounds if self._add(transaction, answered)]
            transaction.executemany(
                "INSERT INTO offsets VALUES (?, ?) ON CONFLICT DO UPDATE SET next = max(next, excluded.next)",
                list(next_offsets.items()),
            )
        return added

    def next_offsets(self) -> dict[int, int]:
        """Return by partition the offset to go on with."""
        with closing(self._connection.execute("SELECT partition, next FROM offsets")) as rows:
            return dict(rows.fetchall())

    def fresh(self) -> list[bytes]:
        """Return the rounds that no update has used, the earliest answer first."""
        return self._records("used_by IS NULL")

    def older(self) -> list[bytes]:
        """Return the rounds that an update has used, the earliest answer first."""
        return self._records("used_by IS NOT NULL")

    def each(self) -> Iterator[tuple[bytes, bool]]:
        """Yield every round, and whether it is fresh, without holding them all."""
        with closing(self._connection.execute("SELECT record, used_by IS NULL FROM rounds")) as rows:
            for record, is_fresh in rows:
                yield record, bool(is_fresh)

    def use(self, ids: Iterable[str], update: int) -> None:
        """Remember that an update has learned from these rounds."""
        with self._connection as transaction:
            transaction.executemany("UPDATE rounds SET used_by = ? WHERE id = ?", [(update, id) for id in ids])  # noqa: A001

    def _add(self, transaction: sqlite3.Connection, answered: LoggedRound) -> bool:
        key = (answered.document_id, answered.analyst)
        at = answered.corrected_at.isoformat()
        found = transaction.execute(
            "SELECT id, corrected_at FROM rounds WHERE document_id = ? AND analyst = ?", key
        ).fetchone()
        if found is not None:
            # of two at the same time the greater id counts, as for the guard over analysts
            if (datetime.fromisoformat(found[1]), found[0]) >= (answered.corrected_at, answered.id):
                return False
            transaction.execute("DELETE FROM rounds WHERE id = ?", (found[0],))
        inserted = transaction.execute(
            "INSERT INTO rounds VALUES (?, ?, ?, ?, NULL, ?) ON CONFLICT (id) DO NOTHING",
            (answered.id, *key, at, answered.record),
        )
        return inserted.rowcount == 1

    def _records(self, which: str) -> list[bytes]:
        query = f"SELECT record FROM rounds WHERE {which} ORDER BY corrected_at, id"  # noqa: S608 - ours alone
        with closing(self._connection.execute(query)) as rows:
            return [record for (record,) in rows.fetchall()]
