"""What is handed to a producer and not acknowledged yet: bounded, in order, with a deadline of our own.

An idempotent producer retries for ever. Knows nothing of what is sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from aiokafka.errors import KafkaError


class InFlight:
    """The acknowledgements that are awaited.

    Args:
        failed: makes the error of what went wrong; what raises it has it from here.
        max_records: that may be awaited at once.
        timeout_s: for which the oldest is waited for.

    >>> InFlight(ConnectionError).n_acknowledged
    0
    """

    def __init__(
        self, failed: Callable[[str], Exception], *, max_records: int = 2_000, timeout_s: float = 30.0
    ) -> None:
        self.n_acknowledged = 0
        self._failed = failed
        self._max_records = max_records
        self._timeout_s = timeout_s
        self._futures: deque[asyncio.Future[Any]] = deque()

    async def make_room(self) -> None:
        """Return when one more may be sent; a failure of an earlier one is raised here."""
        while self._futures and (self._futures[0].done() or len(self._futures) >= self._max_records):
            await self._settle()

    def add(self, future: asyncio.Future[Any]) -> None:
        """Await one more."""
        self._futures.append(future)

    async def settle(self) -> None:
        """Return when all are acknowledged."""
        while self._futures:
            await self._settle()

    def abandon(self) -> None:
        """Await none of them any longer."""
        for future in self._futures:
            if not future.cancel() and not future.cancelled():
                future.exception()  # looked at, or asyncio logs each of them
        self._futures.clear()

    async def _settle(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._futures.popleft()
        except TimeoutError:
            raise self._failed(f"no acknowledgement for {self._timeout_s:g} s") from None
        except KafkaError as error:
            raise self._failed(type(error).__name__) from None
        self.n_acknowledged += 1
