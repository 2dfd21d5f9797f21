"""What windows of one length held, for eight days: that a window can be compared with the day and the week before.

Bytes, three to five for a window that had stories, none for one that had not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

_DAY_S, _WEEK_S = 86_400, 604_800
_SMALL = [bytes([number]) for number in range(0x80)]


class Past(NamedTuple):
    """An earlier window."""

    n_stories: int
    negative_tenths: int  # ten times the negative stories that the stream's first policy would have found


class Change(msgspec.Struct, frozen=True):
    """How a window differs from an earlier one that had stories.

    >>> Change.between(6, 3, 1.0, Past(4, 10))
    Change(n_stories=4, stories_ratio=1.5, share_difference=0.25)
    """

    n_stories: int  # of the earlier one
    stories_ratio: float  # of this one's stories to the earlier one's
    share_difference: float | None  # of negative shares, in the first policy's terms; None: no story now

    @classmethod
    def between(cls, n_stories: int, n_negative: int, ratio: float, past: Past | None) -> Change | None:
        """Return how counts differ from those of an earlier window; `None` if that had no story.

        Args:
            n_stories: of the later window.
            n_negative: of these, as its policies say.
            ratio: how often these say negative, to how often the stream's first policy did.
            past: the earlier window.
        """
        if past is None:
            return None
        difference = (
            n_negative / ratio / n_stories - past.negative_tenths / 10 / past.n_stories if n_stories else None
        )
        return cls(past.n_stories, n_stories / past.n_stories, difference)


class History:
    """The windows of eight days that had stories.

    Args:
        resolution_s: length of a window; divides a day.
        state: as it was kept.

    >>> history = History(3_600)
    >>> history.update(1_000, n_stories=4, n_negative=1.0)
    >>> history.day_before(1_024), history.week_before(1_024)
    (Past(n_stories=4, negative_tenths=10), None)
    """

    def __init__(self, resolution_s: int, state: bytes = b"") -> None:
        self._per_day = _DAY_S // resolution_s
        self._per_week = _WEEK_S // resolution_s
        # a day more than a week, as windows of the last day are still corrected
        self._n_kept = self._per_week + self._per_day + 1
        self._held = dict(_decoded(state))  # encoded counts by tick, ascending
        self._state: bytes | None = state  # None: not encoded yet

    def update(self, tick: int, n_stories: int, n_negative: float) -> None:
        """Remember what the window of a tick held, instead of what was known of it; forget the oldest."""
        known = self._held.pop(tick, None)
        if n_stories > 0:
            self._held[tick] = _encoded(n_stories) + _encoded(max(0, round(10 * n_negative)))
        elif known is None:
            return
        ticks = sorted(self._held)
        self._held = {each: self._held[each] for each in ticks if each > ticks[-1] - self._n_kept}
        self._state = None

    def day_before(self, tick: int) -> Past | None:
        """Return what the same window of the day before held, if anything."""
        return self._get(tick - self._per_day)

    def week_before(self, tick: int) -> Past | None:
        """Return what the same window of the week before held, if anything."""
        return self._get(tick - self._per_week)

    def snapshot(self) -> bytes:
        """Return the state: of each window in order, its distance from the one before, and its counts."""
        if self._state is None:
            ticks = list(self._held)
            distances = (tick - before for tick, before in zip(ticks, [0, *ticks], strict=False))
            pairs = zip(distances, self._held.values(), strict=True)
            self._state = b"".join([_encoded(distance) + counts for distance, counts in pairs])
        return self._state

    @classmethod
    def restore(cls, resolution_s: int, snapshot: bytes) -> History:
        """Return a history that goes on where the snapshot was taken."""
        return cls(resolution_s, snapshot)

    def _get(self, tick: int) -> Past | None:
        held = self._held.get(tick)
        return None if held is None else Past(*_numbers(held))


def _encoded(number: int) -> bytes:
    """Return a number as 7 bits a byte, the least first; the eighth bit says that more follow."""
    if number < 0x80:
        return _SMALL[number]
    return bytes([number & 0x7F | 0x80]) + _encoded(number >> 7)


def _decoded(state: bytes) -> Iterator[tuple[int, bytes]]:
    numbers, tick = _numbers(state), 0
    for distance in numbers:
        tick += distance
        yield tick, _encoded(next(numbers)) + _encoded(next(numbers))


def _numbers(state: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in state:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0
