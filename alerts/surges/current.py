"""The current window of one topic: what its last hours hold, and how far that is from what is usual."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from operator import attrgetter

import msgspec

Expected = Callable[[int, int, float], float]
"""Usual number of negative stories, by the number of others, ticks, and the ratio of the policies that read them."""


_tick = attrgetter("tick")


class StoryCount(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one novel story adds to the counts of its tick."""

    is_negative: bool
    is_post: bool = False
    source: int = 0  # hash
    ratio: float = 1.0  # of its policy: how often that says negative, to how often the stream's first one did
    is_named: bool = True  # it names the topic, and not only ones that roll up to it


class TickCounts(msgspec.Struct, array_like=True, gc=False):
    """The novel stories of one tick.

    >>> counts = TickCounts(5)
    >>> counts.add([StoryCount(True, ratio=1.25), StoryCount(False)])
    >>> counts.n_stories, counts.n_negative, counts.n_negative_first
    (2, 1, 0.8)
    """

    tick: int
    n_stories: int = 0
    n_negative: int = 0
    n_posts: int = 0  # of the negative ones
    sources: tuple[int, ...] = ()  # of the negative ones: hashes, distinct, ascending
    ratio_excess: float = 0.0  # sum over the stories of ratio - 1: nothing while one policy has read all
    first_excess: float = 0.0  # sum over the negative ones of 1 / ratio - 1
    n_corrected: int = 0  # negative ones that corrections took away
    n_retracted: int = 0  # stories that they took away
    n_unnamed: int = 0  # of the negative ones: they name only topics that roll up to this one

    @property
    def n_negative_first(self) -> float:
        """Return how many negative stories the stream's first policy would have found here, expected.

        Each counts by the inverse of its policy's ratio: unbiased where that policy's is right for this topic.
        """
        return self.n_negative + self.first_excess

    def add(self, stories: Iterable[StoryCount]) -> None:
        """Count stories of this tick."""
        sources = set(self.sources)
        for story in stories:
            self.n_stories += 1
            self.ratio_excess += story.ratio - 1
            if story.is_negative:
                self.n_negative += 1
                self.first_excess += 1 / story.ratio - 1
                self.n_posts += story.is_post
                self.n_unnamed += not story.is_named
                sources.add(story.source)
        self.sources = tuple(sorted(sources))

    def revise(self, was: StoryCount | None, now: StoryCount | None, known: Sequence[int]) -> None:
        """Count a story as corrected.

        Args:
            was: what it has counted as; None: it was not counted.
            now: what it counts as; None: it does not.
            known: the sources of the negative stories of this tick, as corrected, as far as they are remembered.
        """
        n_before = self.n_negative
        if was is not None:
            self._take(was)
        if now is not None:
            self.add([now])
        self.n_corrected = max(0, self.n_corrected + n_before - self.n_negative)
        self.n_retracted = max(0, self.n_retracted + (was is not None) - (now is not None))
        # of a story that is forgotten nobody knows the source: then one too many stays
        if len(known) == self.n_negative:
            self.sources = tuple(sorted(set(known)))

    def _take(self, story: StoryCount) -> None:
        self.n_stories = max(0, self.n_stories - 1)
        self.ratio_excess -= story.ratio - 1
        if story.is_negative and self.n_negative:
            self.n_negative -= 1
            self.first_excess -= 1 / story.ratio - 1
            self.n_posts = max(0, self.n_posts - story.is_post)
            self.n_unnamed = max(0, self.n_unnamed - (not story.is_named))
        # a story that is older than corrections does not know what it counted as
        self.n_negative = min(self.n_negative, self.n_stories)

    def uncorrected(self) -> TickCounts:
        """Return the counts with what corrections took away."""
        n_stories, n_negative = self.n_stories + self.n_retracted, self.n_negative + self.n_corrected
        return msgspec.structs.replace(self, n_stories=max(n_stories, n_negative), n_negative=n_negative)


