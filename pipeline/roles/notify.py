"""The notifying role: alerts out to every receiver, at least once, with the alert's id as idempotency key.

Its state is what waits for each receiver, durable before an alert is acknowledged, and the open alert of each topic,
so that receivers that forget (an Alertmanager that restarts) are told again. What people do, it reads whole.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
from aiokafka.errors import KafkaError

from pipeline.logs.setup import hide
from pipeline.metrics import Metrics
from pipeline.receivers.catalogue import new_receivers
from pipeline.receivers.delivery import Dispatcher
from pipeline.receivers.named import load_receivers
from pipeline.receivers.outbox import NotifyState, Outbox
from pipeline.receivers.routing import LOG
from pipeline.receivers.teller import Teller
from pipeline.records import AlertRecord, Origin
from pipeline.rejects import RecordRejected
from pipeline.roles.actions_inbox import ActionReader, ActionsInbox, Arrived, OnAction
from pipeline.roles.chunks import ChunkConfig, ChunkLoop
from pipeline.roles.consumer import BrokerLog, Contiguity
from pipeline.roles.dead_letter_box import DeadLetterBox, decoded
from pipeline.roles.logged_states import LoggedStates
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.tracing.delivering import DeliveryTracing

log = logging.getLogger(__name__)
RESEND_S = 60.0
ACTIONS_S = 1.0
"""Seconds between two looks at what people did, if no alert comes."""


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
    """Delivers alerts, and tells what people do about them."""

    def __init__(
        self,
        app: Any,
        settings: Settings,
        states: LoggedStates[NotifyState],
        metrics: Metrics,
        new_actions: Callable[[OnAction], ActionReader],
        tracing: DeliveryTracing | None = None,
    ) -> None:
        self._states = states
        self._tracing = tracing
        self._metrics = metrics
        self._decoder = msgspec.json.Decoder(AlertRecord)
        self._dead_letters = DeadLetterBox(app, settings, "notify", metrics)
        self._specs = load_receivers(settings, os.environ)
        hide(secret for spec in self._specs for secret in spec.secrets)
        self._outbox = Outbox(states, [LOG, *(spec.name for spec in self._specs)], metrics)
        forgetful = frozenset(spec.name for spec in self._specs if spec.kind == "alertmanager")
        self._teller = Teller(states, self._outbox, metrics, forgetful=forgetful, partitions=settings.partitions)
        self._dispatcher: Dispatcher | None = None
        self._owned: set[int] = set()
        self._inbox = ActionsInbox(new_actions)
        self._acting = asyncio.Lock()
        config = ChunkConfig(max_events=50, linger_s=0.0)
        contiguity = Contiguity(app, BrokerLog(settings.connection), metrics.count_gap)
        self.loop: ChunkLoop = NotifyLoop(app, self._work, self._finish, config, contiguity, idle=self._idle)

    async def run(self, stream: Any) -> None:
        """The agent's body: consume until the app stops."""
        try:
            traces = [self._tracing.client_trace()] if self._tracing else None
            async with aiohttp.ClientSession(trace_configs=traces) as session:
                receivers = new_receivers(self._specs, session, _now)
                chance = random.Random()  # noqa: S311
                dispatcher = Dispatcher(
                    receivers, self._outbox, self.loop, self._metrics, chance, now=_now, tracing=self._tracing
                )
                self._dispatcher = dispatcher
                self._restore()
                await self.loop.run(stream, dispatcher.run(), self._resend(dispatcher), self._follow())
        finally:
            await self._inbox.close()

    async def take_over(self, partitions: set[int]) -> None:
        """Hold what waits and the open alerts of these partitions, which this process now owns, and all actions."""
        async with self._acting:
            await self._states.assign(partitions)
            self._owned = partitions
            self._outbox.restore()
            self._teller.forget_actions()
            await self._act(await self._inbox.restart())
            self._restore()

    async def _work(self, events: Sequence[Any]) -> list[AlertRecord | RecordRejected]:
        return [decoded(self._decoder, event.message.value) for event in events]

    async def _finish(self, events: Sequence[Any], alerts: list[AlertRecord | RecordRejected]) -> None:
        await self._outbox.room()
        await self._read_actions()  # a silence that was written before an alert holds for it
        dead = []
        async with self._outbox.changes():
            for event, alert in zip(events, alerts, strict=True):
                message = event.message
                if isinstance(alert, RecordRejected):
                    dead.append(await self._dead_letters.send(message, alert))
                elif self._outbox.apply(Origin(message.partition, message.offset)):
                    if self._tracing:
                        self._tracing.taken(message, alert)
                    self._teller.take_alert(alert, message.partition, _now())
        await asyncio.gather(*dead)
        self._metrics.progress(_now())

    async def _resend(self, dispatcher: Dispatcher) -> None:
        while True:
            # while partitions change hands, the open alerts are not all there, or not this process's to tell
            await self.loop.opened()
            await dispatcher.resend()
            await asyncio.sleep(RESEND_S)

    async def _follow(self) -> None:
        while True:
            await self.loop.opened()
            await self._read_actions()
            await asyncio.sleep(ACTIONS_S)

    async def _read_actions(self) -> None:
        async with self._acting:
            if not self.loop.is_open:  # they are read again when the partitions are taken over
                return
            try:
                arrived = await self._inbox.read()
            except KafkaError as error:
                log.warning("no action is read until the broker answers: %s", error)
            else:
                await self._act(arrived)

    async def _act(self, arrived: Sequence[Arrived]) -> None:
        if not arrived:
            return
        async with self._outbox.changes():
            for action, origin in arrived:
                self._teller.take_action(action, origin, _now(), is_owned=origin.partition in self._owned)

    async def _idle(self) -> None:
        async with self._acting:
            if self._dispatcher is not None:
                await self._dispatcher.idle()

    def _restore(self) -> None:
        if self._dispatcher is not None:
            self._dispatcher.restore(self._teller.open_alerts())


def _now() -> datetime:
    return datetime.now(UTC)
