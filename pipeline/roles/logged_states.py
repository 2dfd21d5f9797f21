"""A role's state: objects in memory, and a record for each key in a compacted Kafka topic, the role's changelog.

Faust's own tables are not used: their recovery can stop for ever, or pass over records (docs/decisions/0004).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from pipeline.logs.about import about

log = logging.getLogger(__name__)
State = TypeVar("State")
Send = Callable[[int, bytes, bytes | None], Awaitable[Awaitable[Any]]]
"""Puts (partition, key, value) on its way to the changelog; what it returns is done when the broker has it."""


class ChangelogReader(Protocol):
    """Reads a changelog."""

    async def ends(self, partitions: set[int]) -> Mapping[int, int]:
        """Return the offset that each partition's next record will have."""

    async def load(self, ends: Mapping[int, int]) -> Mapping[int, dict[str, bytes]]:
        """Return the last value of every key below these ends, by partition; removed keys are not in it."""


@dataclass
class _Shard(Generic[State]):
    """One partition's state."""

    next_offset: int  # of the changelog, if nobody else writes to it
    values: dict[str, bytes]  # read, and not looked at yet
    held: dict[str, State] = field(default_factory=dict)


class LoggedStates(Generic[State]):
    """State by key.

    Args:
        reader: of the changelog.
        send: to the changelog.
        encode: state to record.
        decode: key and record to state.
    """

    def __init__(
        self,
        reader: ChangelogReader,
        send: Send,
        encode: Callable[[State], bytes],
        decode: Callable[[str, bytes], State],
    ) -> None:
        self._reader = reader
        self._send = send
        self._encode = encode
        self._decode = decode
        self._shards: dict[int, _Shard[State]] = {}
        self._partition: dict[str, int] = {}
        self._dirty: dict[str, int] = {}  # key to partition

    async def assign(self, partitions: set[int]) -> None:
        """Hold the state of these partitions and no other; what another process may have changed is read anew."""
        ends = await self._reader.ends(partitions)
        kept = {number: shard for number, shard in self._shards.items() if ends.get(number) == shard.next_offset}
        missing = {number: end for number, end in ends.items() if number not in kept}
        loaded = await self._reader.load(missing)
        self._shards = kept | {number: _Shard(missing[number], values) for number, values in loaded.items()}
        self._dirty.clear()
        self._partition = {
            key: number for number, shard in self._shards.items() for key in (*shard.values, *shard.held)
        }

    def get(self, key: str) -> State | None:
        """Return the state under `key`, decoded when it is first asked for."""
        number = self._partition.get(key)
        return None if number is None else self._state(self._shards[number], key)

    def put(self, key: str, partition: int, state: State) -> None:
        """Keep `state` until `commit` writes it."""
        self._partition[key] = partition
        self._shards[partition].held[key] = state
        self._dirty[key] = partition

    def drop(self, key: str, partition: int) -> None:
        """Forget `key`; its changelog record becomes a tombstone."""
        self._partition.pop(key, None)
        self._shards[partition].held.pop(key, None)
        self._shards[partition].values.pop(key, None)
        self._dirty[key] = partition

    def items(self) -> Iterator[tuple[str, State]]:
        """Yield every key's state."""
        for key, number in list(self._partition.items()):
            yield key, self._state(self._shards[number], key)

    async def commit(self) -> None:
        """Write what was put or dropped, in the order of `write_rank`, and wait until the broker has it."""
        for number in await self._write(self._dirty):
            # another process wrote after this one took over, its state is older: write all of ours behind it
            log.warning(
                "changelog partition %d was written by another process: writing it anew",
                number,
                extra=about(partition=number),
            )
            shard = self._shards[number]
            for key in list(shard.values):
                self._state(shard, key)
            await self._write(dict.fromkeys(shard.held, number))
        self._dirty.clear()

    def _state(self, shard: _Shard[State], key: str) -> State:
        if key not in shard.held:
            shard.held[key] = self._decode(key, shard.values.pop(key))
        return shard.held[key]

    async def _write(self, keys: Mapping[str, int]) -> list[int]:
        """Write the keys, and return the partitions in which another process has written since the last time."""
        order = sorted(keys, key=lambda key: write_rank(key, is_dropped=key not in self._partition))
        sent = []
        for key in order:
            number = keys[key]
            state = self._shards[number].held.get(key)
            sent.append(await self._send(number, key.encode(), None if state is None else self._encode(state)))
        offsets: dict[int, list[int]] = {}
        for key, metadata in zip(order, await asyncio.gather(*sent), strict=True):
            offsets.setdefault(keys[key], []).append(metadata.offset)
        foreign = []
        for number, written in offsets.items():
            expected = self._shards[number].next_offset
            self._shards[number].next_offset = max(written) + 1
            if max(written) + 1 - len(written) != expected:
                foreign.append(number)
        return foreign


def write_rank(key: str, *, is_dropped: bool) -> int:
    """Return when a key is written: a crash may leave any number of the first ones, never a later without an earlier.

    >>> sorted(["#0", "ftx", "+ftx/0/7"], key=lambda key: write_rank(key, is_dropped=False))
    ['+ftx/0/7', 'ftx', '#0']

    What is pending or held back (`~`) goes before the topic that has seen it, its removal after the topic that has
    counted it, and the marks after all that they let close.
    """
    if key.startswith("#"):
        return 3
    if is_dropped:
        return 2
    return 0 if key.startswith(("+", "~")) else 1
