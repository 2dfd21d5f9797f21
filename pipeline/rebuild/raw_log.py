"""Reads a part of a Kafka topic as it lies there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.broker.decision_log import Section
from pipeline.settings import Settings


async def read_raw(settings: Settings, section: Section) -> AsyncIterator[Any]:
    """Yield the Kafka client's records; within a partition in order, the partitions as they come."""
    filled = {number: bounds for number, bounds in section.ranges.items() if bounds[0] < bounds[1]}
    if not filled:
        return
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        ends = {TopicPartition(section.kafka_topic, number): end for number, (_, end) in filled.items()}
        consumer.assign(list(ends))
        for tp in ends:
            consumer.seek(tp, filled[tp.partition][0])
        while waiting := [tp for tp, end in ends.items() if await consumer.position(tp) < end]:
            for tp, records in (await consumer.getmany(*waiting, timeout_ms=1000)).items():
                for record in records:
                    if record.offset < ends[tp]:
                        yield record
    finally:
        await consumer.stop()
