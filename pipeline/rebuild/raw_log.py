"""Reads a part of a Kafka topic as it lies there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from pipeline.broker.section import Section, opened
from pipeline.settings import Settings


async def read_raw(settings: Settings, section: Section) -> AsyncIterator[Any]:
    """Yield the Kafka client's records; within a partition in order, the partitions as they come."""
    if not section.n_records:
        return  # a consumer that is stopped as soon as it has started ends in CancelledError
    async with opened(settings.connection, section) as (consumer, ends):
        while waiting := [tp for tp, end in ends.items() if await consumer.position(tp) < end]:
            for tp, records in (await consumer.getmany(*waiting, timeout_ms=1000)).items():
                for record in records:
                    if record.offset < ends[tp]:
                        yield record
