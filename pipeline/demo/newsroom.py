"""Sends the demo's news to a deployment whose processes run already: its past at once, the rest when it is due.

Knows nothing of who reads it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from pipeline.demo.feed import Feed
from pipeline.demo.player import Sender
from pipeline.demo.scenario import Pace, Scenario
from pipeline.demo.texts import Texts
from pipeline.ingest.document_sender import DocumentSender
from pipeline.settings import Settings

log = logging.getLogger(__name__)


class Newsroom:
    """Sends without end: days of ordinary news, hours in which a crisis happens, and then news by the clock.

    Args:
        settings: whose `documents` they are.
        texts: what the news are made of.
        seed: another one writes other news, of a crisis elsewhere.
        now: the clock.
        sleep: waits so many of its seconds.
        scenario: what happens when.
    """

    def __init__(
        self,
        settings: Settings,
        texts: Texts,
        seed: int,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        scenario: Scenario | None = None,
    ) -> None:
        self._settings = settings
        self._scenario = scenario or Scenario()
        self._live_at = now() - timedelta(seconds=self._scenario.fast_s)
        self._feed = Feed(texts, self._scenario, self._live_at, seed)
        self._now = now
        self._sleep = sleep

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set.

        Raises:
            BrokerUnavailable, DeliveryFailed: the broker does not do its part.
        """
        async with DocumentSender(self._settings.connection, self._settings.kafka_topic("documents")) as sender:
            sending = asyncio.create_task(self.send(sender))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((sending, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if sending.done():
                sending.result()
            sending.cancel()

    async def send(self, sender: Sender) -> None:
        """Send record after record; ends only by an error.

        Raises:
            DeliveryFailed: as the sender.
        """
        pace: Pace | None = None
        for n_sent, record in enumerate(self._feed.records()):
            if pace is None and record.at >= self._live_at:
                pace = Pace(self._live_at, self._now(), self._scenario.speed, self._scenario.fast_s)
                crisis_s = self._scenario.crisis_after_s / self._scenario.speed
                told = "%d documents of the past are sent; a crisis at %s begins in %.0f s"
                log.info(told, n_sent, self._feed.crisis_topic, crisis_s)
            if pace is not None:
                wait_s = (pace.due_at(record.at) - self._now()).total_seconds()
                if wait_s > 0:
                    await self._sleep(wait_s)
            await sender.send_raw(record.key, record.value)
