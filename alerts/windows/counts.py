"""Counts of a window in whole numbers, which add up to the same in whatever order they are added or taken back.

Knows no state of a window and no stories.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from alerts.windows.history import Change
from alerts.windows.windows import NovelStory, Window, WindowStatus


class WindowCounts(msgspec.Struct, array_like=True, gc=False):
    """What a window holds, but for the identity of its sources.

    >>> counts = WindowCounts()
    >>> counts.count(NovelStory("negative", -0.7, "v1"), 1)
    >>> counts.count(NovelStory("positive", 0.9, "v1"), 1)
    >>> counts.n_stories, counts.n_negative, counts.polarity
    (2, 1, 200000)
    """

    versions: dict[str, list[int]] = {}  # documents, novel stories and negative ones, by the policy that read them
    n_positive: int = 0
    polarity: int = 0  # sum over the novel stories, in millionths: short, and exact whatever is taken back
    ratio_excess: int = 0  # likewise of negative_ratio - 1
    n_sources: int = 0

    @classmethod
    def of(cls, window: Window) -> WindowCounts:
        """Return what a window was told to hold."""
        counts = cls(
            versions={version: [n, 0, 0] for version, n in window.policy_versions.items()},
            n_positive=window.n_positive,
            polarity=_millionths((window.polarity or 0.0) * window.n_stories),
            ratio_excess=_millionths(((window.negative_ratio or 1.0) - 1) * window.n_stories),
            n_sources=window.n_sources,
        )
        for version, (n_stories, n_negative) in window.stories_by_version.items():
            counts.versions.setdefault(version, [0, 0, 0])[1:] = [n_stories, n_negative]
        return counts

    @property
    def n_documents(self) -> int:
        """Return the number of documents."""
        return sum(of[0] for of in self.versions.values())

    @property
    def n_stories(self) -> int:
        """Return the number of novel stories."""
        return sum(of[1] for of in self.versions.values())

    @property
    def n_negative(self) -> int:
        """Return the number of negative novel stories."""
        return sum(of[2] for of in self.versions.values())

    @property
    def negative_ratio(self) -> float:
        """Return the mean of the policies' ratios over the novel stories; 1 without any."""
        return 1 + self.ratio_excess / self.n_stories / 1e6 if self.ratio_excess else 1.0

    def count(self, story: NovelStory, n: int) -> None:
        """Count a story `n` times; -1 takes it back."""
        version = self.versions.setdefault(story.policy_version, [0, 0, 0])
        version[1] += n
        version[2] += n * (story.label == "negative")
        self.n_positive += n * (story.label == "positive")
        self.polarity += n * _millionths(story.polarity)
        self.ratio_excess += n * _millionths(story.negative_ratio - 1)

    def add(self, other: WindowCounts, n: int = 1) -> None:
        """Add the counts of another window `n` times, all but its sources, which may be the same ones."""
        for version, added in other.versions.items():
            held = self.versions.setdefault(version, [0, 0, 0])
            for place, number in enumerate(added):
                held[place] += n * number
        self.n_positive += n * other.n_positive
        self.polarity += n * other.polarity
        self.ratio_excess += n * other.ratio_excess

    def window(
        self,
        topic: str,
        between: tuple[datetime, datetime],
        status: WindowStatus,
        changes: tuple[Change | None, Change | None] = (None, None),
    ) -> Window:
        """Return the window that holds this.

        Args:
            topic: its topic.
            between: its start and its end.
            status: its status.
            changes: against the day and the week before.
        """
        n_documents, n_stories, n_negative = self.n_documents, self.n_stories, self.n_negative
        return Window(
            topic=topic,
            start_at=between[0],
            end_at=between[1],
            status=status,
            n_documents=n_documents,
            n_stories=n_stories,
            n_negative=n_negative,
            n_neutral=n_stories - n_negative - self.n_positive,
            n_positive=self.n_positive,
            polarity=self.polarity / n_stories / 1e6 if n_stories else None,
            negative_share=n_negative / n_stories if n_stories else None,
            n_sources=self.n_sources if n_documents else 0,
            policy_versions=_documents(self.versions),
            stories_by_version={version: (of[1], of[2]) for version, of in sorted(self.versions.items()) if of[1]},
            negative_ratio=self.negative_ratio if n_stories else None,
            day_before=changes[0],
            week_before=changes[1],
        )


def _documents(versions: Mapping[str, list[int]]) -> dict[str, int]:
    return {version: of[0] for version, of in sorted(versions.items()) if of[0]}


def _millionths(value: float) -> int:
    return round(value * 1e6)
