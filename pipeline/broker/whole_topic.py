"""Reads a Kafka topic from its beginning to where it ends now, in no consumer group."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pipeline.broker.connection import Connection
from pipeline.broker.preflight import partitions_of


async def whole_topic(connection: Connection, kafka_topic: str) -> AsyncIterator[bytes]:
    """Yield every record's value, in the order of each partition; empty for one that has none.

    Raises:
        CommandFailed: the Kafka topic is missing.
    """
    partitions = await partitions_of(connection, kafka_topic)
    consumer = connection.consumer(auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(each) < end for each, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    yield record.value or b""
    finally:
        await consumer.stop()
