"""The notifying role: alerts out to every receiver, at least once, with the alert's id as idempotency key.

Its state is what waits for each receiver, durable before an alert is acknowledged, and the open alert of each topic,
so that receivers that forget (an Alertmanager that restarts) are told again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec

from pipeline.metrics import Metrics
from pipeline.receivers.catalogue import new_receivers
from pipeline.receivers.delivery import Dispatcher
from pipeline.receivers.named import load_receivers
from pipeline.receivers.outbox import NotifyState, Outbox
from pipeline.receivers.routing import LOG, route
from pipeline.records import AlertRecord, Origin
from pipeline.rejects import RecordRejected
from pipeline.roles.chunks import ChunkConfig, ChunkLoop
from pipeline.roles.consumer import BrokerLog, Contiguity
from pipeline.roles.dead_letter_box import DeadLetterBox, decoded
from pipeline.roles.logged_states import LoggedStates
from pipeline.settings import Settings

log = logging.getLogger(__name__)
RESEND_S = 60.0


class NotifyLoop(ChunkLoop):
    """A loop that has handed over only when what goes on beside it is idle as well."""

    def __init__(self, *of_loop: Any, idle: Callable[[], Awaitable[None]]) -> None:
        super().__init__(*of_loop)
        self._idle_beside = idle

    async def quiesce(self, timeout_s: float) -> None:
        """Wait for the chunks and for the tries under way: whoever owns the partition next would repeat them."""
        async with asyncio.timeout(timeout_s):
            await super().quiesce(timeout_s)
            await self._idle_beside()


class NotifyRole:
    """Delivers alerts."""

    def __init__(self, app: Any, settings: Settings, states: LoggedStates[NotifyState], metrics: Metrics) -> None:
        self._states = states
        self._metrics = metrics
        self._decoder = msgspec.json.Decoder(AlertRecord)
        self._dead_letters = DeadLetterBox(app, settings, "notify", metrics)
        self._specs = load_receivers(settings, os.environ)
        self._outbox = Outbox(states, [LOG, *(spec.name for spec in self._specs)], metrics)
        self._dispatcher: Dispatcher | None = None
        config = ChunkConfig(max_events=50, linger_s=0.0)
        contiguity = Contiguity(app, BrokerLog(settings.bootstrap), metrics.count_gap)
        self.loop: ChunkLoop = NotifyLoop(app, self._work, self._finish, config, contiguity, idle=self._idle)

    async def run(self, stream: Any) -> None:
        """The agent's body: consume until the app stops."""
        async with aiohttp.ClientSession() as session:
            self._dispatcher = Dispatcher(
                new_receivers(self._specs, session, _now),
                self._outbox,
                self.loop,
                self._metrics,
                random.Random(),  # noqa: S311
                now=_now,
            )
            self._restore()
            await self.loop.run(stream, self._dispatcher.run(), self._resend(self._dispatcher))

    async def take_over(self, partitions: set[int]) -> None:
        """Hold what waits and the open alerts of these partitions, which this process now owns."""
        await self._states.assign(partitions)
        self._outbox.restore()
        self._restore()

    async def _work(self, events: Sequence[Any]) -> list[AlertRecord | RecordRejected]:
        return [decoded(self._decoder, event.message.value) for event in events]

    async def _finish(self, events: Sequence[Any], alerts: list[AlertRecord | RecordRejected]) -> None:
        await self._outbox.room()
        dead = []
        async with self._outbox.changes():
            for event, alert in zip(events, alerts, strict=True):
                message = event.message
                if isinstance(alert, RecordRejected):
                    dead.append(await self._dead_letters.send(message, alert))
                elif self._outbox.apply(Origin(message.partition, message.offset)):
                    self._take(alert, message.partition)
        await asyncio.gather(*dead)
        self._metrics.progress(_now())

    def _take(self, alert: AlertRecord, partition: int) -> None:
        receivers, unknown = route(alert, self._outbox.receivers)
        if unknown:
            self._metrics.count_unknown_route()
            log.error("alert %s goes to all: no receiver is called %s", alert.id, ", ".join(unknown))
        self._outbox.put(alert, receivers, partition, _now())
        if alert.transition == "closed":
            self._states.drop(alert.topic, partition)
        else:
            self._states.put(alert.topic, partition, alert)

    async def _resend(self, dispatcher: Dispatcher) -> None:
        while True:
            # while partitions change hands, the open alerts are not all there, or not this process's to tell
            await self.loop.opened()
            await dispatcher.resend()
            await asyncio.sleep(RESEND_S)

    async def _idle(self) -> None:
        if self._dispatcher is not None:
            await self._dispatcher.idle()

    def _restore(self) -> None:
        if self._dispatcher is not None:
            states = (state for _, state in self._states.items())
            self._dispatcher.restore(state for state in states if isinstance(state, AlertRecord))


def _now() -> datetime:
    return datetime.now(UTC)
