"""Reads a role's changelog from Kafka, whole, with a consumer of its own."""

from __future__ import annotations

from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.broker.connection import Connection


class KafkaChangelog:
    """The changelog of a role.

    Args:
        connection: to the Kafka.
        kafka_topic: the changelog's full name.
    """

    def __init__(self, connection: Connection, kafka_topic: str) -> None:
        self._connection = connection
        self._kafka_topic = kafka_topic

    async def ends(self, partitions: set[int]) -> Mapping[int, int]:
        """Return the offset that each partition's next record will have."""
        if not partitions:  # the consumer would wait for ever
            return {}
        consumer = await self._consumer()
        try:
            ends = await consumer.end_offsets([TopicPartition(self._kafka_topic, number) for number in partitions])
            return {tp.partition: end for tp, end in ends.items()}
        finally:
            await consumer.stop()

    async def load(self, ends: Mapping[int, int]) -> Mapping[int, dict[str, bytes]]:
        """Return the last value of every key below these ends, by partition; removed keys are not in it."""
        if not ends:
            return {}
        consumer = await self._consumer()
        try:
            loaded: dict[int, dict[str, bytes]] = {number: {} for number in ends}
            waiting = {TopicPartition(self._kafka_topic, number): end for number, end in ends.items()}
            consumer.assign(list(waiting))
            await consumer.seek_to_beginning()
            while waiting := {tp: end for tp, end in waiting.items() if await consumer.position(tp) < end}:
                for tp, records in (await consumer.getmany(*waiting, timeout_ms=1000)).items():
                    for record in records:
                        _apply(loaded[tp.partition], record.key.decode(), record.value)
            return loaded
        finally:
            await consumer.stop()

    async def _consumer(self) -> AIOKafkaConsumer:
        consumer = self._connection.consumer(auto_offset_reset="earliest")
        await consumer.start()
        return consumer


def _apply(values: dict[str, bytes], key: str, value: bytes | None) -> None:
    if value is None:
        values.pop(key, None)
    else:
        values[key] = value
