"""What the join keeps on disk: one SQLite file, in which each step is one transaction.

A step's state, its offsets and what it sends are written together; what is to be sent waits in the outbox until the
broker has it. So a kill loses nothing, and repeats at most messages that are the same to the byte.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec

_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE offsets (
    kafka_topic TEXT, partition INTEGER, next INTEGER NOT NULL, PRIMARY KEY (kafka_topic, partition)
) WITHOUT ROWID;
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kafka_topic TEXT NOT NULL, key BLOB, value BLOB, partition INTEGER, headers BLOB NOT NULL
);
CREATE TABLE documents (origin INTEGER PRIMARY KEY, published_s INTEGER NOT NULL, text BLOB NOT NULL);
CREATE TABLE decisions (
    origin INTEGER PRIMARY KEY, document_hash INTEGER NOT NULL, published_s INTEGER NOT NULL,
    log_partition INTEGER NOT NULL, log_offset INTEGER NOT NULL, record BLOB NOT NULL
);
CREATE INDEX decisions_document ON decisions (document_hash, origin);
CREATE INDEX decisions_age ON decisions (published_s);
CREATE INDEX documents_age ON documents (published_s);
CREATE TABLE undrawn (origin INTEGER PRIMARY KEY, decided_s REAL NOT NULL);
CREATE TABLE shadows (origin INTEGER PRIMARY KEY, is_disputed INTEGER NOT NULL, decided_s REAL NOT NULL);
CREATE TABLE forgotten (document_hash INTEGER PRIMARY KEY, published_s INTEGER NOT NULL);
CREATE INDEX forgotten_age ON forgotten (published_s);
CREATE TABLE episodes (topic TEXT PRIMARY KEY, episode INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE reviews (
    id TEXT PRIMARY KEY, origin INTEGER NOT NULL, due_s INTEGER NOT NULL, outcome TEXT, record BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX reviews_open ON reviews (due_s) WHERE outcome IS NULL;
CREATE INDEX reviews_age ON reviews (due_s);
CREATE TABLE corrections (id TEXT PRIMARY KEY, digest BLOB NOT NULL, recorded_s INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX corrections_age ON corrections (recorded_s);
CREATE TABLE waiting (
    partition INTEGER, offset INTEGER, document_hash INTEGER NOT NULL, since_s REAL NOT NULL,
    recorded_s REAL NOT NULL, key BLOB, value BLOB NOT NULL, PRIMARY KEY (partition, offset)
) WITHOUT ROWID;
CREATE INDEX waiting_age ON waiting (since_s);
CREATE INDEX waiting_document ON waiting (document_hash);
CREATE TABLE rounds (
    id TEXT PRIMARY KEY, origin INTEGER NOT NULL, analyst TEXT NOT NULL, corrected_s REAL NOT NULL,
    superseded_by TEXT, record BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX rounds_origin ON rounds (origin);
CREATE INDEX rounds_age ON rounds (corrected_s);
CREATE TABLE revisions (origin INTEGER PRIMARY KEY, counted BLOB NOT NULL);
CREATE TABLE stories (
    origin INTEGER PRIMARY KEY, story TEXT NOT NULL, published_s INTEGER NOT NULL, sketch BLOB NOT NULL
);
CREATE INDEX stories_age ON stories (published_s);
CREATE TABLE deeds (number INTEGER PRIMARY KEY AUTOINCREMENT, deed BLOB NOT NULL);
"""
_VERSION = 1
_headers = msgspec.json.Decoder(tuple[tuple[str, str], ...])


class StoreUnusable(RuntimeError):
    """The join's file cannot be used; the message is one line with the mend."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A message that is to be sent: equal bytes, however often.

    >>> Sending("rounds", b"d-1", b"{}").partition is None
    True
    """

    kafka_topic: str  # without the deployment's prefix
    key: bytes | None
    value: bytes | None
    partition: int | None = None  # None: by the key
    headers: tuple[tuple[str, str], ...] = ()


