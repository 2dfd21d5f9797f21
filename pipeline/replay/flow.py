"""Replay: the stages of link, trends and surges over decisions, without a broker; no clock is read.

The same stages as under Faust, so the same decisions give the same trends and alerts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from models.topics.watchlist import Watchlist
from pipeline import wiring
from pipeline.metrics import Metrics
from pipeline.records import (
    AlertRecord,
    Decision,
    DecisionOrTick,
    Mention,
    Origin,
    RulesRecord,
    RulesTaken,
    Tick,
    TrendRecord,
)
from pipeline.settings import Settings
from pipeline.stage import MemoryStates, Outbound, Stage, States

Result = TrendRecord | AlertRecord | Mention
"""What leaves the last stage: windows, alerts, and mentions that came too late."""

_UNTOLD = frozenset({"config"})
"""What the stages say of rules, which whoever replays has told them."""


class Replay:
    """Feeds decisions through the stages.

    Args:
        settings: `partitions` is the number of source partitions that the decisions come from.
        watchlist: the topics.
        metrics: is told what the stages count.
        states: makes what keeps a role's state, of its name; by default it is gone with the replay.
    """

    def __init__(
        self,
        settings: Settings,
        watchlist: Watchlist,
        metrics: Metrics,
        states: Callable[[str], States[Any]] = lambda _role: MemoryStates(),
    ) -> None:
        self._surges = wiring.surges_stage(settings, watchlist, states("surges"), metrics)
        self._stages: dict[str, Stage[Any]] = {
            "decisions": wiring.link_stage(settings, watchlist, states("link"), metrics),
            "mentions": wiring.trends_stage(settings, states("trends"), metrics),
            "candidates": self._surges,
        }
        self._settings = settings
        self._last_at: datetime | None = None  # greatest event time so far

    def feed(self, record: DecisionOrTick, partition: int) -> Iterator[Result]:
        """Yield what a record of `decisions` in this source partition causes."""
        if isinstance(record, Decision):
            self._last_at = max(record.published_at, self._last_at or record.published_at)
        yield from self._pass("decisions", record, partition)

    def change_rules(self, taken: RulesTaken) -> None:
        """Have a rule book hold as it did when it was taken; call this before anything is fed."""
        self._surges.change_rules(taken.text, taken.after)

    def take_rules(self, record: RulesRecord) -> list[Outbound]:
        """Have a rule book hold from the first tick that is not closed, and return what is to be said of that."""
        return self._stages["candidates"].step(record, Origin(0, -1))

    def close(self) -> Iterator[Result]:
        """Yield what becomes final when time goes on until every window is closed."""
        if self._last_at is None:
            return
        margin_s = 2 * self._settings.bin_s + self._settings.grace_s + self._settings.disorder_s
        tick = Tick(stream_at=self._last_at + timedelta(seconds=margin_s))
        for partition in range(self._settings.partitions):
            yield from self._pass("decisions", tick, partition)

    def _pass(self, kafka_topic: str, record: Any, partition: int) -> Iterator[Result]:
        stage = self._stages.get(kafka_topic)
        if stage is None:
            yield from [] if kafka_topic in _UNTOLD else [record]
            return
        for outbound in stage.step(record, Origin(partition, -1)):
            yield from self._pass(outbound.kafka_topic, outbound.record, outbound.partition)
