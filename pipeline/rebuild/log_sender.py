"""Sends records to given partitions of Kafka, so many at a time, and knows when all are there."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Any

from aiokafka.errors import KafkaError

from pipeline.broker.connection import BrokerUnavailable, Connection
from pipeline.broker.in_flight import InFlight
from pipeline.broker.topics import CHANGELOG_MAX_BYTES

_DELIVERY_TIMEOUT_S = 60.0


class LogSender:
    """An open producer; use as `async with LogSender(connection) as sender`.

    >>> LogSender(Connection("127.0.0.1:9092")).n_acknowledged
    0
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._in_flight = InFlight(self._failed, timeout_s=_DELIVERY_TIMEOUT_S)
        self._producer: Any = None

    @property
    def n_acknowledged(self) -> int:
        """Return how many the broker has."""
        return self._in_flight.n_acknowledged

    async def __aenter__(self) -> LogSender:
        """Connect."""
        self._producer = self._connection.producer(
            enable_idempotence=True, linger_ms=10, max_batch_size=256 * 1024, max_request_size=CHANGELOG_MAX_BYTES
        )
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._in_flight.abandon()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._producer.stop(), timeout=5.0)

    async def send(self, kafka_topic: str, partition: int, key: bytes, value: bytes | None) -> None:
        """Hand a record over; waits while too many are not acknowledged.

        Raises:
            BrokerUnavailable: this one or an earlier one was not taken.
        """
        await self._in_flight.make_room()
        try:
            sent = await self._producer.send(kafka_topic, value, key=key, partition=partition)
        except KafkaError as error:
            raise self._failed(type(error).__name__) from None
        self._in_flight.add(sent)

    async def flush(self) -> None:
        """Return when the broker has all that was handed over."""
        await self._in_flight.settle()

    def _failed(self, detail: str) -> BrokerUnavailable:
        return BrokerUnavailable(self._connection.bootstrap, f"after {self.n_acknowledged} records, {detail}")
