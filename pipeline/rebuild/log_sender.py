"""Sends records to given partitions of Kafka, so many at a time, and knows when all are there."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from pipeline.broker.connection import BrokerUnavailable
from pipeline.broker.topics import CHANGELOG_MAX_BYTES

_MAX_IN_FLIGHT = 2_000
_DELIVERY_TIMEOUT_S = 60.0


class LogSender:
    """An open producer; use as `async with LogSender(bootstrap) as sender`.

    >>> LogSender("127.0.0.1:9092").n_acknowledged
    0
    """

    def __init__(self, bootstrap: str) -> None:
        self.n_acknowledged = 0
        self._bootstrap = bootstrap
        self._in_flight: deque[asyncio.Future[Any]] = deque()
        self._producer: Any = None

    async def __aenter__(self) -> LogSender:
        """Connect."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=10,
            max_batch_size=256 * 1024,
            max_request_size=CHANGELOG_MAX_BYTES,
        )
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for future in self._in_flight:
            future.cancel()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._producer.stop(), timeout=5.0)

    async def send(self, kafka_topic: str, partition: int, key: bytes, value: bytes | None) -> None:
        """Hand a record over; waits while too many are not acknowledged.

        Raises:
            BrokerUnavailable: this one or an earlier one was not taken.
        """
        if len(self._in_flight) >= _MAX_IN_FLIGHT:
            await self._settle()
        try:
            sent = await self._producer.send(kafka_topic, value, key=key, partition=partition)
        except KafkaError as error:
            raise self._failed(type(error).__name__) from None
        self._in_flight.append(sent)

    async def flush(self) -> None:
        """Return when the broker has all that was handed over."""
        while self._in_flight:
            await self._settle()

    async def _settle(self) -> None:
        try:
            async with asyncio.timeout(_DELIVERY_TIMEOUT_S):
                await self._in_flight.popleft()
        except TimeoutError:
            raise self._failed(f"no acknowledgement for {_DELIVERY_TIMEOUT_S:g} s") from None
        except KafkaError as error:
            raise self._failed(type(error).__name__) from None
        self.n_acknowledged += 1

    def _failed(self, detail: str) -> BrokerUnavailable:
        return BrokerUnavailable(self._bootstrap, f"after {self.n_acknowledged} records, {detail}")
