"""Reads what the join follows: every partition, from where the store says, with no consumer group.

The store keeps the offsets itself, so what it holds and how far it has read never differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition

from pipeline.broker.ends import fetched_ends, n_behind
from pipeline.broker.preflight import check_present
from pipeline.errors import CommandFailed
from pipeline.feedback.feedback import READ, Fetched
from pipeline.feedback.store import FeedbackStore, StoreUnusable
from pipeline.records import Origin
from pipeline.settings import Settings

MAX_RECORDS = 1_000
"""In one step: some hundred milliseconds, in which the loop answers nobody."""


class FeedbackFeed:
    """Follows all that the join is about.

    Args:
        settings: the deployment's.
        store: says where to go on.

    Use as `async with FeedbackFeed(…) as feed: await feed.read()`.
    """

    def __init__(self, settings: Settings, store: FeedbackStore) -> None:
        self._names = {settings.kafka_topic(name): name for name in READ}
        self._store = store
        self._connection = settings.connection
        self._placed: Set[TopicPartition] = frozenset()  # partitions that are read from where the store says
        self._consumer = settings.connection.consumer(
            *self._names, auto_offset_reset="earliest", max_poll_records=MAX_RECORDS
        )

    async def __aenter__(self) -> FeedbackFeed:
        """Connect, and go to where the store says.

        Raises:
            CommandFailed: a Kafka topic is missing.
            StoreUnusable: the store is of another Kafka.
        """
        try:
            await check_present(self._connection, self._names)
            await self._consumer.start()
            await self._check_offsets()
        except (CommandFailed, StoreUnusable):
            await self._consumer.stop()
            raise
        self._place()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def ends(self) -> dict[TopicPartition, int]:
        """Return the offset that each partition's next record will have."""
        found: dict[TopicPartition, int] = await self._consumer.end_offsets(list(self._consumer.assignment()))
        return found

    async def read(self, timeout_s: float = 1.0) -> list[Fetched]:
        """Return what has come, waiting at most so long."""
        if self._consumer.assignment() != self._placed:
            self._place()
        fetched = await self._consumer.getmany(timeout_ms=round(timeout_s * 1000))
        now = datetime.now(UTC)
        return [self._fetched(partition, record, now) for partition, records in fetched.items() for record in records]

    async def n_behind(self, ends: Mapping[TopicPartition, int]) -> int | None:
        """Return how many records are not read, of those before these ends; None if the broker does not say."""
        return await n_behind(self._consumer, ends)

    def latest(self) -> dict[TopicPartition, int]:
        """Return the ends of partitions as far as fetching has seen them."""
        return fetched_ends(self._consumer)

    async def _check_offsets(self) -> None:
        """Pass, unless the store has read what this Kafka never had: what comes next would be taken for known."""
        reached = self._store.offsets()
        for partition, end in (await self.ends()).items():
            n_read = reached.get((self._names[partition.topic], partition.partition), 0)
            if n_read > end:
                where = f"{partition.topic}-{partition.partition}"
                told = f"the join's store has read {where} up to {n_read}, and {self._connection} has it up to {end}"
                mend = "it is of another Kafka, or the topic was made anew: move the store away, or go back"
                raise StoreUnusable(f"{told}; {mend}")

    def _place(self) -> None:
        """Go to where the store says: a partition that was added has the client begin all of them anew."""
        self._placed = self._consumer.assignment()
        reached = self._store.offsets()
        for partition in self._placed:
            place = (self._names[partition.topic], partition.partition)
            if place in reached:
                self._consumer.seek(partition, reached[place])

    def _fetched(self, partition: TopicPartition, record: Any, now: datetime) -> Fetched:
        return Fetched(
            self._names[partition.topic],
            Origin(partition.partition, record.offset),
            record.key,
            record.value,
            _time(record.timestamp, now),
        )


def _time(timestamp_ms: int | None, now: datetime) -> datetime:
    """Return a record's time; a producer may write any number, or none."""
    try:
        at = datetime.fromtimestamp((timestamp_ms or -1) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return at if timestamp_ms is not None and timestamp_ms > 0 else now
