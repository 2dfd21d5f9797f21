"""Sends what lies in the outbox, in order; what the broker has is taken out. Knows nothing of what it sends."""

from __future__ import annotations

import asyncio
from typing import Any

from pipeline.broker.connection import Connection
from pipeline.broker.topics import DLQ_MAX_BYTES
from pipeline.feedback.store import FeedbackStore, Sending

CHUNK = 256
"""Messages that may be repeated after a kill: `link` remembers twice as many revisions of a partition."""


class OutboxSender:
    """The outbox's way out.

    Args:
        connection: to the Kafka.
        topic_prefix: put before the name of every Kafka topic.
        store: whose outbox it is.

    Use as `async with OutboxSender(…) as sender: await sender.flush()`.
    """

    def __init__(self, connection: Connection, topic_prefix: str, store: FeedbackStore) -> None:
        self._producer = connection.producer(enable_idempotence=True, linger_ms=5, max_request_size=DLQ_MAX_BYTES)
        self._topic_prefix = topic_prefix
        self._store = store

    async def __aenter__(self) -> OutboxSender:
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def flush(self) -> int:
        """Send all there is, and return how many messages that were.

        Raises:
            KafkaError: the broker did not take it; it stays in the outbox.
        """
        n_sent = 0
        while waiting := self._store.outbox(CHUNK):
            sent = [await self._send(sending) for _, sending in waiting]
            for future in sent:
                await future
            with self._store.step():
                self._store.sent([number for number, _ in waiting])
            n_sent += len(waiting)
        return n_sent

    async def _send(self, sending: Sending) -> asyncio.Future[Any]:
        headers = [(name, value.encode()) for name, value in sending.headers]
        future: asyncio.Future[Any] = await self._producer.send(
            self._topic_prefix + sending.kafka_topic,
            value=sending.value,
            key=sending.key,
            partition=sending.partition,
            headers=headers or None,
        )
        return future
