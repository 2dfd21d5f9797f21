"""Remembers a bounded number of things, the last ones used."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """A mapping that forgets what was put first.

    >>> held: Remembered[str, int] = Remembered(max_items=2)
    >>> for name in "abc":
    ...     held[name] = ord(name)
    >>> held.get("a"), held.get("c")
    (None, 99)
    """

    def __init__(self, max_items: int) -> None:
        if max_items < 1:
            raise ValueError(f"max_items must be >= 1, got {max_items}")
        self._max_items = max_items
        self._held: OrderedDict[Key, Value] = OrderedDict()

    def __setitem__(self, key: Key, value: Value) -> None:
        self._held.pop(key, None)
        self._held[key] = value
        if len(self._held) > self._max_items:
            self._held.popitem(last=False)

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Key) -> Value | None:
        """Return what is remembered, if it is."""
        return self._held.get(key)

    def values(self) -> list[Value]:
        """Return all, the first put first."""
        return list(self._held.values())

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()
