"""The notifying role: alerts out to every receiver, at least once, with the alert's id as idempotency key.

Its state is the open alert of each topic, so that receivers that forget (an Alertmanager that restarts) are told
again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec

from pipeline.metrics import Metrics
from pipeline.receivers.alertmanager import AlertmanagerReceiver
from pipeline.receivers.delivery import Dispatcher
from pipeline.receivers.log import LogReceiver
from pipeline.receivers.receiver import Receiver
from pipeline.receivers.signature import WebhookSigner
from pipeline.receivers.webhook import WebhookReceiver
from pipeline.records import AlertRecord
from pipeline.rejects import RecordRejected
from pipeline.roles.chunks import ChunkConfig, ChunkLoop
from pipeline.roles.consumer import BrokerLog, Contiguity
from pipeline.roles.dead_letter_box import DeadLetterBox, decoded
from pipeline.roles.logged_states import LoggedStates
from pipeline.settings import Settings

RESEND_S = 60.0


class NotifyRole:
    """Delivers alerts."""

    def __init__(self, app: Any, settings: Settings, states: LoggedStates[AlertRecord], metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._states = states
        self._metrics = metrics
        self._decoder = msgspec.json.Decoder(AlertRecord)
        self._dead_letters = DeadLetterBox(app, settings, "notify", metrics)
        self._dispatcher: Dispatcher | None = None
        self._is_restored = False
        config = ChunkConfig(max_events=50, linger_s=0.0)
        contiguity = Contiguity(app, BrokerLog(settings.bootstrap), metrics.count_gap)
        self.loop = ChunkLoop(app, self._work, self._finish, config, contiguity)

    async def run(self, stream: Any) -> None:
        """The agent's body: consume until the app stops."""
        async with aiohttp.ClientSession() as session:
            self._dispatcher = Dispatcher(new_receivers(self._settings, session), self._metrics, random.Random())  # noqa: S311
            await self.loop.run(stream, self._resend(self._dispatcher))

    async def take_over(self, partitions: set[int]) -> None:
        """Hold the open alerts of these partitions, which this process now owns."""
        await self._states.assign(partitions)
        self._is_restored = False

    async def _work(self, events: Sequence[Any]) -> list[AlertRecord | RecordRejected]:
        return [decoded(self._decoder, event.message.value) for event in events]

    async def _finish(self, events: Sequence[Any], alerts: list[AlertRecord | RecordRejected]) -> None:
        dispatcher = self._current(self._dispatcher)
        await asyncio.gather(*[dispatcher.deliver(alert) for alert in alerts if isinstance(alert, AlertRecord)])
        for event, alert in zip(events, alerts, strict=True):
            if isinstance(alert, RecordRejected):
                await (await self._dead_letters.send(event.message, alert))
            elif alert.transition == "closed":
                self._states.drop(alert.topic, event.message.partition)
            else:
                self._states.put(alert.topic, event.message.partition, alert)
        await self._states.commit()
        self._metrics.progress(datetime.now(UTC))

    async def _resend(self, dispatcher: Dispatcher) -> None:
        while True:
            # while partitions change hands, the open alerts are not all there, or not this process's to tell
            await self.loop.opened()
            await self._current(dispatcher).resend()
            await asyncio.sleep(RESEND_S)

    def _current(self, dispatcher: Dispatcher | None) -> Dispatcher:
        if dispatcher is None:
            raise RuntimeError("the agent is not running")
        if not self._is_restored:
            self._is_restored = True
            dispatcher.restore(alert for _, alert in self._states.items())
        return dispatcher


def new_receivers(settings: Settings, session: aiohttp.ClientSession) -> list[Receiver]:
    """Return the receivers that the settings name; the log is always one."""
    receivers: list[Receiver] = [LogReceiver(logging.getLogger("finsurge.alerts"))]
    if settings.webhook_url:
        signer = WebhookSigner(settings.webhook_secret) if settings.webhook_secret else None
        receivers.append(WebhookReceiver(session, settings.webhook_url, signer=signer))
    if settings.alertmanager_url:
        receivers.append(AlertmanagerReceiver(session, settings.alertmanager_url, now=lambda: datetime.now(UTC)))
    return receivers
