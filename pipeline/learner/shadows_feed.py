"""Reads `shadows` into the evidence of the trial under way, from the time at which it began."""

from __future__ import annotations

import logging
from datetime import datetime

import msgspec
from aiokafka import TopicPartition

from pipeline.broker.connection import Connection
from pipeline.learner.evidence import TrialEvidence
from pipeline.logs.about import at
from pipeline.records import ShadowDecision, decode

log = logging.getLogger(__name__)


class ShadowsFeed:
    """Follows the Kafka topic `shadows`.

    Args:
        connection: to the Kafka.
        kafka_topic: the topic's name in this deployment.

    Use as `async with ShadowsFeed(…) as feed: await feed.read(evidence)`.
    """

    def __init__(self, connection: Connection, kafka_topic: str) -> None:
        self._consumer = connection.consumer(kafka_topic, auto_offset_reset="latest")

    async def __aenter__(self) -> ShadowsFeed:
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def begin(self, at: datetime) -> None:
        """Go on with what was written at this time or later."""
        partitions: set[TopicPartition] = self._consumer.assignment()
        at_ms = round(at.timestamp() * 1000)
        found = await self._consumer.offsets_for_times(dict.fromkeys(partitions, at_ms))
        ends = await self._consumer.end_offsets(partitions)
        for partition in partitions:
            offset = found.get(partition)
            self._consumer.seek(partition, offset.offset if offset is not None else ends[partition])

    async def read(self, evidence: TrialEvidence) -> int:
        """Take what has come, and return how many documents that was."""
        n_read = 0
        for records in (await self._consumer.getmany(timeout_ms=0)).values():
            for record in records:
                n_read += 1
                try:
                    evidence.update(decode(ShadowDecision, record.value or b""))
                except (msgspec.DecodeError, ValueError):
                    log.warning("what lies there is no shadow", extra=at(record))
        return n_read