class CurrentWindow:
    """The ticks up to and with the one being judged.

    Args:
        tick: the last one.
        n_ticks: length of the window.
        counts: of ticks that have stories, in their order; those before the window count for longer scales only,
            later ones not at all.

    >>> window = CurrentWindow(10, 4, [TickCounts(6, 5, 5), TickCounts(8, 2, 1), TickCounts(10, 3, 2)])
    >>> window.n_stories, window.n_negative, window.ratio
    (5, 3, 1.0)
    """

    def __init__(self, tick: int, n_ticks: int, counts: Sequence[TickCounts]) -> None:
        self._tick = tick
        self._n_ticks = n_ticks
        self._known = counts[: bisect_right(counts, tick, key=_tick)]
        self._counts = self._known[bisect_right(self._known, tick - n_ticks, key=_tick) :]

    @cached_property
    def n_stories(self) -> int:
        """Return the number of novel stories."""
        return sum([one.n_stories for one in self._counts])

    @cached_property
    def n_negative(self) -> int:
        """Return the number of negative ones."""
        return sum([one.n_negative for one in self._counts])

    @property
    def n_posts(self) -> int:
        """Return the number of negative ones from social media."""
        return sum([one.n_posts for one in self._counts])

    @property
    def n_unnamed(self) -> int:
        """Return the number of negative ones that name only topics that roll up to this one."""
        return sum([one.n_unnamed for one in self._counts])

    @property
    def n_sources(self) -> int:
        """Return the number of distinct sources of negative ones."""
        return len({source for one in self._counts for source in one.sources})

    @property
    def n_corrected(self) -> int:
        """Return the number of negative ones that corrections took away."""
        return sum([one.n_corrected for one in self._counts])

    @cached_property
    def ratio(self) -> float:
        """Return the mean over the stories of their policies' ratios; 1 without any."""
        excess = sum([one.ratio_excess for one in self._counts])
        return 1 + excess / self.n_stories if self.n_stories else 1.0

    def uncorrected(self) -> CurrentWindow:
        """Return the window as it would be without the corrections that took from it."""
        return CurrentWindow(self._tick, self._n_ticks, [one.uncorrected() for one in self._known])

    def residual(self, expected: Expected, scales: Sequence[int], relative_variance: float) -> float:
        """Return by how many standard deviations the negatives exceed what is usual, mean over scales; never below 0.

        *See* "The transformation of Poisson, binomial and negative-binomial data" by Anscombe (1948): twice the
        root of a Poisson count and 3/8 has about unit variance, whatever the mean, and so has an inverse hyperbolic
        sine where the variance grows with the square of the mean as well. So values of different policies, and of
        different hours, compare.

        Args:
            expected: usual number of negative stories.
            scales: lengths in ticks, ascending; they may be longer than the window.
            relative_variance: what varies beyond Poisson, over the square of the mean; 0: nothing.

        >>> window = CurrentWindow(10, 4, [TickCounts(8, 2, 1), TickCounts(10, 3, 2)])
        >>> round(window.residual(lambda n_other, n_ticks, ratio: 0.1 * n_ticks * ratio, (1, 4), 0.0), 2)
        1.81
        """
        total, n_stories, n_negative, excess, at = 0.0, 0, 0, 0.0, len(self._known)
        for scale in scales:
            first = bisect_right(self._known, self._tick - scale, hi=at, key=_tick)
            for one in reversed(self._known[first:at]):
                n_stories += one.n_stories
                n_negative += one.n_negative
                excess += one.ratio_excess
            at = first
            ratio = 1 + excess / n_stories if n_stories else self.ratio
            usual = expected(n_stories - n_negative, scale, ratio)
            total += _stable(n_negative, relative_variance) - _stable(usual, relative_variance)
        return max(0.0, total / len(scales))

    def onset(self, level: float) -> int:
        """Return the tick from which a raised rate explains the counts best (likelihood ratio scan).

        Args:
            level: usual number of negative stories a tick, in the terms of the policies that read the window.

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


def _stable(mean: float, relative_variance: float) -> float:
    """Return a count so transformed that its variance is about 1."""
    if not relative_variance:
        return 2 * math.sqrt(mean + 0.375)
    return 2 * math.asinh(math.sqrt(relative_variance * (mean + 0.375))) / math.sqrt(relative_variance)
