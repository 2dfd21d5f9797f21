"""The loop that every role runs: queue events, work on a chunk, finish chunks strictly in order, acknowledge.

Owns order, backpressure and the rule that an error ends the process; knows nothing of what a chunk means.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from pipeline.roles.consumer import Contiguity

log = logging.getLogger(__name__)
Work = Callable[[Sequence[Any]], Awaitable[Any]]
Finish = Callable[[Sequence[Any], Any], Awaitable[None]]


@dataclass(frozen=True)
class ChunkConfig:
    """How events are taken together."""

    max_events: int = 500
    """events in a chunk at most"""
    linger_s: float = 0.02
    """seconds that a chunk waits for more after its first event"""
    depth: int = 1
    """chunks in flight: 2 lets one be worked on while the one before is sent"""

    def __post_init__(self) -> None:
        if self.max_events < 1 or self.depth < 1 or self.linger_s < 0:
            raise ValueError(f"max_events and depth must be >= 1, linger_s >= 0, got {self}")


class ChunkLoop:
    """Feeds `work` and `finish` with chunks of a Faust stream, acknowledged by hand after `finish`.

    `work` may overlap with the `finish` of the chunk before; `finish` runs in arrival order. Any error in either is
    raised into the agent, whose supervisor ends the process: what is not acknowledged comes again.
    """

    def __init__(self, app: Any, work: Work, finish: Finish, config: ChunkConfig, contiguity: Contiguity) -> None:
        self._app = app
        self._work = work
        self._finish = finish
        self._config = config
        self._contiguity = contiguity
        self._queue: deque[Any] = deque()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._in_flight: dict[Any, int] = {}  # events taken in and not acknowledged, by topic partition
        self._open = asyncio.Event()  # closed until partitions are taken over, and while they change hands
        self._idle = asyncio.Event()  # no chunk is being worked on or finished
        self._idle.set()
        self._chunks: deque[list[Any]] = deque()  # being worked on or finished
        self.n_done = 0

    def in_flight(self, tp: Any) -> int:
        """Return how many events of this partition are taken in and not yet acknowledged."""
        return self._in_flight.get(tp, 0)

    def has_work(self) -> bool:
        """Whether anything is queued or in flight."""
        return bool(self._queue or self._chunks)

    def oldest_s(self) -> float | None:
        """Return the time of the oldest record taken in and not yet acknowledged, in seconds since 1970."""
        held = chain(self._queue, *self._chunks)
        return min((event.message.timestamp for event in held), default=None)

    @property
    def is_open(self) -> bool:
        """Whether this process owns its partitions and their state."""
        return self._open.is_set()

    async def opened(self) -> None:
        """Return when it does."""
        await self._open.wait()

    async def quiesce(self, timeout_s: float) -> None:
        """Take no new chunk and wait for those in flight, so that a partition is given up with its state written.

        Raises:
            TimeoutError: they did not end in time; the process must end before another owns the partition.
        """
        self._open.clear()
        await asyncio.wait_for(self._idle.wait(), timeout_s)

    def resume(self) -> None:
        """Go on after a rebalance; what was queued before it comes again."""
        self._drop_stale()
        self._room.set()
        self._open.set()

    async def run(self, stream: Any, *beside: Coroutine[Any, Any, None]) -> None:
        """Consume `stream` until the app stops; an error of what runs `beside` it ends it as well."""
        stream.enable_acks = False
        agent = asyncio.current_task()
        worked: asyncio.Queue[tuple[list[Any], asyncio.Task[Any]]] = asyncio.Queue()
        slots = asyncio.Semaphore(self._config.depth)
        tasks = [
            asyncio.create_task(self._take(worked, slots), name="take"),
            asyncio.create_task(self._finish_in_order(stream, worked, slots), name="finish"),
            *(asyncio.create_task(each) for each in beside),
        ]
        failures: list[BaseException] = []

        def ended(task: asyncio.Task[None]) -> None:
            error = None if task.cancelled() else task.exception()
            if error is not None and agent is not None:
                failures.append(error)
                agent.cancel()

        for task in tasks:
            task.add_done_callback(ended)
        try:
            async for event in stream.events():
                await self._contiguity.check(event.message)
                tp = event.message.tp
                self._in_flight[tp] = self._in_flight.get(tp, 0) + 1
                self._queue.append(event)
                self._wake.set()
                if len(self._queue) >= 4 * self._config.max_events:
                    self._room.clear()
                    await self._room.wait()
        except asyncio.CancelledError:
            if failures:
                raise failures[0] from None
            raise
        finally:
            for task in tasks:
                task.cancel()

    async def _take(
        self, worked: asyncio.Queue[tuple[list[Any], asyncio.Task[Any]]], slots: asyncio.Semaphore
    ) -> None:
        while True:
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
            if self._config.linger_s and len(self._queue) < self._config.max_events:
                await asyncio.sleep(self._config.linger_s)
            await slots.acquire()
            await self._open.wait()
            chunk = self._pop()
            if len(self._queue) < 2 * self._config.max_events:
                self._room.set()
            if not chunk:
                slots.release()
                continue
            self._chunks.append(chunk)
            self._idle.clear()
            worked.put_nowait((chunk, asyncio.ensure_future(self._work(chunk))))

    def _pop(self) -> list[Any]:
        self._drop_stale()
        return [self._queue.popleft() for _ in range(min(len(self._queue), self._config.max_events))]

    def _drop_stale(self) -> None:
        generation = self._app.consumer_generation_id
        stale = [event for event in self._queue if event.message.generation_id != generation]
        if stale:
            self._queue = deque(event for event in self._queue if event.message.generation_id == generation)
        for event in stale:
            self._in_flight[event.message.tp] -= 1

    async def _finish_in_order(
        self,
        stream: Any,
        worked: asyncio.Queue[tuple[list[Any], asyncio.Task[Any]]],
        slots: asyncio.Semaphore,
    ) -> None:
        while True:
            chunk, task = await worked.get()
            await self._finish(chunk, await task)
            for event in chunk:
                if event.message.generation_id == self._app.consumer_generation_id:
                    await stream.ack(event)
                self._in_flight[event.message.tp] -= 1
            self.n_done += len(chunk)
            self._chunks.popleft()
            if not self._chunks:
                self._idle.set()
            slots.release()
