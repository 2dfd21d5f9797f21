"""Blocking iteration beside an event loop: the loop goes on while the next item is awaited."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """Iterates over something blocking in a thread of its own, a bounded number of items ahead.

    The thread is a daemon: a read of a terminal cannot be interrupted, and must not hold up the end.

    >>> async def collect():
    ...     return [item async for item in Background(range(3), max_ahead=1)]
    >>> asyncio.run(collect())
    [0, 1, 2]
    """

    def __init__(self, items: Iterable[T], *, max_ahead: int = 1000) -> None:
        if max_ahead < 1:
            raise ValueError(f"max_ahead must be >= 1, got {max_ahead}")
        self._items = items
        self._ahead: deque[T] = deque()
        self._room = threading.Semaphore(max_ahead)
        self._news = asyncio.Event()
        self._is_finished = False
        self._is_abandoned = False
        self._failure: BaseException | None = None

    async def __aiter__(self) -> AsyncIterator[T]:
        """Yield the items in order; an error of the iteration is raised here, after the items before it."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._iterate, args=(loop,), daemon=True).start()
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                is_finished = self._is_finished  # read before the items: none can follow
                while self._ahead:
                    item = self._ahead.popleft()
                    self._room.release()
                    yield item
                if is_finished:
                    break
            if self._failure is not None:
                raise self._failure
        finally:
            self._is_abandoned = True
            self._room.release()

    def _iterate(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            for item in self._items:
                self._room.acquire()
                if self._is_abandoned:
                    return
                self._ahead.append(item)
                if not self._news.is_set():
                    loop.call_soon_threadsafe(self._news.set)
        except BaseException as error:  # raised again where the items are awaited
            self._failure = error
        self._is_finished = True
        if not self._is_abandoned:
            loop.call_soon_threadsafe(self._news.set)
