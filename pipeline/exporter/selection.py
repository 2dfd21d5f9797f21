"""Which topics are told of: a bounded number, those that matter most now. Pure; the clock is an argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class ChosenReason(StrEnum):
    """Why a topic is told of.

    >>> ChosenReason.SURGE.value
    'surge'
    """

    PINNED = "pinned"  # somebody wants it to be
    EPISODE = "episode"  # it has an open episode
    SURGE = "surge"  # it is among those that are most unusual now
    VOLUME = "volume"  # it is among those with most documents
    LINGERING = "lingering"  # it was one of these a short while ago


@dataclass(frozen=True, slots=True)
class SelectionConfig:
    """How many topics are told of.

    >>> SelectionConfig(max_topics=1, pinned=("tesla", "ford"))
    Traceback (most recent call last):
        ...
    ValueError: pinned must name at most max_topics = 1 topics, got 2
    """

    max_topics: int = 100
    # At any time: with some twenty series each, a few thousand in all, which Prometheus does not feel.
    pinned: tuple[str, ...] = field(default=())
    # Always among them.
    linger_s: float = 3_600.0
    # A topic that comes and goes keeps its series, and its line on a dashboard does not flicker.

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.max_topics < 1:
            raise ValueError(f"max_topics must be >= 1, got {self.max_topics}")
        if len(self.pinned) > self.max_topics:
            raise ValueError(
                f"pinned must name at most max_topics = {self.max_topics} topics, got {len(self.pinned)}"
            )
        if not self.linger_s >= 0:
            raise ValueError(f"linger_s must be >= 0, got {self.linger_s}")


class TopicSelection:
    """Chooses topics; never more than it may.

    >>> selection = TopicSelection(SelectionConfig(max_topics=2))
    >>> noon = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> dict(selection.update(episodes=["ftx"], surges=[], volumes=["apple", "tesla"], now=noon))
    {'ftx': <ChosenReason.EPISODE: 'episode'>, 'apple': <ChosenReason.VOLUME: 'volume'>}
    """

    def __init__(self, config: SelectionConfig) -> None:
        self._config = config
        self._last: dict[str, datetime] = {}  # when each was last chosen for what it is

    def update(
        self, *, episodes: Iterable[str], surges: Iterable[str], volumes: Iterable[str], now: datetime
    ) -> Mapping[str, ChosenReason]:
        """Return the topics to tell of, with the first reason that holds.

        Args:
            episodes: topics with an open episode, the last opened first.
            surges: topics about which there is evidence, the most unusual first.
            volumes: topics with documents, those with most first.
            now: processing time.
        """
        # a quarter each for what surges and what is talked of most, so that neither keeps the other out
        n_each = -(-self._config.max_topics // 4)
        by_volume = list(volumes)
        chosen: dict[str, ChosenReason] = {}
        for reason, topics in (
            (ChosenReason.PINNED, self._config.pinned),
            (ChosenReason.EPISODE, episodes),
            (ChosenReason.SURGE, list(surges)[:n_each]),
            (ChosenReason.VOLUME, by_volume[:n_each]),
            (ChosenReason.LINGERING, self._lingering(now)),
            (ChosenReason.VOLUME, by_volume),
        ):
            for topic in topics:
                if len(chosen) == self._config.max_topics:
                    break
                chosen.setdefault(topic, reason)
        self._last |= {topic: now for topic, reason in chosen.items() if reason is not ChosenReason.LINGERING}
        return chosen

    def _lingering(self, now: datetime) -> list[str]:
        since = now - timedelta(seconds=self._config.linger_s)
        self._last = {topic: at for topic, at in self._last.items() if at > since}
        return sorted(self._last, key=lambda topic: (-self._last[topic].timestamp(), topic))
