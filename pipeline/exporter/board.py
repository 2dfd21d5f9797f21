"""What is known of every topic at the newest moment of event time: its last windows, and the evidence about it.

Knows no Kafka, no Prometheus and no clock.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from alerts.surges.evidence import Evidence
from alerts.windows.shares import Interval, interval_90
from pipeline.records import TrendRecord

HOUR = timedelta(hours=1)
_N_STALE_BINS = 3
"""Evidence comes with each bin for as long as there is any; partitions are this far apart at most."""


class _Counts(NamedTuple):
    n_documents: int = 0
    n_negative: int = 0
    n_neutral: int = 0
    n_positive: int = 0
    polarity: float = 0.0  # sum over the stories

    @property
    def n_stories(self) -> int:
        return self.n_negative + self.n_neutral + self.n_positive


@dataclass(frozen=True, slots=True)
class TopicFigures:
    """One topic; `None` stands for "no data".

    >>> TopicBoard().figures_of("tesla").negative_share is None
    True
    """

    topic: str
    n_documents: int  # of the last hour, as are the next three
    n_negative: int
    n_neutral: int
    n_positive: int
    n_negative_current: int  # of the current window, that of surges, as are the next three
    negative_share: float | None
    negative_interval: Interval | None  # that holds the share in 90 %
    polarity: float | None  # mean over the stories, in [-1, 1]
    evidence: Evidence | None  # where something notable is on


class TopicBoard:
    """All topics.

    Args:
        bin_s: length of the windows that are counted.
        current_s: length of the current window, over which surges are judged.

    >>> board = TopicBoard()
    >>> board.at is None, board.volumes()
    (True, [])
    """

    def __init__(self, bin_s: int = 300, current_s: int = 14_400) -> None:
        self._bin = timedelta(seconds=bin_s)
        self._current = timedelta(seconds=current_s)
        self._windows: dict[datetime, dict[str, _Counts]] = {}  # by end, then topic
        self._evidence: dict[str, Evidence] = {}
        self.at: datetime | None = None  # the newest end of a window, or of a tick

    def take_window(self, window: TrendRecord) -> None:
        """Take note of a window, whose last record is the one that counts."""
        if window.end_at - window.start_at != self._bin:
            return
        self.advance(window.end_at)
        if self.at is None or window.end_at <= self.at - self._current:
            return
        polarity = (window.polarity or 0.0) * window.n_stories
        self._windows.setdefault(window.end_at, {})[window.topic] = _Counts(
            window.n_documents, window.n_negative, window.n_neutral, window.n_positive, polarity
        )

    def take_evidence(self, evidence: Evidence) -> None:
        """Take note of evidence."""
        self.advance(evidence.at)
        held = self._evidence.get(evidence.topic)
        if held is None or evidence.at >= held.at:
            self._evidence[evidence.topic] = evidence

    def advance(self, at: datetime) -> None:
        """Take note of how far event time has come; what is too old is forgotten."""
        if self.at is not None and at <= self.at:
            return
        self.at = at
        for end_at in [end_at for end_at in self._windows if end_at <= at - self._current]:
            del self._windows[end_at]
        stale_at = at - self._bin * _N_STALE_BINS
        for topic in [topic for topic, evidence in self._evidence.items() if evidence.at < stale_at]:
            del self._evidence[topic]

    def volumes(self) -> list[str]:
        """Return the topics with documents in the current window, those with most of them first."""
        n_documents: Counter[str] = Counter()
        for by_topic in self._windows.values():
            for topic, counts in by_topic.items():
                n_documents[topic] += counts.n_documents
        return sorted(n_documents, key=lambda topic: (-n_documents[topic], topic))

    def surges(self) -> list[str]:
        """Return the topics about which there is evidence, what is rarest for its topic first."""
        return sorted(self._evidence, key=lambda topic: (-self._evidence[topic].return_period_s, topic))

    def evidence_of(self, topic: str) -> Evidence | None:
        """Return the newest evidence about a topic, while there is any."""
        return self._evidence.get(topic)

    def figures_of(self, topic: str) -> TopicFigures:
        """Return what is known of a topic."""
        hour = self._sum(topic, HOUR)
        current = self._sum(topic, self._current)
        n_stories = current.n_stories
        return TopicFigures(
            topic=topic,
            n_documents=hour.n_documents,
            n_negative=hour.n_negative,
            n_neutral=hour.n_neutral,
            n_positive=hour.n_positive,
            n_negative_current=current.n_negative,
            negative_share=current.n_negative / n_stories if n_stories else None,
            negative_interval=interval_90(current.n_negative, n_stories),
            polarity=current.polarity / n_stories if n_stories else None,
            evidence=self._evidence.get(topic),
        )

    def _sum(self, topic: str, length: timedelta) -> _Counts:
        if self.at is None:
            return _Counts()
        begins_at = self.at - length
        windows = [by_topic for end_at, by_topic in self._windows.items() if end_at > begins_at]
        found = [by_topic[topic] for by_topic in windows if topic in by_topic]
        return _Counts(*map(sum, zip(*found, strict=True))) if found else _Counts()
