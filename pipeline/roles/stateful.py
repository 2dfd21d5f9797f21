"""The roles that keep state (link, trends, surges): one loop around a stage, by the recipe of streaming.md §7.

Outputs are durable before the state is written, and the state before the input is acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from pipeline.chunks import ChunkConfig, ChunkLoop
from pipeline.consumer import Contiguity
from pipeline.dead_letters import dead_letter_headers
from pipeline.metrics import Metrics
from pipeline.records import Origin, encode
from pipeline.rejects import RecordRejected, RejectReason
from pipeline.settings import Settings
from pipeline.stage import Stage
from pipeline.table_states import TableStates


class StatefulRole:
    """Runs a stage over a Faust stream and table."""

    def __init__(
        self,
        app: Any,
        settings: Settings,
        name: str,
        stage: Stage[Any],
        states: TableStates[Any],
        inbound: Any,
        metrics: Metrics,
    ) -> None:
        self._app = app
        self._settings = settings
        self._name = name
        self._stage = stage
        self._states = states
        self._decoder = msgspec.json.Decoder(inbound)
        self._metrics = metrics
        self._generation: int | None = None
        config = ChunkConfig(linger_s=settings.linger_s)
        self.loop = ChunkLoop(app, self._work, self._finish, config, Contiguity(app, settings.bootstrap))

    async def run(self, stream: Any) -> None:
        """The agent's body: consume until the app stops."""
        await self.loop.run(stream)

    async def _work(self, events: Sequence[Any]) -> list[Any]:
        return [self._decode(event.message.value) for event in events]

    def _decode(self, value: bytes | None) -> Any:
        try:
            return self._decoder.decode(value or b"")
        except msgspec.DecodeError as error:
            reason = RejectReason.MALFORMED_JSON
            if isinstance(error, msgspec.ValidationError):
                reason = RejectReason.WRONG_TYPE
            return RecordRejected(reason, str(error)[:200])

    async def _finish(self, events: Sequence[Any], records: list[Any]) -> None:
        if self._generation != self._app.consumer_generation_id:
            self._generation = self._app.consumer_generation_id
            self._states.reset()
            self._stage.reset()
        sent = []
        for event, record in zip(events, records, strict=True):
            message = event.message
            if isinstance(record, RecordRejected):
                sent.append(await self._dead_letter(message, record))
                continue
            for outbound in self._stage.step(record, Origin(message.partition, message.offset)):
                topic = self._settings.kafka_topic(outbound.kafka_topic)
                value = encode(outbound.record)
                sent.append(await self._app.producer.send(topic, outbound.key, value, outbound.partition, None, None))
        await asyncio.gather(*sent)
        await self._states.commit()
        self._metrics.progress(datetime.now(UTC))

    async def _dead_letter(self, message: Any, rejected: RecordRejected) -> Any:
        headers = dead_letter_headers(
            rejected,
            kafka_topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            timestamp=message.timestamp,
            stage=self._name,
        )
        self._metrics.count_dead_letter(rejected.reason)
        topic = self._settings.kafka_topic("documents.dlq")
        return await self._app.producer.send(topic, message.key, message.value, None, None, headers)
