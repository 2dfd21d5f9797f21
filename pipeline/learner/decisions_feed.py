"""Reads `decisions` for the drift watch: from where that has come to, or from now on; with no consumer group."""

from __future__ import annotations

import logging

import msgspec

from pipeline.broker.connection import Connection
from pipeline.broker.preflight import partitions_of
from pipeline.learner.drift import DriftWatch, WatchedDecision

log = logging.getLogger(__name__)
_MAX_RECORDS = 5_000
"""In a turn: the rest is read in the next ones, so that a backlog keeps the learner from nothing."""


class _Tagged(msgspec.Struct):
    type: str


_tag = msgspec.json.Decoder(_Tagged)
_decision = msgspec.json.Decoder(WatchedDecision)


class DecisionsFeed:
    """Follows the Kafka topic `decisions`.

    Args:
        connection: to the Kafka.
        kafka_topic: the topic's name in this deployment.
        drift: told of each decision.

    Use as `async with DecisionsFeed(…) as feed: await feed.read()`.
    """

    def __init__(self, connection: Connection, kafka_topic: str, drift: DriftWatch) -> None:
        self._consumer = connection.consumer(
            auto_offset_reset="earliest",  # what is no longer kept is left out
            max_poll_records=_MAX_RECORDS,
        )
        self._connection = connection
        self._kafka_topic = kafka_topic
        self._drift = drift

    async def __aenter__(self) -> DecisionsFeed:
        partitions = await partitions_of(self._connection, self._kafka_topic)
        await self._consumer.start()
        self._consumer.assign(partitions)
        known = self._drift.next_offsets
        ends = await self._consumer.end_offsets(partitions)
        for partition in partitions:
            self._consumer.seek(partition, known.get(partition.partition, ends[partition]))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def read(self) -> int:
        """Take what has come, and return how many decisions that was."""
        decisions: list[WatchedDecision] = []
        next_offsets: dict[int, int] = {}
        for partition, records in (await self._consumer.getmany(timeout_ms=0)).items():
            for record in records:
                decision = watched(record.value)
                if decision is not None:
                    decisions.append(decision)
                next_offsets[partition.partition] = record.offset + 1
        if next_offsets:
            self._drift.read(decisions, next_offsets)
        return len(decisions)


def watched(value: bytes | None) -> WatchedDecision | None:
    """Return what is watched of a record of `decisions`; None for ticks, revisions, and what is none of ours.

    >>> watched(b'{"type":"tick","stream_at":"2026-01-02T03:04:05Z"}') is None
    True
    """
    try:
        if _tag.decode(value or b"").type != "decision":
            return None
        return _decision.decode(value or b"")
    except msgspec.DecodeError:
        return None  # the roles that count it say so
