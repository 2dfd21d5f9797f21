"""The part of a replay on which no rule acts: decisions through link and trends, into windows and candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from models.topics.watchlist import Watchlist
from pipeline import wiring
from pipeline.candidates import EvidenceRecord, TickMark
from pipeline.metrics import Metrics
from pipeline.records import Decision, DecisionOrTick, Mention, Origin, Tick, TrendRecord
from pipeline.settings import Settings
from pipeline.stage import MemoryStates, Stage, States

NewStates = Callable[[str], States[Any]]
"""Makes what keeps a role's state, of its name."""

Counted = TrendRecord | Mention | EvidenceRecord | TickMark
"""What leaves these stages: windows, mentions that came too late, and candidates."""


def in_memory(_role: str) -> States[Any]:
    """Return what keeps a role's state until the replay is over."""
    return MemoryStates()


class Counting:
    """Feeds decisions through link and trends.

    Args:
        settings: `partitions` is the number of source partitions that the decisions come from.
        watchlist: the topics.
        metrics: is told what the stages count.
        states: where state is kept.

    >>> from prometheus_client import CollectorRegistry
    >>> list(Counting(Settings(), Watchlist(()), Metrics(CollectorRegistry())).close())
    []
    """

    def __init__(
        self, settings: Settings, watchlist: Watchlist, metrics: Metrics, states: NewStates = in_memory
    ) -> None:
        self._stages: dict[str, Stage[Any]] = {
            "decisions": wiring.link_stage(settings, watchlist, states("link"), metrics),
            "mentions": wiring.trends_stage(settings, states("trends"), metrics),
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
