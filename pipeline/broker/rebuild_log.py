"""The Kafka topic `rebuilds`: what has made the state anew, whether that is done, and what of `history` counts.

Whoever begins to write says so first; the first in the log after what its author knew of holds.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from aiokafka import TopicPartition

from pipeline.broker.preflight import partition_counts
from pipeline.errors import CommandFailed
from pipeline.records import SCHEMA, AwareDatetime, decode, encode
from pipeline.settings import Settings

Command = Literal["backfill", "rebuild"]
KAFKA_TOPIC = "rebuilds"


class RebuildRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How far a backfill or a rebuild has come.

    >>> raw = b'{"schema":1,"id":"r","command":"rebuild","status":"whole","at":"2026-01-02T03:04:05Z"}'
    >>> decode(RebuildRecord, raw).history
    ()
    """

    schema: int = SCHEMA
    id: str  # of the run
    command: Command
    status: Literal["deciding", "writing", "whole"]
    at: AwareDatetime
    history: tuple[tuple[int, int], ...] = ()  # offsets of `history` that count, from and to, by partition
    deciding_from: tuple[int, ...] = ()  # where in `history` a backfill that is deciding writes, by partition


async def read_last(settings: Settings) -> RebuildRecord | None:
    """Return how the last backfill or rebuild stands, None if there never was one."""
    records = await _read(settings)
    return records[-1] if records else None


async def append(settings: Settings, record: RebuildRecord, known: RebuildRecord | None) -> None:
    """Write a record, unless another run has written since `known`.

    Raises:
        CommandFailed: one has; neither of the two may go on by what it knew.
    """
    producer = settings.connection.producer(enable_idempotence=True)
    await producer.start()
    try:
        key = f"{record.id}/{record.status}".encode()
        await producer.send_and_wait(settings.kafka_topic(KAFKA_TOPIC), encode(record), key=key, partition=0)
    finally:
        await producer.stop()
    records = await _read(settings)
    since = records[records.index(known) + 1 :] if known in records else records
    if since and since[0] != record:
        raise CommandFailed(f"another {since[0].command} began at {since[0].at:%Y-%m-%d %H:%M:%S} UTC; let it end")


async def check_whole(settings: Settings) -> None:
    """Pass, unless the state was left half written.

    Raises:
        CommandFailed: it was; says the mend.
    """
    last = await read_last(settings)
    if last is not None and last.status == "writing":
        raise CommandFailed(
            f"the {last.command} of {last.at:%Y-%m-%d %H:%M:%S} UTC is not done, and its state half written; "
            "let it end, or, if it was ended, run `finsurge rebuild`"
        )


async def _read(settings: Settings) -> list[RebuildRecord]:
    kafka_topic = settings.kafka_topic(KAFKA_TOPIC)
    if kafka_topic not in await partition_counts(settings.connection):
        return []  # of a deployment that is older than the Kafka topic
    partition = TopicPartition(kafka_topic, 0)
    consumer = settings.connection.consumer(auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        records: list[RebuildRecord] = []
        while await consumer.position(partition) < end:
            fetched = (await consumer.getmany(partition, timeout_ms=1000)).get(partition, ())
            records += [decode(RebuildRecord, record.value) for record in fetched]
        return records
    finally:
        await consumer.stop()
