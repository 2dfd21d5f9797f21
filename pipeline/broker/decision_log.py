"""Reads `history` and `decisions` of a Kafka, in one order whatever the timing of the fetches."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.broker.rebuild_log import read_last
from pipeline.broker.section import Section, opened, whole_section
from pipeline.records import Decision, DecisionOrTick, Origin, Revision, Tick
from pipeline.rejects import RecordRejected
from pipeline.roles.dead_letter_box import decoded
from pipeline.settings import Settings

HISTORY_OFFSET = -(2**48)
"""Added to a place in `history`, it is an offset of `documents` before all that live documents have."""

_decoder: msgspec.json.Decoder[DecisionOrTick] = msgspec.json.Decoder(DecisionOrTick)


async def history_section(settings: Settings) -> Section:
    """Return what counts of `history`."""
    last = await read_last(settings)
    ranges = enumerate(last.history if last is not None else ())
    return Section(settings.kafka_topic("history"), dict(ranges))


async def read_decisions(settings: Settings) -> AsyncIterator[tuple[int, DecisionOrTick]]:
    """Yield (partition, record) of what was in `history` and `decisions` at the start, merged by time of decision.

    Within a partition the order is the log's; across partitions it is that of `decided_at`, then of the partition.
    """
    decisions = await whole_section(settings.connection, settings.kafka_topic("decisions"))
    async for entry in read_history(settings, await history_section(settings)):
        yield entry
    async for entry in read_section(settings, decisions):
        yield entry


async def read_history(settings: Settings, section: Section) -> AsyncIterator[tuple[int, DecisionOrTick]]:
    """Yield a part of `history` as what came before all of `decisions`, and at its end how far it has come.

    Without that, windows of its last hours would wait for a live document in every partition.
    """
    newest_at: datetime | None = None
    places = dict.fromkeys(section.ranges, 0)
    async for partition, record in read_section(settings, section):
        places[partition] += 1
        if isinstance(record, Decision):
            newest_at = max(record.published_at, newest_at or record.published_at)
        yield partition, before_live(record, Origin(partition, places[partition]))
    if newest_at is not None:
        for partition in section.ranges:
            yield partition, Tick(stream_at=newest_at)


def before_live(record: DecisionOrTick, place: Origin) -> DecisionOrTick:
    """Return a record of `history` with an origin before those of all live documents.

    Args:
        record: as it lies there.
        place: its partition, and its number there.
    """
    if isinstance(record, Decision):
        return msgspec.structs.replace(record, origin=Origin(place.partition, HISTORY_OFFSET + place.offset))
    if isinstance(record, Revision):  # of a document that lies somewhere before it
        return msgspec.structs.replace(record, origin=Origin(place.partition, HISTORY_OFFSET))
    return record


async def read_section(settings: Settings, section: Section) -> AsyncIterator[tuple[int, DecisionOrTick]]:
    """Yield (partition, record) of a part of `decisions` or `history`, merged by time of decision."""
    if not section.n_records:
        return
    async with opened(settings.connection, section) as (consumer, ends):
        logs = [_Log(consumer, partition, end) for partition, end in ends.items()]
        for log in logs:
            await log.fill()
        while waiting := [log for log in logs if log.held]:
            log = min(waiting, key=lambda log: (log.due_at, log.partition.partition))
            yield log.partition.partition, log.pop()
            if not log.held:
                await log.fill()


class _Log:
    def __init__(self, consumer: AIOKafkaConsumer, partition: TopicPartition, end: int) -> None:
        self._consumer = consumer
        self.partition = partition
        self.end = end
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