class FeedbackStore:
    """The file, its transaction, its offsets and its outbox.

    >>> with FeedbackStore(":memory:") as store:
    ...     with store.step():
    ...         store.advance({("corrections", 0): 7})
    ...         store.send(Sending("rounds", b"d-1", b"{}"))
    ...     store.offsets(), [number for number, _ in store.outbox()]
    ({('corrections', 0): 7}, [1])

    Raises:
        StoreUnusable: another process has it open, or it is of another release.
    """

    def __init__(self, path: Path | str, *, is_read_only: bool = False) -> None:
        self._lock: IO[bytes] | None = None
        self._facts: dict[str, bytes] = {}  # as written
        if is_read_only:
            uri = f"{Path(path).absolute().as_uri()}?mode=ro"
            self.connection = sqlite3.connect(uri, uri=True, timeout=5.0, isolation_level=None)
            self._check_version(path)
            return
        if str(path) != ":memory:":
            self._lock = _locked(Path(path))
        self.connection = sqlite3.connect(path, check_same_thread=False, timeout=5.0, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        # as durable as the broker's acknowledgement: what was sent must not be forgotten when the power fails
        self.connection.execute("PRAGMA synchronous=FULL")
        self.connection.execute("PRAGMA cache_size=-65536")
        self._prepare(path)

    def __enter__(self) -> FeedbackStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self.connection.close()
        if self._lock:
            self._lock.close()

    def step(self) -> _Step:
        """Return a transaction: all that is done in its block is written at its end, or nothing of it."""
        return _Step(self.connection)

    def offsets(self) -> dict[tuple[str, int], int]:
        """Return by Kafka topic and partition the offset to go on with."""
        rows = self.connection.execute("SELECT kafka_topic, partition, next FROM offsets")
        return {(kafka_topic, partition): next_offset for kafka_topic, partition, next_offset in rows}

    def advance(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Say up to where messages are dealt with."""
        rows = [(*partition, next_offset) for partition, next_offset in offsets.items()]
        self.connection.executemany("INSERT OR REPLACE INTO offsets VALUES (?, ?, ?)", rows)

    def send(self, sending: Sending) -> None:
        """Put a message into the outbox."""
        self.connection.execute(
            "INSERT INTO outbox (kafka_topic, key, value, partition, headers) VALUES (?, ?, ?, ?, ?)",
            (
                sending.kafka_topic,
                sending.key,
                sending.value,
                sending.partition,
                msgspec.json.encode(sending.headers),
            ),
        )

    def outbox(self, limit: int = 256) -> list[tuple[int, Sending]]:
        """Return the first of what is to be sent, in order."""
        rows = self.connection.execute("SELECT * FROM outbox ORDER BY number LIMIT ?", (limit,)).fetchall()
        return [
            (number, Sending(kafka_topic, key, value, partition, _headers.decode(headers)))
            for number, kafka_topic, key, value, partition, headers in rows
        ]

    def sent(self, numbers: Sequence[int]) -> None:
        """Take out of the outbox what the broker has."""
        self.connection.executemany("DELETE FROM outbox WHERE number = ?", [(number,) for number in numbers])

    def fact(self, name: str) -> bytes | None:
        """Return a single value that was kept."""
        row = self.connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def set_fact(self, name: str, value: bytes) -> None:
        """Keep a single value; one that has not changed is not written: most steps have no effect."""
        if self._facts.get(name) == value:
            return
        self._facts[name] = value
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def n_bytes(self) -> int:
        """Return the size of the file, without its log."""
        [(pages,)] = self.connection.execute("PRAGMA page_count")
        [(page_bytes,)] = self.connection.execute("PRAGMA page_size")
        return int(pages) * int(page_bytes)

    def _prepare(self, path: Path | str) -> None:
        [(version,)] = self.connection.execute("PRAGMA user_version")
        if version == 0:
            self.connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;")
        self._check_version(path)

    def _check_version(self, path: Path | str) -> None:
        [(version,)] = self.connection.execute("PRAGMA user_version")
        if version != _VERSION:
            mend = "use the finsurge that wrote it, or move it away: what Kafka still has is read again"
            raise StoreUnusable(f"{path} is of format {version}, this finsurge writes {_VERSION}; {mend}")


class _Step:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def _locked(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_suffix(".lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StoreUnusable(
            f"another `finsurge feedback` uses {path}; stop it, or set FINSURGE_STATE_DIR to another folder"
        ) from None
    return lock


def integer_of(origin: Iterable[int]) -> int:
    """Return partition and offset as one integer, which SQLite finds fastest.

    >>> integer_of((3, 7)) - integer_of((3, 0))
    7
    """
    partition, offset = origin
    return partition << 48 | offset


def hash_of(document_id: str) -> int:
    """Return a document id as an integer, by which it is found; two ids may share it.

    >>> hash_of("d-1") == hash_of("d-1")
    True
    """
    digest = blake2b(document_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
