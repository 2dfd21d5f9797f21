"""The current window of one topic: what its last hours hold, and how far that is from what is usual."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec


class TickCounts(msgspec.Struct, array_like=True):
    """The novel stories of one tick."""

    tick: int
    n_stories: int = 0
    n_negative: int = 0
    n_posts: int = 0  # of the negative ones
    sources: tuple[int, ...] = ()  # of the negative ones: hashes, distinct, ascending


class CurrentWindow:
    """The ticks up to and with the one being judged.

    Args:
        tick: the last one.
        n_ticks: length of the window.
        counts: of ticks that have stories, in their order; older ones are left out.

    >>> window = CurrentWindow(10, 4, [TickCounts(6, 5, 5), TickCounts(8, 2, 1), TickCounts(10, 3, 2)])
    >>> window.n_stories, window.n_negative
    (5, 3)
    """

    def __init__(self, tick: int, n_ticks: int, counts: Iterable[TickCounts]) -> None:
        self._tick = tick
        self._counts = [one for one in counts if tick - n_ticks < one.tick <= tick]
        self.n_stories = sum(one.n_stories for one in self._counts)
        self.n_negative = sum(one.n_negative for one in self._counts)
        self.n_posts = sum(one.n_posts for one in self._counts)
        self.n_sources = len(frozenset(source for one in self._counts for source in one.sources))

    def residual(self, level: float, scales: tuple[int, ...]) -> float:
        """Return by how many standard deviations the counts exceed what is usual, mean over scales; never below 0.

        *See* "The transformation of Poisson, binomial and negative-binomial data" by Anscombe (1948): twice the
        root of a Poisson count and 3/8 has about unit variance, whatever the mean.

        Args:
            level: usual number of negative stories a tick.
            scales: lengths in ticks, none longer than the window.

        >>> window = CurrentWindow(10, 4, [TickCounts(8, 2, 1), TickCounts(10, 3, 2)])
        >>> round(window.residual(0.1, (1, 4)), 2)
        1.81
        """
        total = 0.0
        for scale in scales:
            observed = sum(one.n_negative for one in self._counts if one.tick > self._tick - scale)
            total += 2 * (math.sqrt(observed + 0.375) - math.sqrt(level * scale + 0.375))
        return max(0.0, total / len(scales))

    def onset(self, level: float) -> int:
        """Return the tick from which a raised rate explains the counts best (likelihood ratio scan).

        Args:
            level: usual number of negative stories a tick.

        >>> CurrentWindow(10, 9, [TickCounts(2, 1, 1), TickCounts(9, 3, 3), TickCounts(10, 2, 2)]).onset(0.2)
        9
        """
        best, best_ratio, observed = self._tick, 0.0, 0
        for one in reversed(self._counts):
            observed += one.n_negative
            expected = level * (self._tick + 1 - one.tick)
            if observed <= expected:
                continue
            ratio = observed * math.log(observed / expected) - (observed - expected)
            if one.n_negative and ratio > best_ratio:
                best, best_ratio = one.tick, ratio
        return best
