"""The roles that keep state (link, trends, surges): one loop around a stage, by the recipe of streaming.md §7.

Outputs are durable before the state is written, and the state before the input is acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import repeat
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.broker.rebuild_log import check_whole
from pipeline.metrics import Metrics
from pipeline.records import Origin, encode
from pipeline.rejects import RecordRejected
from pipeline.roles.chunks import ChunkConfig, ChunkLoop
from pipeline.roles.consumer import BrokerLog, Contiguity
from pipeline.roles.dead_letter_box import DeadLetterBox, decoded
from pipeline.roles.faust_app import Role
from pipeline.roles.logged_states import LoggedStates
from pipeline.settings import Settings
from pipeline.stage import Stage

if TYPE_CHECKING:
    from pipeline.tracing.stages import StageTracing
    from pipeline.tracing.tracing import Tracing


class StatefulRole:
    """Runs a stage over a Faust stream, with its state in a changelog."""

    def __init__(
        self,
        app: Any,
        settings: Settings,
        role: Role,
        stage: Stage[Any],
        states: LoggedStates[Any],
        inbound: Any,
        metrics: Metrics,
        tracing: Tracing | None = None,
    ) -> None:
        self._app = app
        self._settings = settings
        self._stage = stage
        self._states = states
        self._decoder = msgspec.json.Decoder(inbound)
        self._metrics = metrics
        self._dead_letters = DeadLetterBox(app, settings, role.value, metrics)
        self._tracing = _stage_tracing(tracing, role)
        config = ChunkConfig(linger_s=settings.linger_s)
        contiguity = Contiguity(app, BrokerLog(settings.connection), metrics.count_gap)
        self.loop = ChunkLoop(app, self._work, self._finish, config, contiguity)

    async def run(self, stream: Any) -> None:
        """The agent's body: consume until the app stops."""
        await self.loop.run(stream)

    async def take_over(self, partitions: set[int]) -> None:
        """Hold the state of these partitions, which this process now owns.

        Raises:
            CommandFailed: a rebuild is not done. One that began after this process had looked at its start sees it as
                a member of its group, or is seen here.
        """
        await check_whole(self._settings)
        await self._states.assign(partitions)
        self._stage.reset()

    async def _work(self, events: Sequence[Any]) -> list[Any]:
        return [decoded(self._decoder, event.message.value) for event in events]

    async def _finish(self, events: Sequence[Any], records: list[Any]) -> None:
        sent = []
        for event, record in zip(events, records, strict=True):
            message = event.message
            if isinstance(record, RecordRejected):
                sent.append(await self._dead_letters.send(message, record))
                continue
            caused = self._stage.step(record, Origin(message.partition, message.offset))
            headers = self._tracing.follow(message, record, caused) if self._tracing else repeat(None)
            for outbound, carried in zip(caused, headers, strict=False):
                topic = self._settings.kafka_topic(outbound.kafka_topic)
                value = encode(outbound.record)
                sent.append(
                    await self._app.producer.send(topic, outbound.key, value, outbound.partition, None, carried)
                )
        await asyncio.gather(*sent)
        await self._states.commit()
        if self._tracing:
            self._tracing.settle()
        self._metrics.progress(datetime.now(UTC))


def _stage_tracing(tracing: Tracing | None, role: Role) -> StageTracing | None:
    if tracing is None:
        return None
    from pipeline.tracing.stages import stage_tracing

    return stage_tracing(tracing, role)
