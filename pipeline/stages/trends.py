"""Trends: per topic, counts stories in event-time windows and looks for surges, as marks close ticks.

State by key: `topic` holds what ticks have counted, `+topic/partition/offset` a mention that waits for its tick,
`+topic/partition/r7` one that a revision caused, `#p` the marks of partition p. So a mention costs one small record,
and a topic's own is written once a tick.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec

from alerts.observation import Observation
from alerts.stories.sketches import TextSketch
from alerts.surges.evidence import Evidence, Pulse
from alerts.ticks import tick_of, tick_start
from alerts.topic import Closed, TopicConfig, TopicTrend
from alerts.watermarks import MarkLedger
from alerts.windows.history import Change
from alerts.windows.shares import ErrorRates, interval_90, rates_of
from alerts.windows.windows import Window, WindowStatus
from pipeline.candidates import EvidenceRecord, TickMark
from pipeline.metrics import Metrics
from pipeline.records import (
    BEFORE_ALL,
    ChangeRecord,
    Interval,
    Mark,
    Mention,
    MentionOrMark,
    Origin,
    TrendRecord,
    VersionCounts,
)
from pipeline.stage import Outbound, States, partition_of

TrendsState: TypeAlias = TopicTrend | MarkLedger | Observation

MIN_RATIO, MAX_RATIO = 0.2, 5.0
"""A policy that says negative so much more or less often than another is broken, or was measured on too little."""


@dataclass(frozen=True, slots=True)
class _Live:
    """A topic, and the keys of the mentions that wait for their tick."""

    trend: TopicTrend
    waiting: dict[str, int]  # key to tick


class TrendsStage:
    """Turns mentions and marks into windows on `trends` and evidence on `candidates`.

    Args:
        states: by key.
        metrics: is told what is counted.
        partitions: of `mentions`.
        config: of each topic.
        error_rates: by policy version, where they are known.
    """

    def __init__(
        self,
        states: States[TrendsState],
        metrics: Metrics,
        *,
        partitions: int,
        config: TopicConfig,
        error_rates: Mapping[str, ErrorRates] | None = None,
    ) -> None:
        self._states = states
        self._metrics = metrics
        self._partitions = partitions
        self._bin_s = config.windows.bin_s
        self._bin = timedelta(seconds=self._bin_s)
        self._config = config
        self._error_rates = error_rates or {}
        self._topics: dict[int, dict[str, _Live]] | None = None  # by partition, derived from state

    def reset(self) -> None:
        """Forget which topics there are; the next record finds them again."""
        self._topics = None
        self._metrics.forget_watermarks()

    def step(self, record: MentionOrMark, origin: Origin) -> list[Outbound]:
        """Count a mention, or close what a mark lets close."""
        if isinstance(record, Mark):
            return self._close(record, origin.partition)
        return self._observe(record, origin.partition)

    def _observe(self, mention: Mention, partition: int) -> list[Outbound]:
        live = self._live(mention.topic, partition)
        key = _waiting_key(mention)
        if _is_applied(live.trend, key) or key in live.waiting:
            return []
        observation = _observation(mention)
        live.trend.observe(observation)
        live.waiting[key] = observation.known_tick(self._bin_s)
        _applied(live.trend, key)
        self._states.put(key, partition, observation)
        return [Outbound("late", mention.topic.encode(), mention, partition)] if mention.is_late else []

    def _close(self, mark: Mark, partition: int) -> list[Outbound]:
        ledger = self._ledger(partition)
        before = ledger.least(mark.n_sources)
        ledger.update(mark.origin.partition, mark.watermark, mark.began_at)
        least = ledger.least(mark.n_sources)
        self._states.put(f"#{partition}", partition, ledger)
        if least is not None:
            self._metrics.set_watermark(partition, least)
        if least is None or (before is not None and tick_of(before, self._bin_s) == tick_of(least, self._bin_s)):
            return []
        until = tick_start(tick_of(least, self._bin_s), self._bin_s)
        outbound: list[Outbound] = []
        pulses: list[Pulse] = []
        counted: dict[WindowStatus, tuple[int, int]] = {}
        topics = self._by_partition(partition)
        last = tick_of(until, self._bin_s) - 1
        for name in sorted([name for name, live in topics.items() if _is_due(live.trend, last)]):
            closed = self._close_topic(name, topics[name], ledger, until, partition)
            outbound += [self._window(window, partition) for window in closed.windows]
            outbound += [self._candidate(evidence) for evidence in closed.evidence]
            pulses += closed.pulses
            self._count(closed.windows, counted)
        for status, (n_windows, n_stories) in counted.items():
            self._metrics.count_windows(status.value, n_windows, n_stories)
        told = TickMark(partition=partition, at=until, n_partitions=self._partitions, pulses=tuple(pulses))
        return [*outbound, Outbound("candidates", b"", told, 0)]

    def _count(self, windows: Iterable[Window], counted: dict[WindowStatus, tuple[int, int]]) -> None:
        """Add windows and their stories; what longer windows hold is counted in the short ones."""
        for window in windows:
            if window.end_at - window.start_at == self._bin:
                n_windows, n_stories = counted.get(window.status, (0, 0))
                counted[window.status] = n_windows + 1, n_stories + window.n_stories

    def _close_topic(self, name: str, live: _Live, ledger: MarkLedger, until: datetime, partition: int) -> Closed:
        if ledger.began_at is not None:
            live.trend.watch_since(ledger.began_at)
        closed = live.trend.close(until)
        for effect in closed.effects:
            self._metrics.count_change(effect.value)
        last = live.trend.closed_until
        for key in [key for key, tick in live.waiting.items() if last is not None and tick <= last]:
            del live.waiting[key]
            _applied(live.trend, key)
            self._states.drop(key, partition)
        self._states.put(name, partition, live.trend)
        return closed

    def _ledger(self, partition: int) -> MarkLedger:
        ledger = self._states.get(f"#{partition}") or MarkLedger()
        if not isinstance(ledger, MarkLedger):
            raise TypeError(f"state #{partition} must hold marks, got {type(ledger).__name__}")
        return ledger

    def _live(self, topic: str, partition: int) -> _Live:
        topics = self._by_partition(partition)
        if topic not in topics:
            topics[topic] = _Live(TopicTrend(topic, self._config), {})
        return topics[topic]

    def _by_partition(self, partition: int) -> dict[str, _Live]:
        if self._topics is None:
            self._topics = {}
            self._find_topics()
        return self._topics.setdefault(partition, {})

    def _find_topics(self) -> None:
        held = list(self._states.items())
        for name, state in held:
            if isinstance(state, TopicTrend):
                state.forget_pending()  # an object that was kept still holds what is observed again below
                self._by_partition(partition_of(name, self._partitions))[name] = _Live(state, {})
        for key, state in held:
            if not isinstance(state, Observation):
                continue
            topic = key[1:].rsplit("/", 2)[0]
            partition = partition_of(topic, self._partitions)
            live = self._live(topic, partition)
            last = live.trend.closed_until
            tick = live.waiting[key] = state.known_tick(self._bin_s)
            # not `_applied` yet: of a chunk that a death cut short, a mention before this one may be missing
            if last is None or tick > last:
                live.trend.observe(state)
            # else it is counted, and the process died before it could say so

    def _window(self, window: Window, partition: int) -> Outbound:
        n_documents, n_stories = window.n_documents, window.n_stories
        negative_interval = interval_90(window.n_negative, n_stories)
        adjusted_share, adjusted_interval = self._adjusted(window, negative_interval)
        record = TrendRecord(
            topic=window.topic,
            start_at=window.start_at,
            end_at=window.end_at,
            status=window.status.value,
            n_documents=n_documents,
            n_stories=n_stories,
            n_negative=window.n_negative,
            n_neutral=window.n_neutral,
            n_positive=window.n_positive,
            polarity=window.polarity,
            negative_share=window.negative_share,
            n_sources=window.n_sources,
            policy_versions=dict(window.policy_versions),
            stories_by_version={version: VersionCounts(*n) for version, n in window.stories_by_version.items()},
            negative_ratio=window.negative_ratio,
            resolution_s=int((window.end_at - window.start_at).total_seconds()),
            novelty=n_stories / n_documents if n_documents else None,
            positive_share=window.n_positive / n_stories if n_stories else None,
            negative_interval=negative_interval,
            positive_interval=interval_90(window.n_positive, n_stories),
            adjusted_negative_share=adjusted_share,
            adjusted_negative_interval=adjusted_interval,
            day_before=_change(window.day_before),
            week_before=_change(window.week_before),
        )
        return Outbound("trends", window.topic.encode(), record, partition)

    def _adjusted(self, window: Window, interval: Interval | None) -> tuple[float | None, Interval | None]:
        """Return the negative share without the errors of the policies that read the window, and its interval."""
        if not self._error_rates or interval is None or window.negative_share is None:
            return None, None
        rates = rates_of({version: n[0] for version, n in window.stories_by_version.items()}, self._error_rates)
        if rates is None:
            return None, None
        low, high = (rates.unbiased(bound) for bound in interval)
        return rates.unbiased(window.negative_share), (low, high)

    def _candidate(self, evidence: Evidence) -> Outbound:
        record = EvidenceRecord(topic=evidence.topic, at=evidence.at, evidence=evidence)
        return Outbound("candidates", evidence.topic.encode(), record, 0)


def _waiting_key(mention: Mention) -> str:
    """Return the key of a mention that waits; a revision has its own number, as its document is applied already."""
    source, offset = mention.origin
    number = offset if mention.revision is None else f"r{mention.revision}"
    return f"+{mention.topic}/{source}/{number}"


def _applied_of(trend: TopicTrend, key: str) -> tuple[dict[int, int], int, int]:
    """Return where a topic keeps how far it is with mentions of the kind under `key`, its source, and its number."""
    _, source, number = key.rsplit("/", 2)
    if number.startswith("r"):
        return trend.revisions, int(source), int(number[1:])
    return trend.origins, int(source), int(number)


def _is_applied(trend: TopicTrend, key: str) -> bool:
    last, source, number = _applied_of(trend, key)
    return number <= last.get(source, BEFORE_ALL)


def _applied(trend: TopicTrend, key: str) -> None:
    """Have the topic remember that it has what the mention under `key` came from, and all before that."""
    last, source, number = _applied_of(trend, key)
    last[source] = max(number, last.get(source, BEFORE_ALL))


def _change(change: Change | None) -> ChangeRecord | None:
    return None if change is None else ChangeRecord(change.n_stories, change.stories_ratio, change.share_difference)


def _is_due(topic: TopicTrend, last: int) -> bool:
    tick = topic.next_tick()
    return tick is not None and tick <= last


def _observation(mention: Mention) -> Observation:
    return Observation(
        document_id=mention.document_id,
        published_at=mention.published_at,
        known_at=mention.known_at,
        is_late=mention.is_late,
        kind=mention.kind,
        source=mention.source,
        sentiment=mention.sentiment,
        sketch=TextSketch(*msgspec.structs.astuple(mention.sketch)),
        excerpt=mention.excerpt,
        url=mention.url,
        policy_version=mention.policy_version,
        negative_ratio=min(max(mention.negative_ratio, MIN_RATIO), MAX_RATIO),
        revision=mention.revision,
        change=mention.change,
        beside=mention.beside,
        is_named=mention.is_named,
    )
