"""State of a role as a rebuild makes it: in memory, with the partition of every key, to be written at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from pipeline.stage import MemoryStates

State = TypeVar("State")


class RebuiltStates(MemoryStates[State], Generic[State]):
    """State by key, which knows what a changelog must be told to hold it and nothing else.

    >>> states: RebuiltStates[int] = RebuiltStates()
    >>> states.put("a", 0, 1)
    >>> list(states.changes({0: {"a", "b"}, 1: {"a"}}, lambda state: b"%d" % state))
    [(0, 'b', None), (1, 'a', None), (0, 'a', b'1')]
    """

    def __init__(self) -> None:
        super().__init__()
        self._partitions: dict[str, int] = {}

    def put(self, key: str, partition: int, state: State) -> None:
        """Keep `state`, and where it belongs."""
        super().put(key, partition, state)
        self._partitions[key] = partition

    def changes(
        self, written: Mapping[int, Mapping[str, Any] | set[str]], encode: Callable[[State], bytes]
    ) -> Iterator[tuple[int, str, bytes | None]]:
        """Yield (partition, key, value) of all that must be written, what is there no more as None.

        Args:
            written: the keys that the changelog holds, by partition.
            encode: state to record.
        """
        held = dict(self.items())
        for partition, keys in written.items():
            for key in sorted(keys):
                if key not in held or self._partitions[key] != partition:
                    yield partition, key, None
        for key, state in held.items():
            yield self._partitions[key], key, encode(state)
