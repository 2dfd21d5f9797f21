"""A part of a Kafka topic: from where to where, and a consumer that stands at its beginning."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.broker.connection import Connection
from pipeline.broker.preflight import partitions_of


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a Kafka topic: from where to where, by partition.

    >>> Section("decisions", {0: (5, 7), 1: (0, 10)}).n_records
    12
    """

    kafka_topic: str
    ranges: Mapping[int, tuple[int, int]]

    @property
    def n_records(self) -> int:
        """How many records it holds at most."""
        return sum(end - begin for begin, end in self.ranges.values())

    @property
    def ends(self) -> dict[int, int]:
        """The offset after the last, by partition."""
        return {partition: end for partition, (_, end) in self.ranges.items()}


async def whole_section(connection: Connection, kafka_topic: str) -> Section:
    """Return all that lies in a Kafka topic now.

    Raises:
        CommandFailed: it is missing.
    """
    partitions = await partitions_of(connection, kafka_topic)
    consumer = connection.consumer()
    await consumer.start()
    try:
        begins = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()
    return Section(kafka_topic, {tp.partition: (begins[tp], ends[tp]) for tp in partitions})


@asynccontextmanager
async def opened(
    connection: Connection, section: Section
) -> AsyncIterator[tuple[AIOKafkaConsumer, dict[TopicPartition, int]]]:
    """Give a consumer at the beginning of the section, and where each partition that has something of it ends."""
    filled = {number: bounds for number, bounds in section.ranges.items() if bounds[0] < bounds[1]}
    ends = {TopicPartition(section.kafka_topic, number): end for number, (_, end) in filled.items()}
    consumer = connection.consumer(auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(list(ends))
        for tp in ends:
            consumer.seek(tp, filled[tp.partition][0])
        yield consumer, ends
    finally:
        await consumer.stop()
