"""Sends the invented analysts' corrections, as `finsurge correct` and the console do."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer

from pipeline.feedback.records import Correction
from pipeline.records import encode


class CorrectionSender:
    """An open producer for `corrections`.

    Args:
        bootstrap: host:port[,host:port].
        kafka_topic: the topic's name in this deployment.

    Use as `async with CorrectionSender(…) as sender: await sender.send(correction)`.
    """

    def __init__(self, bootstrap: str, kafka_topic: str) -> None:
        self._bootstrap = bootstrap
        self._kafka_topic = kafka_topic

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(bootstrap_servers=self._bootstrap, acks="all")
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def send(self, correction: Correction) -> None:
        """Send one, and wait until the broker has it."""
        key = correction.document_id.encode()
        await self._producer.send_and_wait(self._kafka_topic, encode(correction), key=key)
