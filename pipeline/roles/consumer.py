"""Two guards around Faust's consumer: commits never pass an unacknowledged record, and no record is skipped.

Measured on faust-streaming 0.15.3 (tests/pipeline/test_consumer.py fails when upstream changes either).
"""

from __future__ import annotations

import bisect
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import faust
from aiokafka import TopicPartition
from faust.transport.consumer import Consumer

from pipeline.broker.connection import Connection

log = logging.getLogger(__name__)
GUARDED_VERSION = "0.15.3"


class RecordsSkipped(RuntimeError):
    """Faust handed over a record beyond the next one: going on would lose those between."""


def guard_commits() -> None:
    """Make Faust commit only below the smallest offset that is not acknowledged (faust issue 606).

    Raises:
        RuntimeError: the installed Faust is not the one that this override was written against.
    """
    if faust.__version__ != GUARDED_VERSION:
        raise RuntimeError(f"faust-streaming must be {GUARDED_VERSION}, got {faust.__version__}")
    if getattr(Consumer._new_offset, "is_guarded", False):
        return
    upstream = Consumer._new_offset

    def _new_offset(self: Any, tp: Any) -> int | None:
        waiting = (m.offset for m in list(self._unacked_messages) if m.tp == tp and not m.acked)
        lowest = min(waiting, default=None)
        acked = self._acked[tp]
        if lowest is None or not acked:
            return upstream(self, tp)  # type: ignore[no-any-return]
        acked.sort()
        index = bisect.bisect_left(acked, lowest)
        if index == 0:
            return None
        held = acked[index:]
        del acked[index:]
        try:
            return upstream(self, tp)  # type: ignore[no-any-return]
        finally:
            self._acked[tp].extend(held)

    _new_offset.is_guarded = True  # type: ignore[attr-defined]
    Consumer._new_offset = _new_offset


class Contiguity:
    """Checks that each record is the next one of its partition, and tells a skip from a genuine gap.

    Retention, compaction and transaction markers leave genuine gaps: the broker itself has nothing there.

    Args:
        app: whose consumer is watched.
        first_offset: returns the offset of the first record that the broker holds from an offset on.
        on_gap: is told the Kafka topic of a genuine gap.
    """

    def __init__(
        self, app: Any, first_offset: Callable[[Any, int], Awaitable[int]], on_gap: Callable[[str], None]
    ) -> None:
        self._app = app
        self._first_offset = first_offset
        self._on_gap = on_gap
        self._expected: dict[tuple[Any, int], int] = {}

    async def check(self, message: Any) -> None:
        """Pass, or raise.

        Raises:
            RecordsSkipped: the broker holds a record between the expected one and this one.
        """
        key = (message.tp, message.generation_id)
        expected = self._expected.get(key)
        if expected is None:
            expected = self._app.consumer._committed_offset.get(message.tp)
        if expected is not None and message.offset > expected:
            first = await self._first_offset(message.tp, expected)
            if first < message.offset:
                raise RecordsSkipped(
                    f"{message.tp.topic} partition {message.tp.partition}: expected offset {expected}, "
                    f"got {message.offset}, the broker holds {first}"
                )
            self._on_gap(message.tp.topic)
            log.warning("genuine gap in %s: offsets %d to %d", message.tp, expected, message.offset - 1)
        self._expected[key] = message.offset + 1


class BrokerLog:
    """Looks into a partition by a second consumer, which is in no group and moves nobody's offsets."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def __call__(self, tp: Any, offset: int) -> int:
        """Return the offset of the first record at or after `offset`; waits for one if there is none."""
        consumer = self._connection.consumer(auto_offset_reset="earliest")
        await consumer.start()
        try:
            partition = TopicPartition(tp.topic, tp.partition)
            consumer.assign([partition])
            consumer.seek(partition, offset)
            return int((await consumer.getone()).offset)
        finally:
            await consumer.stop()
