"""Runs a demo on a broker that is there: plays the feed, watches what comes out, shows it, says how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from pipeline.demo.board import Board
from pipeline.demo.crew import Crew
from pipeline.demo.feed import Feed
from pipeline.demo.gauges import Gauges
from pipeline.demo.loop.loop import Loop
from pipeline.demo.outcome import DemoReason, Ending, Judge
from pipeline.demo.player import POLL_S, Player
from pipeline.demo.progress import Phase
from pipeline.demo.scenario import Scenario
from pipeline.demo.view import View
from pipeline.demo.watch import Watch
from pipeline.ingest.document_sender import DocumentSender
from pipeline.settings import Settings


@dataclass(frozen=True)
class DemoRun:
    """One demo."""

    settings: Settings
    feed: Feed
    scenario: Scenario
    live_at: datetime  # event time at which the live feed begins
    board: Board
    crew: Crew
    gauges: Gauges
    loop: Loop
    view: View
    now: Callable[[], datetime]
    is_endless: bool  # goes on with ordinary news after the live feed

    async def run(self, interrupted: asyncio.Event) -> Ending:
        """Return how it ended: when all was played, when a role ended, or when `interrupted` is set.

        Raises:
            DeliveryFailed, KafkaError: the broker does not do its part.
        """
        watch = Watch(self.settings, self.board.tally, self.now, self.loop.records.takes)
        parts: list[Coroutine[Any, Any, Ending]] = [
            self._stopped(interrupted),
            self._look(),
            self._play(),
            self._go_round(),
            watch.run(),
        ]
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(task.result() for task in tasks if task.done())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.view.show(self.board.progress())

    @property
    def _judge(self) -> Judge:
        crisis_at = self.live_at + timedelta(seconds=self.scenario.crisis_after_s)
        return Judge(self.feed.crisis_topic, crisis_at, self.board.loop)

    async def _stopped(self, interrupted: asyncio.Event) -> Ending:
        await interrupted.wait()
        board = self.board
        is_told = board.phase is Phase.ORDINARY or board.loop.is_over
        if is_told and board.live_started_at is not None:
            return self._judge.ending(board.tally.opened(), board.live_started_at)
        return Ending(DemoReason.INTERRUPTED, f"interrupted in the phase: {board.progress().doing}")

    async def _go_round(self) -> NoReturn:
        """Run the loop; the feed, not its end, ends the demo."""
        await self.loop.run()
        await asyncio.Event().wait()
        raise AssertionError("an event that nobody sets is never set")

    async def _look(self) -> Ending:
        while True:
            self.board.update(await self.gauges.read())
            self.view.show(self.board.progress())
            ended = self.crew.ended()
            if ended is not None:
                return Ending(DemoReason.ROLE_ENDED, ended)
            await asyncio.sleep(POLL_S)

    async def _play(self) -> Ending:
        player = Player(self.board, self.scenario, self.live_at, self.now)
        async with DocumentSender(self.settings.connection, self.settings.kafka_topic("documents")) as sender:
            records = self.loop.truth.noting(self.feed.records())
            return await player.play(sender, records, self._judge, is_endless=self.is_endless)
