"""Reads `rounds` into the round log: every partition, from where the log says, with no consumer group.

The log keeps the offsets itself, so what it holds and how far it has read never differ.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from pipeline.broker.connection import Connection
from pipeline.broker.preflight import partitions_of
from pipeline.feedback.records import RoundRecord
from pipeline.feedback.round_record import round_of
from pipeline.learner.round_log import LoggedRound
from pipeline.learner.weighed_rounds import WeighedRounds
from pipeline.logs.about import at
from pipeline.records import decode

log = logging.getLogger(__name__)


class RoundsFeed:
    """Follows the Kafka topic `rounds`.

    Args:
        connection: to the Kafka.
        kafka_topic: the topic's name in this deployment.
        rounds: where they go.
        on_rounds: told how many were read, and how many of those could not be understood.

    Use as `async with RoundsFeed(…) as feed: await feed.read()`.
    """

    def __init__(
        self, connection: Connection, kafka_topic: str, rounds: WeighedRounds, on_rounds: Callable[[int, int], None]
    ) -> None:
        self._consumer = connection.consumer(auto_offset_reset="earliest")
        self._connection = connection
        self._kafka_topic = kafka_topic
        self._rounds = rounds
        self._on_rounds = on_rounds

    async def __aenter__(self) -> RoundsFeed:
        partitions = await partitions_of(self._connection, self._kafka_topic)
        await self._consumer.start()
        self._consumer.assign(partitions)
        known = self._rounds.next_offsets()
        for partition in partitions:
            if partition.partition in known:
                self._consumer.seek(partition, known[partition.partition])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def read_all(self) -> None:
        """Take all that there is now."""
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        while any([await self._consumer.position(partition) < end for partition, end in ends.items()]):
            await self.read(timeout_s=0.5)

    async def read(self, timeout_s: float = 1.0) -> int:
        """Take what has come, waiting at most so long, and return how many rounds that was."""
        rounds: list[LoggedRound] = []
        next_offsets: dict[int, int] = {}
        n_unusable = 0
        for partition, records in (await self._consumer.getmany(timeout_ms=round(timeout_s * 1000))).items():
            for record in records:
                answered = _logged(record.value)
                if answered is None:
                    n_unusable += 1
                    log.warning("what lies there is no round", extra=at(record))
                else:
                    rounds.append(answered)
                next_offsets[partition.partition] = record.offset + 1
        if next_offsets:
            self._rounds.add(rounds, next_offsets)
            self._on_rounds(len(rounds), n_unusable)
        return len(rounds)


def _logged(value: bytes | None) -> LoggedRound | None:
    """Return what the log keeps of a record, or None if no round can be made of it."""
    try:
        record = decode(RoundRecord, value or b"")
        round_of(record)
    except (msgspec.DecodeError, ValueError):
        return None
    return LoggedRound(record.id, record.document_id, record.analyst, record.corrected_at, value or b"")
