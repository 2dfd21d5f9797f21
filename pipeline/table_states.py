"""A role's state in a Faust table: decoded objects in memory, one changelog record a key.

Faust forbids `table[key] = value` outside its own iteration, so the record is written to the memory store and to the
changelog by hand, and awaited (streaming.md §7).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

State = TypeVar("State")


class TableStates(Generic[State]):
    """State by key over a Faust table of raw bytes."""

    def __init__(self, table: Any, encode: Callable[[State], bytes], decode: Callable[[str, bytes], State]) -> None:
        self._table = table
        self._encode = encode
        self._decode = decode
        self._held: dict[str, State] = {}
        self._dirty: dict[str, int] = {}  # key to partition

    def get(self, key: str) -> State | None:
        """Return the state under `key`, decoded once a generation."""
        state = self._held.get(key)
        if state is None:
            value = self._table.data.get(key)
            if value is not None:
                state = self._held[key] = self._decode(key, value)
        return state

    def put(self, key: str, partition: int, state: State) -> None:
        """Keep `state` until `commit` writes it."""
        self._held[key] = state
        self._dirty[key] = partition

    def drop(self, key: str, partition: int) -> None:
        """Forget `key`; its changelog record becomes a tombstone."""
        self._held.pop(key, None)
        self._dirty[key] = partition

    def items(self) -> Iterator[tuple[str, State]]:
        """Yield every key's state."""
        for key in list(self._table.data.keys()):
            state = self.get(key)
            if state is not None:
                yield key, state

    def reset(self) -> None:
        """Forget decoded objects: after a rebalance the table may hold another worker's later state."""
        self._held.clear()
        self._dirty.clear()

    async def commit(self) -> None:
        """Write what was put in the order of `write_rank`, and wait until the broker has it."""
        sent = []
        for key in sorted(self._dirty, key=lambda key: write_rank(key, is_dropped=key not in self._held)):
            value = self._encode(self._held[key]) if key in self._held else None
            if value is None:
                self._table.data.pop(key, None)
            else:
                self._table.data[key] = value
            sent.append(self._table.send_changelog(self._dirty[key], key, value))
        self._dirty.clear()
        await asyncio.gather(*sent)


def write_rank(key: str, *, is_dropped: bool) -> int:
    """Return when a key is written: a crash may leave any number of the first ones, never a later without an earlier.

    >>> sorted(["#0", "ftx", "+ftx/0/7"], key=lambda key: write_rank(key, is_dropped=False))
    ['+ftx/0/7', 'ftx', '#0']

    What is pending goes before the topic that has seen it, its removal after the topic that has counted it, and the
    marks after all that they let close.
    """
    if key.startswith("#"):
        return 3
    if is_dropped:
        return 2
    return 0 if key.startswith("+") else 1
