"""Where windows are read from: `trends` of a Kafka, or the `trends.jsonl` of a replay."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
from aiokafka import TopicPartition

from pipeline.errors import CommandFailed
from pipeline.records import TrendRecord, decode
from pipeline.settings import Settings
from pipeline.stage import partition_of


def windows_of_file(path: Path) -> Iterator[TrendRecord]:
    """Yield the windows of a replay's `trends.jsonl`, in the order in which they were told.

    Raises:
        CommandFailed: a line holds no window; the message names it.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield decode(TrendRecord, line)
            except msgspec.DecodeError as error:
                raise CommandFailed(
                    f"{path}:{number}: not a window: {error}; give the trends.jsonl of a replay"
                ) from None


async def windows_of_kafka(settings: Settings, topic: str) -> AsyncIterator[TrendRecord]:
    """Yield the windows that lie in a topic's partition of `trends`, other topics' too, as far as it goes now.

    Raises:
        CommandFailed: the Kafka topic is not there.
    """
    from pipeline.broker.preflight import partition_counts  # loads Faust

    kafka_topic = settings.kafka_topic("trends")
    n_partitions = (await partition_counts(settings.connection)).get(kafka_topic)
    if not n_partitions:
        raise CommandFailed(f"Kafka topic {kafka_topic} is missing; make it with `finsurge topics create`")
    consumer = settings.connection.consumer(auto_offset_reset="earliest")
    await consumer.start()
    try:
        partition = TopicPartition(kafka_topic, partition_of(topic, n_partitions))
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        while await consumer.position(partition) < end:
            for records in (await consumer.getmany(partition, timeout_ms=1000)).values():
                for record in records:
                    if record.offset < end:
                        yield decode(TrendRecord, record.value)
    finally:
        await consumer.stop()
