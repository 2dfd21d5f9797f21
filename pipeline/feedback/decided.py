"""The documents that were decided, with their texts, on disk for as long as they can be corrected.

Owns which decision of a document is the first, and how far event time has come. Knows no correction.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import msgspec

from pipeline.feedback.store import FeedbackStore, hash_of, integer_of
from pipeline.reading.text import EXCERPT_LENGTH, full_text
from pipeline.records import Decision, Document, Origin, decode

_FACT = "decided"


@dataclass(frozen=True, slots=True)
class DecidedDocument:
    """A document's first decision, and where that lies."""

    key: int  # its origin as one integer
    decision: Decision
    lies_at: Origin  # in `decisions`


class _Reached(msgspec.Struct):
    clock_s: int = 0  # the greatest publication time
    applied: dict[int, int] = {}  # by source partition, the offset in `documents` of the last decision


class DecidedDocuments:
    """Decisions and texts.

    >>> with FeedbackStore(":memory:") as store:
    ...     DecidedDocuments(store, horizon_s=60).first_of("d-1") is None
    True

    Args:
        store: where they lie.
        horizon_s: seconds of event time after which a document is forgotten.
    """

    def __init__(self, store: FeedbackStore, horizon_s: float) -> None:
        self._store = store
        self._connection = store.connection
        self._horizon_s = horizon_s
        fact = store.fact(_FACT)
        self._reached = msgspec.json.decode(fact, type=_Reached) if fact else _Reached()

    @property
    def oldest_s(self) -> float:
        """Publication time before which documents are forgotten, in seconds since 1970."""
        return self._reached.clock_s - self._horizon_s

    def keep(self, decision: Decision, value: bytes, lies_at: Origin) -> DecidedDocument | None:
        """Keep a decision if it is its document's first, and return it; of an old document only that it was there.

        The rule is that of `link`: what lies at or before the last offset of its source partition is a repetition.
        """
        partition, offset = decision.origin
        if offset <= self._reached.applied.get(partition, -1):
            return None
        self._reached.applied[partition] = offset
        published_s = int(decision.published_at.timestamp())
        self._reached.clock_s = max(self._reached.clock_s, published_s)
        document = hash_of(decision.document_id)
        if published_s < self.oldest_s:
            self._connection.execute("INSERT OR REPLACE INTO forgotten VALUES (?, ?)", (document, published_s))
            return None
        key = integer_of(decision.origin)
        self._connection.execute(
            "INSERT OR IGNORE INTO decisions VALUES (?, ?, ?, ?, ?, ?)",
            (key, document, published_s, *lies_at, zlib.compress(value, 1)),
        )
        return DecidedDocument(key, decision, lies_at)

    def keep_text(self, document: Document, origin: Origin) -> None:
        """Keep a document's text, unless its decision has all of it."""
        text = full_text(document)
        published_s = int(document.published_at.timestamp())
        if len(text) < EXCERPT_LENGTH or published_s < self.oldest_s:
            return
        packed = zlib.compress(text.encode("utf-8", "surrogatepass"), 1)
        self._connection.execute(
            "INSERT OR IGNORE INTO documents VALUES (?, ?, ?)", (integer_of(origin), published_s, packed)
        )

    def first_of(self, document_id: str) -> DecidedDocument | None:
        """Return the first decision about a document with this id."""
        rows = self._connection.execute(
            "SELECT origin, record, log_partition, log_offset FROM decisions WHERE document_hash = ? ORDER BY origin",
            (hash_of(document_id),),
        )
        return next((found for found in map(_found, rows) if found.decision.document_id == document_id), None)

    def at(self, key: int) -> DecidedDocument | None:
        """Return the document of this key."""
        row = self._connection.execute(
            "SELECT origin, record, log_partition, log_offset FROM decisions WHERE origin = ?", (key,)
        ).fetchone()
        return _found(row) if row else None

    def text_of(self, decided: DecidedDocument) -> str | None:
        """Return what the policy read, if it is there."""
        if len(decided.decision.excerpt) < EXCERPT_LENGTH:
            return decided.decision.excerpt
        row = self._connection.execute("SELECT text FROM documents WHERE origin = ?", (decided.key,)).fetchone()
        return zlib.decompress(row[0]).decode("utf-8", "surrogatepass") if row else None

    def is_past(self, decided: DecidedDocument) -> bool:
        """Return whether a document that is still there can no longer be corrected."""
        return decided.decision.published_at.timestamp() < self.oldest_s

    def is_forgotten(self, document_id: str) -> bool:
        """Return whether a document was decided, and is no longer kept."""
        row = self._connection.execute("SELECT 1 FROM forgotten WHERE document_hash = ?", (hash_of(document_id),))
        return row.fetchone() is not None

    def save(self) -> None:
        """Write how far this has come, at the end of a step."""
        self._store.set_fact(_FACT, msgspec.json.encode(self._reached))


def _found(row: tuple[int, bytes, int, int]) -> DecidedDocument:
    key, record, partition, offset = row
    return DecidedDocument(key, decode(Decision, zlib.decompress(record)), Origin(partition, offset))
