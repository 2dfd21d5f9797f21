"""Reads what the exporter follows: every partition, in no consumer group, from as far back as it matters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from pipeline.broker.ends import fetched_ends, n_behind
from pipeline.broker.preflight import partitions_of
from pipeline.settings import Settings

_FROM_BEGINNING = ("alerts", "actions")
"""Few, and an episode may be old."""
_RECENT = ("trends", "candidates")
"""Only what the current window can hold matters of these."""
_MAX_RECORDS = 2_000


class Read(NamedTuple):
    """A record as it was read."""

    kafka_topic: str  # without the deployment's prefix
    value: bytes


class ExporterFeed:
    """Follows windows, evidence, alerts and actions.

    Args:
        settings: the deployment's.
        back: how far back windows and evidence are read at the start, by the broker's time.
        now: processing time.

    Use as `async with ExporterFeed(…) as feed: await feed.read()`.
    """

    def __init__(self, settings: Settings, *, back: timedelta, now: datetime) -> None:
        self._settings = settings
        self._since_ms = int((now - back).astimezone(UTC).timestamp() * 1000)
        self._names = {settings.kafka_topic(name): name for name in (*_FROM_BEGINNING, *_RECENT)}
        self._consumer = settings.connection.consumer(auto_offset_reset="earliest", max_poll_records=_MAX_RECORDS)
        self._ends: dict[TopicPartition, int] = {}

    async def __aenter__(self) -> ExporterFeed:
        """Connect.

        Raises:
            CommandFailed: a Kafka topic is missing.
        """
        found = {name: await partitions_of(self._settings.connection, name) for name in self._names}
        await self._consumer.start()
        try:
            await self._place(found)
        except KafkaError:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def read(self, timeout_s: float = 1.0) -> list[Read]:
        """Return what has come, waiting at most so long."""
        fetched = await self._consumer.getmany(timeout_ms=round(timeout_s * 1000))
        return [
            Read(self._names[partition.topic], record.value or b"")
            for partition, records in fetched.items()
            for record in records
        ]

    async def n_behind(self) -> int | None:
        """Return how many records are not read, as far as fetching has seen; None if the broker does not say."""
        return await n_behind(self._consumer, {**self._ends, **fetched_ends(self._consumer)})

    async def _place(self, found: Mapping[str, list[TopicPartition]]) -> None:
        partitions = [partition for each in found.values() for partition in each]
        self._consumer.assign(partitions)
        self._ends = await self._consumer.end_offsets(partitions)
        whole = [tp for name, tps in found.items() if self._names[name] in _FROM_BEGINNING for tp in tps]
        recent = [tp for name, tps in found.items() if self._names[name] in _RECENT for tp in tps]
        await self._consumer.seek_to_beginning(*whole)
        since = await self._consumer.offsets_for_times(dict.fromkeys(recent, self._since_ms))
        for partition in recent:
            place = since.get(partition)
            self._consumer.seek(partition, place.offset if place is not None else self._ends[partition])
