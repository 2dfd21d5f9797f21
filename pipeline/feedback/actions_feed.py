"""Reads the Kafka topic `actions` from its beginning: there are few, and whoever starts needs all of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, Self, TypeVar

import msgspec

from pipeline.broker.connection import Connection
from pipeline.broker.preflight import partitions_of
from pipeline.feedback.actions import QuarantineReleased, action_of
from pipeline.logs.about import at
from pipeline.records import Origin

log = logging.getLogger(__name__)
Action = TypeVar("Action")


class ActionLog(Generic[Action]):
    """Follows the actions of some kinds.

    Args:
        connection: to the Kafka.
        kafka_topic: `actions` as it is called in this deployment.
        action_of: returns the action that a value holds, or None for one of another kind.
        on_action: told of each action and where it lies, once or, after `rewind`, again.

    Use as `async with ActionLog(…) as log: await log.read_all()`, then `await log.read()`.
    """

    def __init__(
        self,
        connection: Connection,
        kafka_topic: str,
        action_of: Callable[[bytes | None], Action | None],
        on_action: Callable[[Action, Origin], None],
    ) -> None:
        self._consumer = connection.consumer(auto_offset_reset="earliest")
        self._connection = connection
        self._kafka_topic = kafka_topic
        self._action_of = action_of
        self._on_action = on_action

    async def __aenter__(self) -> Self:
        partitions = await partitions_of(self._connection, self._kafka_topic)
        await self._consumer.start()
        self._consumer.assign(partitions)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def rewind(self) -> None:
        """Have the next read begin at the beginning."""
        await self._consumer.seek_to_beginning()

    async def read_all(self) -> None:
        """Take all that there is now."""
        partitions = self._consumer.assignment()
        ends = await self._consumer.end_offsets(partitions)
        while any([await self._consumer.position(partition) < end for partition, end in ends.items()]):
            await self.read(timeout_ms=500)

    async def read(self, timeout_ms: int = 0) -> int:
        """Take what has come, and return how many actions that was."""
        n_actions = 0
        for partition, records in (await self._consumer.getmany(timeout_ms=timeout_ms)).items():
            for record in records:
                try:
                    action = self._action_of(record.value)
                except msgspec.DecodeError:
                    log.warning("what lies there is no action", extra=at(record))
                    continue
                if action is not None:
                    n_actions += 1
                    self._on_action(action, Origin(partition.partition, record.offset))
        return n_actions


class ActionsFeed(ActionLog[QuarantineReleased]):
    """Follows the releases of what is held.

    Args:
        connection: to the Kafka.
        kafka_topic: `actions` as it is called in this deployment.
        on_action: told of each release, once or, after a restart, again.
    """

    def __init__(
        self, connection: Connection, kafka_topic: str, on_action: Callable[[QuarantineReleased], None]
    ) -> None:
        super().__init__(connection, kafka_topic, action_of, lambda action, _origin: on_action(action))
