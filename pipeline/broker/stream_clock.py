"""How far event time has come, for partitions in which nothing is published.

Event time runs on with the wall clock from the newest document of any partition, so that a backfill of old documents
does not push an idle partition's watermark to the present.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from pipeline.broker.connection import Connection
from pipeline.documents import DocumentLimits, parse_document
from pipeline.rejects import RecordRejected


class StreamClock:
    """The newest event time of `documents`, plus what has passed since it was ingested.

    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> clock = StreamClock("127.0.0.1:9092", "documents", now=lambda: noon)
    >>> clock.observe(noon - timedelta(days=900), noon - timedelta(seconds=30))
    >>> clock.at().isoformat()
    '2023-07-16T12:00:30+00:00'
    """

    def __init__(
        self, connection: Connection, kafka_topic: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._connection = connection
        self._kafka_topic = kafka_topic
        self._now = now
        self._newest: tuple[datetime, datetime] | None = None  # published_at, ingested_at

    def observe(self, published_at: datetime, ingested_at: datetime) -> None:
        """Take note of a document."""
        if self._newest is None or published_at > self._newest[0]:
            self._newest = (published_at, ingested_at)

    def at(self) -> datetime | None:
        """Return the stream's time, `None` before any document."""
        if self._newest is None:
            return None
        published_at, ingested_at = self._newest
        return published_at + max(self._now() - ingested_at, timedelta())

    @property
    def delay_s(self) -> float | None:
        """From the publishing of the newest document to its ingestion, in seconds; `None` before any document.

        The clock less this is the stream's time. It is negative for a document that was published ahead of its time.
        """
        if self._newest is None:
            return None
        published_at, ingested_at = self._newest
        return (ingested_at - published_at).total_seconds()

    async def read(self) -> datetime | None:
        """Return the stream's time after a look at the last document of every partition, assigned here or not."""
        consumer = self._connection.consumer(self._kafka_topic)
        await consumer.start()
        try:
            partitions = consumer.assignment()
            ends = await consumer.end_offsets(partitions)
            starts = await consumer.beginning_offsets(partitions)
            filled = [partition for partition in partitions if ends[partition] > starts[partition]]
            for partition in filled:
                consumer.seek(partition, ends[partition] - 1)
            for partition in filled:
                for record in (await consumer.getmany(partition, timeout_ms=1000)).get(partition, ()):
                    self._observe_raw(record.value, datetime.fromtimestamp(record.timestamp / 1000, tz=UTC))
        finally:
            await consumer.stop()
        return self.at()

    def _observe_raw(self, value: bytes | None, ingested_at: datetime) -> None:
        try:
            document = parse_document(value, ingested_at, DocumentLimits())
        except (RecordRejected, msgspec.DecodeError):
            return
        self.observe(document.published_at, ingested_at)
