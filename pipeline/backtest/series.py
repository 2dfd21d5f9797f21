"""What a back-test draws and counts by: each topic's final windows, and what was usual while it was watched closely.

Kept in arrays, as months of many topics are long.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate

from alerts.surges.evidence import Evidence
from pipeline.records import TrendRecord

HOUR_S = 3_600


@dataclass
class _Windows:
    starts: array[int] = field(default_factory=lambda: array("q"))
    n_negative: array[int] = field(default_factory=lambda: array("i"))
    n_stories: array[int] = field(default_factory=lambda: array("i"))


@dataclass(frozen=True, slots=True)
class Counted:
    """Novel stories from one time to another.

    >>> Counted(datetime(2022, 11, 8), 3, 4).share
    0.75
    """

    at: datetime
    n_negative: int
    n_stories: int

    @property
    def share(self) -> float | None:
        """Return the share of negatives; `None`: no stories."""
        return self.n_negative / self.n_stories if self.n_stories else None


@dataclass(frozen=True, slots=True)
class Usual:
    """What evidence says is usual in the current window."""

    at: datetime
    expected: float
    low: int
    high: int
    share: float


class Series:
    """Windows and what is usual, by topic.

    Args:
        bin_s: length of the windows that count; longer ones are sums of these.

    >>> Series(bin_s=300).topics
    ()
    """

    def __init__(self, bin_s: int) -> None:
        self._bin_s = bin_s
        self._windows: dict[str, _Windows] = {}
        self._usual: dict[str, list[Usual]] = {}

    @property
    def topics(self) -> tuple[str, ...]:
        """Return the topics that had a story."""
        return tuple(sorted(topic for topic, windows in self._windows.items() if any(windows.n_stories)))

    def add_window(self, window: TrendRecord) -> None:
        """Take note of a window, if it is final and of the shortest."""
        if window.status != "final" or window.resolution_s != self._bin_s:
            return
        windows = self._windows.setdefault(window.topic, _Windows())
        windows.starts.append(round(window.start_at.timestamp()))
        windows.n_negative.append(window.n_negative)
        windows.n_stories.append(window.n_stories)

    def add_evidence(self, evidence: Evidence) -> None:
        """Take note of what is usual for a topic at a tick."""
        usual = Usual(
            evidence.at, evidence.expected, evidence.expected_low, evidence.expected_high, evidence.usual_share
        )
        self._usual.setdefault(evidence.topic, []).append(usual)

    def hourly(self, topic: str, begin: datetime, end: datetime) -> list[Counted]:
        """Return the counts of each whole hour from `begin` on, those without a story as well."""
        return list(self._sums(topic, begin, end, HOUR_S, HOUR_S))

    def trailing(self, topic: str, begin: datetime, end: datetime, window_s: int, step_s: int) -> list[Counted]:
        """Return the counts of the trailing window at each step; `at` is its end."""
        window = timedelta(seconds=window_s)
        sums = self._sums(topic, begin - window, end - window, window_s, step_s)
        return [Counted(each.at + window, each.n_negative, each.n_stories) for each in sums]

    def usual(self, topic: str, begin: datetime, end: datetime) -> list[Usual]:
        """Return what was usual from time to time, as far as evidence was told."""
        return sorted(
            (each for each in self._usual.get(topic, ()) if begin <= each.at <= end), key=lambda usual: usual.at
        )

    def _sums(self, topic: str, begin: datetime, end: datetime, window_s: int, step_s: int) -> Iterator[Counted]:
        windows = self._windows.get(topic) or _Windows()
        starts = windows.starts  # windows become final in the order of their times
        negative = [0, *accumulate(windows.n_negative)]
        stories = [0, *accumulate(windows.n_stories)]
        first = round(begin.timestamp())
        for start in range(first, round(end.timestamp()), step_s):
            low, high = bisect_left(starts, start), bisect_left(starts, start + window_s)
            at = begin + timedelta(seconds=start - first)
            yield Counted(at, negative[high] - negative[low], stories[high] - stories[low])
