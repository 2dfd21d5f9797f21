"""A replay in two halves: what no rule acts on, once, and surges, once for each rule book; no clock is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from models.topics.watchlist import Watchlist
from pipeline import wiring
from pipeline.metrics import Metrics
from pipeline.records import (
    AlertRecord,
    Candidate,
    Decision,
    DecisionOrTick,
    EvidenceRecord,
    Mention,
    Origin,
    Tick,
    TickMark,
    TrendRecord,
)
from pipeline.settings import Settings
from pipeline.stage import MemoryStates, Stage
from pipeline.stages.link import SourceState
from pipeline.stages.surges import SurgesState
from pipeline.stages.trends import TrendsState

Counted = TrendRecord | Mention | EvidenceRecord | TickMark
"""What leaves the stages before the last: windows, mentions that came too late, and candidates."""


class Counting:
    """Feeds decisions through link and trends, on which no rule acts.

    Args:
        settings: `partitions` is the number of source partitions that the decisions come from.
        watchlist: the topics.
        metrics: is told what the stages count.

    >>> from prometheus_client import CollectorRegistry
    >>> list(Counting(Settings(), Watchlist(()), Metrics(CollectorRegistry())).close())
    []
    """

    def __init__(self, settings: Settings, watchlist: Watchlist, metrics: Metrics) -> None:
        sources: MemoryStates[SourceState] = MemoryStates()
        topics: MemoryStates[TrendsState] = MemoryStates()
        self._stages: dict[str, Stage[Any]] = {
            "decisions": wiring.link_stage(settings, watchlist, sources, metrics),
            "mentions": wiring.trends_stage(settings, topics, metrics),
        }
        self._settings = settings
        self._last_at: datetime | None = None  # greatest event time so far

    def feed(self, record: DecisionOrTick, partition: int) -> Iterator[Counted]:
        """Yield what a record of `decisions` in this source partition causes."""
        if isinstance(record, Decision):
            self._last_at = max(record.published_at, self._last_at or record.published_at)
        yield from self._pass("decisions", record, partition)

    def close(self) -> Iterator[Counted]:
        """Yield what becomes final when time goes on until every window is closed."""
        if self._last_at is None:
            return
        margin_s = 2 * self._settings.bin_s + self._settings.grace_s + self._settings.disorder_s
        tick = Tick(stream_at=self._last_at + timedelta(seconds=margin_s))
        for partition in range(self._settings.partitions):
            yield from self._pass("decisions", tick, partition)

    def _pass(self, kafka_topic: str, record: Any, partition: int) -> Iterator[Any]:
        stage = self._stages.get(kafka_topic)
        if stage is None:
            yield record
            return
        for outbound in stage.step(record, Origin(partition, -1)):
            yield from self._pass(outbound.kafka_topic, outbound.record, outbound.partition)


class Judging:
    """Feeds candidates through surges, with one rule book.

    >>> from prometheus_client import CollectorRegistry
    >>> noon = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> judging = Judging(Settings(), Watchlist(()), Metrics(CollectorRegistry()))
    >>> list(judging.feed(TickMark(partition=0, at=noon, n_partitions=1)))
    []
    """

    def __init__(self, settings: Settings, watchlist: Watchlist, metrics: Metrics) -> None:
        episodes: MemoryStates[SurgesState] = MemoryStates()
        self._stage = wiring.surges_stage(settings, watchlist, episodes, metrics)

    def feed(self, candidate: Candidate) -> Iterator[AlertRecord]:
        """Yield the alerts that a candidate causes; what is said of rules, whoever replays has told."""
        for outbound in self._stage.step(candidate, Origin(0, -1)):
            if isinstance(outbound.record, AlertRecord):
                yield outbound.record
