"""Blocks of stories, as they are written: only those in which a story has changed are encoded anew.

A topic is written whole with each of its ticks, and most of what it has to write are stories that have not changed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter
from typing import Protocol

import msgspec

_SIZE = 15
"""Story numbers in a block: the most entries that MessagePack counts in one byte."""

_number = attrgetter("number")


class Numbered(Protocol):
    """What a story is here."""

    number: int


class StoryBlocks:
    """The stories of one topic, encoded.

    >>> class Story(msgspec.Struct):
    ...     number: int
    >>> blocks = StoryBlocks()
    >>> blocks.touch(3)
    >>> msgspec.msgpack.decode(blocks.encode([Story(3)]))
    [{'number': 3}]
    """

    def __init__(self) -> None:
        self._blocks: dict[int, bytes | None] = {}  # ascending, as stories are; None: to be encoded

    def touch(self, number: int) -> None:
        """Say that a story is new, has changed or is gone; new ones have greater numbers than all before."""
        self._blocks[number // _SIZE] = None

    def encode(self, stories: Sequence[Numbered]) -> bytes:
        """Return the stories as MessagePack.

        Args:
            stories: all there are, by number.
        """
        for block in [block for block, encoded in self._blocks.items() if encoded is None]:
            first = bisect_left(stories, block * _SIZE, key=_number)
            held = stories[first : bisect_left(stories, (block + 1) * _SIZE, lo=first, key=_number)]
            if held:
                self._blocks[block] = msgspec.msgpack.encode(held)[1:]
            else:
                del self._blocks[block]
        return b"".join([_header(len(stories)), *filter(None, self._blocks.values())])


def _header(n: int) -> bytes:
    """Return how MessagePack begins an array of so many."""
    if n < 16:
        return bytes([0x90 | n])
    return b"\xdc" + n.to_bytes(2, "big") if n < 1 << 16 else b"\xdd" + n.to_bytes(4, "big")
