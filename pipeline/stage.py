"""What a stage is: a pure step from one record to the records it causes, over state kept by key.

Owns the contract and the in-memory state; knows neither Kafka nor Faust.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

import msgspec
from aiokafka.partitioner import murmur2

from pipeline.records import Origin

State = TypeVar("State")
Record = TypeVar("Record", contravariant=True)


class Outbound(msgspec.Struct, frozen=True):
    """A record on its way to a Kafka topic (its name without the deployment's prefix)."""

    kafka_topic: str
    key: bytes
    record: msgspec.Struct
    partition: int


class Stage(Protocol[Record]):
    """A role's pure core.

    `step` is given the records of a partition in log order, possibly some of them again after a crash; what it
    returns is durable before the state that it changed is written.
    """

    def step(self, record: Record, origin: Origin) -> list[Outbound]:
        """Apply one record that lies at `origin`, and return what it causes."""

    def reset(self) -> None:
        """Forget what was derived from state: partitions have come or gone."""


class States(Protocol[State]):
    """State by key; each key belongs to one partition."""

    def get(self, key: str) -> State | None:
        """Return the state under `key`, which the caller may change and must then `put`."""

    def put(self, key: str, partition: int, state: State) -> None:
        """Keep `state`; it is written when the current chunk's outputs are durable."""

    def drop(self, key: str, partition: int) -> None:
        """Forget what is under `key`."""

    def items(self) -> Iterator[tuple[str, State]]:
        """Yield all that is held, of partitions that were revoked as well."""


class MemoryStates(Generic[State]):
    """State in a dict, for replay.

    >>> states: MemoryStates[int] = MemoryStates()
    >>> states.put("a", 0, 1)
    >>> states.get("a")
    1
    """

    def __init__(self) -> None:
        self._held: dict[str, State] = {}

    def get(self, key: str) -> State | None:
        """Return the state under `key`, if any."""
        return self._held.get(key)

    def put(self, key: str, partition: int, state: State) -> None:  # noqa: ARG002
        """Keep `state`."""
        self._held[key] = state

    def drop(self, key: str, partition: int) -> None:  # noqa: ARG002
        """Forget what is under `key`."""
        self._held.pop(key, None)

    def items(self) -> Iterator[tuple[str, State]]:
        """Yield all that is held."""
        yield from self._held.items()


def partition_of(key: str, partitions: int) -> int:
    """Return the partition that Kafka's default partitioner gives to `key`.

    >>> partition_of("FTX", 12)
    2
    """
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % partitions
