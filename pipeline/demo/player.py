"""Plays the feed: history as fast as Kafka takes it, then the live feed at its pace, then ordinary news."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Protocol

from pipeline.demo.board import Board
from pipeline.demo.feed import FeedRecord
from pipeline.demo.outcome import DemoReason, Ending, Judge
from pipeline.demo.progress import Phase
from pipeline.demo.scenario import Pace, Scenario

POLL_S = 0.5
MAX_HISTORY_S = 300.0
"""Within which the history must have been read; a slow machine takes a minute or two."""
MAX_REST_S = 20.0
"""For what the live feed has sent to come out at the end of the flow."""
_BEHIND = timedelta(hours=1)
"""By which windows may be behind the last document sent: so long may a partition have been quiet."""
_LAST_ALERT_S = 3.0
"""From the last window to an alert that goes with it."""


class Sender(Protocol):
    """Takes records in order."""

    async def send_raw(self, key: str, value: bytes) -> None:
        """Hand a record over."""


class Player:
    """Sends the feed's records when they are due, and waits where the worker has to catch up.

    Args:
        board: is told what was sent, and knows what was read.
        scenario: how long the live feed is, and how fast.
        live_at: event time at which it begins.
        now: the clock.
        sleep: waits so many of its seconds.
    """

    def __init__(
        self,
        board: Board,
        scenario: Scenario,
        live_at: datetime,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._board = board
        self._scenario = scenario
        self._live_at = live_at
        self._now = now
        self._sleep = sleep

    async def play(self, sender: Sender, records: Iterator[FeedRecord], judge: Judge, *, is_endless: bool) -> Ending:
        """Return how it ended, once the loop is over; never, if the feed is to go on without end.

        Raises:
            DeliveryFailed: Kafka does not take the records.
        """
        self._board.phase = Phase.HISTORY
        first = await self._send_history(sender, records)
        if not await self._is_out(self._live_at, MAX_HISTORY_S):
            read = f"{self._board.n_read:,} of {self._board.n_history:,} documents"
            return Ending(DemoReason.TOO_SLOW, f"{read} of history were read in {MAX_HISTORY_S:.0f} s")
        self._board.phase = Phase.LIVE
        started_at = self._board.live_started_at = self._now()
        pace = Pace(self._live_at, started_at, self._scenario.speed, self._scenario.fast_s)
        await self._send_live(sender, first, records, pace, is_endless=is_endless)
        await self._is_out(self._crisis_end_at, MAX_REST_S)
        await self._sleep(_LAST_ALERT_S)
        return judge.ending(self._board.tally.opened(), started_at)

    async def _send_history(self, sender: Sender, records: Iterator[FeedRecord]) -> FeedRecord:
        """Send what was published before the live feed, and return its first record."""
        for record in records:
            if record.at >= self._live_at:
                self._board.n_history = self._board.n_sent
                return record
            await self._send(sender, record)
        raise ValueError("records must go on beyond the live feed's start, but ended before")

    async def _send_live(
        self,
        sender: Sender,
        record: FeedRecord,
        records: Iterator[FeedRecord],
        pace: Pace,
        *,
        is_endless: bool,
    ) -> None:
        while is_endless or not self._is_told(record.at, pace):
            if record.at > pace.fast_end_at:
                self._board.phase = Phase.ORDINARY
            wait_s = (pace.due_at(record.at) - self._now()).total_seconds()
            if wait_s > 0:
                await self._sleep(wait_s)
            await self._send(sender, record)
            record = next(records)

    def _is_told(self, at: datetime, pace: Pace) -> bool:
        """Return whether all is shown that there is to show: crisis and loop, or that the loop takes too long."""
        return at > self._crisis_end_at and (self._board.loop.is_over or at > pace.fast_end_at)

    @property
    def _crisis_end_at(self) -> datetime:
        return self._live_at + timedelta(seconds=self._scenario.live_s)

    async def _send(self, sender: Sender, record: FeedRecord) -> None:
        await sender.send_raw(record.key, record.value)
        self._board.n_sent += 1

    async def _is_out(self, at: datetime, within_s: float) -> bool:
        """Return whether, in time, all that was sent was read and the windows until about `at` have come out."""
        deadline_at = self._now() + timedelta(seconds=within_s)
        while self._now() < deadline_at:
            newest_at = self._board.tally.newest_at
            if self._board.n_read >= self._board.n_sent and newest_at is not None and newest_at >= at - _BEHIND:
                return True
            await self._sleep(POLL_S)
        return False
