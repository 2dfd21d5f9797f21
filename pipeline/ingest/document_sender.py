"""Sending documents to Kafka so that each is acknowledged, or the failure is known.

Owns the producer; knows nothing of files.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from aiokafka.errors import KafkaConnectionError, KafkaError, UnknownTopicOrPartitionError

from pipeline.broker.connection import BrokerUnavailable, Connection
from pipeline.broker.in_flight import InFlight
from pipeline.records import Document, encode

if TYPE_CHECKING:
    from pipeline.tracing.tracing import Tracing


class DeliveryFailed(ConnectionError):
    """Documents, or what else was sent, were not acknowledged; the message is one line with the mend.

    >>> str(DeliveryFailed("documents", "no acknowledgement for 30 s", 12))
    'sending to documents failed after 12 documents: no acknowledgement for 30 s; ingest again, ids stay the same'
    """

    def __init__(self, kafka_topic: str, detail: str, n_acknowledged: int, noun: str = "documents") -> None:
        mend = f"{'ingest' if noun == 'documents' else 'send'} again, ids stay the same"
        super().__init__(f"sending to {kafka_topic} failed after {n_acknowledged} {noun}: {detail}; {mend}")


class DocumentSender:
    """An open producer for `documents`, or what else `noun` says; leaving it waits for every acknowledgement.

    >>> DocumentSender("127.0.0.1:9092", "documents").n_acknowledged
    0
    """

    def __init__(
        self,
        connection: Connection,
        kafka_topic: str,
        *,
        noun: str = "documents",
        max_in_flight: int = 2000,
        connect_timeout_s: float = 15.0,
        delivery_timeout_s: float = 30.0,
        tracing: Tracing | None = None,
    ) -> None:
        self._connection = connection
        self._kafka_topic = kafka_topic
        self._noun = noun
        self._connect_timeout_s = connect_timeout_s
        self._in_flight = InFlight(self._failed, max_records=max_in_flight, timeout_s=delivery_timeout_s)
        self._tracing = tracing
        self._producer: Any = None

    @property
    def n_acknowledged(self) -> int:
        """Return how many the broker has."""
        return self._in_flight.n_acknowledged

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            BrokerUnavailable: no Kafka answers.
            DeliveryFailed: it has no such Kafka topic.
        """
        self._producer = self._connection.producer(
            enable_idempotence=True,
            linger_ms=10,
            max_batch_size=256 * 1024,
            max_request_size=2 * 1024 * 1024,  # above DocumentLimits.max_bytes
        )
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                await self._producer.start()
                await self._producer.partitions_for(self._kafka_topic)
        except (KafkaError, TimeoutError) as error:
            await self._abandon()
            raise self._explained(error) from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            await self._abandon()
            return
        try:
            await self._in_flight.settle()
        except DeliveryFailed:
            await self._abandon()
            raise
        await self._producer.stop()

    async def send(self, document: Document) -> None:
        """Hand the document over; waits while too many are not yet acknowledged.

        Raises:
            DeliveryFailed: this one or an earlier one was not taken.
        """
        await self.send_raw(document.id, encode(document))

    async def send_raw(self, key: str, value: bytes) -> None:
        """Hand bytes over that need not be a document.

        Raises:
            DeliveryFailed: as `send`.
        """
        await self._in_flight.make_room()
        span = self._tracing.send(self._kafka_topic, key) if self._tracing else None
        headers = self._tracing.headers_of(span) if self._tracing and span else None
        try:
            future = await self._producer.send(self._kafka_topic, key=key.encode(), value=value, headers=headers)
        except KafkaError as error:
            raise self._failed(type(error).__name__) from None
        if span is not None:
            future.add_done_callback(lambda _: span.end())
        self._in_flight.add(future)

    def _explained(self, error: Exception) -> Exception:
        if isinstance(error, KafkaConnectionError):
            return BrokerUnavailable(self._connection.bootstrap, "what listens there does not answer as Kafka does")
        if isinstance(error, UnknownTopicOrPartitionError):
            return self._failed("there is no such Kafka topic, make it with `finsurge topics create`")
        if isinstance(error, TimeoutError):
            detail = f"nothing usable within {self._connect_timeout_s:g} s"
            return BrokerUnavailable(self._connection.bootstrap, detail)
        return self._failed(type(error).__name__)

    def _failed(self, detail: str) -> DeliveryFailed:
        return DeliveryFailed(self._kafka_topic, detail, self.n_acknowledged, self._noun)

    async def _abandon(self) -> None:
        """Close without waiting long for what the broker does not take."""
        self._in_flight.abandon()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._producer.stop(), timeout=2.0)
        await self._producer.client.close()
