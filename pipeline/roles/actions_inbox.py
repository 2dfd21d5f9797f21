"""What people did that `notify` has not acted upon yet. Knows no action's meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self

from pipeline.feedback.actions_on_alerts import AlertAction
from pipeline.records import Origin

Arrived = tuple[AlertAction, Origin]
OnAction = Callable[[AlertAction, Origin], None]


class ActionReader(Protocol):
    """Reads `actions`, every partition, whoever owns what."""

    async def __aenter__(self) -> Self:
        """Connect."""

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""

    async def rewind(self) -> None:
        """Have the next read begin at the beginning."""

    async def read_all(self) -> None:
        """Take all that there is now."""

    async def read(self) -> int:
        """Take what has come."""


class ActionsInbox:
    """Collects actions until they are asked for.

    Args:
        new_reader: makes the reader when it is first needed, as it needs an event loop.
    """

    def __init__(self, new_reader: Callable[[OnAction], ActionReader]) -> None:
        self._new_reader = new_reader
        self._reader: ActionReader | None = None
        self._arrived: list[Arrived] = []

    async def restart(self) -> list[Arrived]:
        """Return every action that there is, in the order of each partition."""
        self._arrived.clear()
        if self._reader is None:
            reader = self._new_reader(lambda action, origin: self._arrived.append((action, origin)))
            self._reader = await reader.__aenter__()
        else:
            await self._reader.rewind()
        await self._reader.read_all()
        return self._taken()

    async def read(self) -> list[Arrived]:
        """Return those that have come since."""
        if self._reader is not None:
            await self._reader.read()
        return self._taken()

    async def close(self) -> None:
        """Disconnect."""
        if self._reader is not None:
            await self._reader.__aexit__(None, None, None)

    def _taken(self) -> list[Arrived]:
        arrived, self._arrived = self._arrived, []
        return arrived
