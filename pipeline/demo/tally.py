"""What the demo has seen come out of the worker: windows by topic, alerts, dead letters.

Told of each record; knows no Kafka and no clock.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.records import AlertRecord, TrendRecord

SHOWN = timedelta(hours=4)
"""Of windows that a topic's row sums up: the detector's current window."""


@dataclass(frozen=True, slots=True)
class SeenAlert:
    """An alert, and when it was there to be read."""

    record: AlertRecord
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic over its last windows; `None` stands for "no data"."""

    topic: str
    n_documents: int
    n_stories: int
    n_negative: int
    polarity: float | None
    negative_share: float | None


class Tally:
    """Counts what came out.

    >>> noon = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> tally = Tally()
    >>> tally.add_window(TrendRecord(topic="ftx", start_at=noon, end_at=noon + timedelta(minutes=5), status="final",
    ...     n_documents=3, n_stories=2, n_negative=1, n_neutral=1, n_positive=0, polarity=-0.4, negative_share=0.5,
    ...     n_sources=2, policy_versions={"v1": 3}))
    >>> [(row.topic, row.n_negative, row.polarity) for row in tally.rows()], tally.n_final
    ([('ftx', 1, -0.4)], 1)
    """

    def __init__(self) -> None:
        self.n_final = 0
        self.newest_at: datetime | None = None  # end of the newest window
        self.alerts: list[SeenAlert] = []
        self.policy_versions: list[str] = []  # in order of appearance
        self.dead_letters: Counter[str] = Counter()  # by reason
        self._windows: dict[str, dict[datetime, TrendRecord]] = {}

    def add_window(self, window: TrendRecord) -> None:
        """Take note of a window; a later word on the same one takes the earlier one's place."""
        self.n_final += window.status == "final"
        if self.newest_at is None or window.end_at > self.newest_at:
            self.newest_at = window.end_at
        self.policy_versions += [name for name in window.policy_versions if name not in self.policy_versions]
        self._windows.setdefault(window.topic, {})[window.start_at] = window

    def add_alert(self, alert: AlertRecord, seen_at: datetime) -> None:
        """Take note of an alert."""
        self.alerts.append(SeenAlert(alert, seen_at))

    def add_dead_letter(self, reason: str) -> None:
        """Take note of a dead letter."""
        self.dead_letters[reason] += 1

    def opened(self) -> list[SeenAlert]:
        """Return the alerts that opened an episode."""
        return [alert for alert in self.alerts if alert.record.transition == "opened"]

    def rows(self) -> list[TopicRow]:
        """Return the topics with recent windows, most negative stories first."""
        if self.newest_at is None:
            return []
        since = self.newest_at - SHOWN
        rows = []
        for topic, windows in self._windows.items():
            for start_at in [start_at for start_at in windows if start_at < since]:
                del windows[start_at]
            if windows:
                rows.append(_row(topic, list(windows.values())))
        return sorted(rows, key=lambda row: (-row.n_negative, -row.n_stories, row.topic))


def _row(topic: str, windows: list[TrendRecord]) -> TopicRow:
    n_stories = sum(window.n_stories for window in windows)
    n_negative = sum(window.n_negative for window in windows)
    polarity = sum(window.polarity * window.n_stories for window in windows if window.polarity is not None)
    return TopicRow(
        topic=topic,
        n_documents=sum(window.n_documents for window in windows),
        n_stories=n_stories,
        n_negative=n_negative,
        polarity=polarity / n_stories if n_stories else None,
        negative_share=n_negative / n_stories if n_stories else None,
    )
