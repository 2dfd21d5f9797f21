"""Reads what lies in `decisions` of a Kafka, in one order whatever the timing of the fetches."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.records import Decision, DecisionOrTick
from pipeline.rejects import RecordRejected
from pipeline.roles.dead_letter_box import decoded
from pipeline.settings import Settings

_decoder: msgspec.json.Decoder[DecisionOrTick] = msgspec.json.Decoder(DecisionOrTick)


async def read_decisions(settings: Settings) -> AsyncIterator[tuple[int, DecisionOrTick]]:
    """Yield (partition, record) of all that was in `decisions` at the start, merged by time of decision.

    Within a partition the order is the log's; across partitions it is that of `decided_at`, then of the partition.
    """
    consumer = AIOKafkaConsumer(
        settings.kafka_topic("decisions"),
        bootstrap_servers=settings.bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        logs = [_Log(consumer, partition) for partition in sorted(consumer.assignment())]
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets([log.partition for log in logs])
        for log in logs:
            log.end = ends[log.partition]
            await log.fill()
        while waiting := [log for log in logs if log.held]:
            log = min(waiting, key=lambda log: (log.due_at, log.partition.partition))
            yield log.partition.partition, log.pop()
            if not log.held:
                await log.fill()
    finally:
        await consumer.stop()


class _Log:
    def __init__(self, consumer: AIOKafkaConsumer, partition: TopicPartition) -> None:
        self._consumer = consumer
        self.partition = partition
        self.end = 0
        self.held: deque[DecisionOrTick] = deque()
        self.due_at = ""

    async def fill(self) -> None:
        while not self.held and await self._consumer.position(self.partition) < self.end:
            fetched = await self._consumer.getmany(self.partition, timeout_ms=1000, max_records=500)
            for record in fetched.get(self.partition, ()):
                if record.offset < self.end and (decoded := _decode(record.value)) is not None:
                    self.held.append(decoded)
        self._look()

    def pop(self) -> DecisionOrTick:
        record = self.held.popleft()
        self._look()
        return record

    def _look(self) -> None:
        if self.held and isinstance(self.held[0], Decision):
            at: datetime = self.held[0].decided_at
            self.due_at = at.isoformat()


def _decode(value: bytes | None) -> DecisionOrTick | None:
    record: DecisionOrTick | RecordRejected = decoded(_decoder, value)
    return None if isinstance(record, RecordRejected) else record  # `link` put it to the dead letters
