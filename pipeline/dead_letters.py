"""What a dead letter says about itself, in headers: why, where from, which attempt.

The value and key are the original bytes, untouched; sending is the caller's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib import metadata

from pipeline.rejects import RecordRejected

PREFIX = "finsurge."


def dead_letter_headers(
    rejected: RecordRejected,
    *,
    kafka_topic: str,
    partition: int,
    offset: int,
    timestamp: float,
    stage: str,
    version: str | None = None,
    attempt: int = 1,
) -> list[tuple[str, bytes]]:
    """Return the headers of a dead letter, in a fixed order.

    >>> from pipeline.rejects import RejectReason
    >>> rejected = RecordRejected(RejectReason.EMPTY_TEXT, "text has no visible character")
    >>> where = dict(kafka_topic="documents", partition=3, offset=7, timestamp=1767312000.5)
    >>> for name, value in dead_letter_headers(rejected, stage="read", version="0.1.0", **where):
    ...     print(name, value.decode())
    finsurge.reason empty_text
    finsurge.detail text has no visible character
    finsurge.kafka_topic documents
    finsurge.partition 3
    finsurge.offset 7
    finsurge.recorded_at 2026-01-02T00:00:00.500000+00:00
    finsurge.stage read
    finsurge.version 0.1.0
    finsurge.attempt 1

    Args:
        rejected: why it was rejected.
        kafka_topic: where the record was read, with `partition` and `offset`.
        partition: of the record.
        offset: of the record.
        timestamp: the record's own, in seconds since 1970.
        stage: the role that rejected it.
        version: of finsurge; the installed one unless given.
        attempt: how often the record has been tried, the first time being 1.
    """
    if attempt < 1:
        raise ValueError(f"attempt must be >= 1, got {attempt}")
    facts = {
        "reason": rejected.reason.value,
        "detail": rejected.detail,
        "kafka_topic": kafka_topic,
        "partition": str(partition),
        "offset": str(offset),
        "recorded_at": _iso(timestamp),
        "stage": stage,
        "version": version or _installed_version(),
        "attempt": str(attempt),
    }
    # a detail may quote what was wrong with the record, half surrogate pairs too
    return [(PREFIX + name, fact.encode(errors="backslashreplace")) for name, fact in facts.items()]


def _iso(timestamp: float) -> str:
    try:
        return datetime.fromtimestamp(timestamp, UTC).isoformat()
    except (ValueError, OverflowError, OSError):  # a producer may write any number
        return str(timestamp)


@cache
def _installed_version() -> str:
    return metadata.version("finsurge")
