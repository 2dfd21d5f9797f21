"""Where partitions end, and how far a consumer is from there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

_PATIENCE_S = 5.0


def fetched_ends(consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
    """Return the ends of the consumer's partitions as far as fetching has seen them."""
    ends = {partition: consumer.highwater(partition) for partition in consumer.assignment()}
    return {partition: end for partition, end in ends.items() if end is not None}


async def n_behind(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> int | None:
    """Return how many records are not read, of those before these ends; None if the broker does not say."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            behind: list[int] = [end - await consumer.position(place) for place, end in ends.items()]
    except (KafkaError, TimeoutError):
        return None
    return sum(max(0, n_records) for n_records in behind)
