"""Trends: per topic, counts stories in event-time windows and looks for surges, as marks close ticks.

State is one record per topic, and one per partition (`#p`) for the marks, which is written after the topics.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeAlias

from alerts.evidence import Evidence
from alerts.observation import Observation
from alerts.sketches import TextSketch
from alerts.topic import TopicConfig, TopicTrend
from alerts.watermarks import MarkLedger
from alerts.windows import Window
from pipeline.metrics import Metrics
from pipeline.records import EvidenceRecord, Mark, Mention, MentionOrMark, Origin, TrendRecord
from pipeline.stage import Outbound, States, partition_of

TopicOrMarks: TypeAlias = TopicTrend | MarkLedger


class TrendsStage:
    """Turns mentions and marks into windows on `trends` and evidence on `candidates`."""

    def __init__(
        self,
        states: States[TopicOrMarks],
        metrics: Metrics,
        *,
        partitions: int,
        bin_s: int,
        config: TopicConfig,
    ) -> None:
        self._states = states
        self._metrics = metrics
        self._partitions = partitions
        self._bin_s = bin_s
        self._config = config
        self._topics: dict[int, dict[str, TopicTrend]] | None = None  # by partition, derived from state

    def reset(self) -> None:
        """Forget which topics there are; the next mark finds them again."""
        self._topics = None

    def step(self, record: MentionOrMark, origin: Origin) -> list[Outbound]:
        """Count a mention, or close what a mark lets close."""
        if isinstance(record, Mark):
            return self._close(record, origin.partition)
        return self._observe(record, origin.partition)

    def _observe(self, mention: Mention, partition: int) -> list[Outbound]:
        topics = self._by_partition(partition)
        topic = topics.get(mention.topic)
        if topic is None:
            topic = TopicTrend(mention.topic, self._config)
        if mention.origin.offset <= topic.origins.get(mention.origin.partition, -1):
            return []
        topic.origins[mention.origin.partition] = mention.origin.offset
        topic.observe(_observation(mention))
        topics[mention.topic] = topic
        self._states.put(mention.topic, partition, topic)
        return [Outbound("late", mention.topic.encode(), mention, partition)] if mention.is_late else []

    def _close(self, mark: Mark, partition: int) -> list[Outbound]:
        key = f"#{partition}"
        ledger = self._states.get(key) or MarkLedger()
        if not isinstance(ledger, MarkLedger):
            raise TypeError(f"state {key} must hold marks, got {type(ledger).__name__}")
        before = ledger.least(mark.n_sources)
        ledger.update(mark.origin.partition, mark.watermark)
        least = ledger.least(mark.n_sources)
        self._states.put(key, partition, ledger)
        if least is None or (before is not None and self._bin(before) == self._bin(least)):
            return []
        until = datetime.fromtimestamp(self._bin(least) * self._bin_s, tz=UTC)
        outbound = []
        topics = self._by_partition(partition)
        for name in sorted(name for name, topic in topics.items() if _is_due(topic, until)):
            closed = topics[name].close(until)
            self._states.put(name, partition, topics[name])
            outbound += [self._window(window, partition) for window in closed.windows]
            outbound += [self._candidate(evidence) for evidence in closed.evidence]
        return outbound

    def _by_partition(self, partition: int) -> dict[str, TopicTrend]:
        if self._topics is None:
            self._topics = {}
            for name, state in self._states.items():
                if isinstance(state, TopicTrend):
                    self._topics.setdefault(partition_of(name, self._partitions), {})[name] = state
        return self._topics.setdefault(partition, {})

    def _bin(self, at: datetime) -> int:
        return int(at.timestamp() // self._bin_s)

    def _window(self, window: Window, partition: int) -> Outbound:
        self._metrics.count_window(window.status.value, window.n_stories)
        record = TrendRecord(
            topic=window.topic,
            start_at=window.start_at,
            end_at=window.end_at,
            status=window.status.value,
            n_documents=window.n_documents,
            n_stories=window.n_stories,
            n_negative=window.n_negative,
            n_neutral=window.n_neutral,
            n_positive=window.n_positive,
            polarity=window.polarity,
            negative_share=window.negative_share,
            n_sources=window.n_sources,
            policy_versions=dict(window.policy_versions),
        )
        return Outbound("trends", window.topic.encode(), record, partition)

    def _candidate(self, evidence: Evidence) -> Outbound:
        record = EvidenceRecord(topic=evidence.topic, at=evidence.at, evidence=evidence)
        return Outbound("candidates", evidence.topic.encode(), record, 0)


def _is_due(topic: TopicTrend, until: datetime) -> bool:
    due_at = topic.due_at()
    return due_at is not None and due_at <= until


def _observation(mention: Mention) -> Observation:
    sketch = mention.sketch
    return Observation(
        document_id=mention.document_id,
        published_at=mention.published_at,
        known_at=mention.known_at,
        is_late=mention.is_late,
        kind=mention.kind,
        source=mention.source,
        sentiment=mention.sentiment,
        sketch=TextSketch(sketch.words, sketch.names, sketch.numbers, sketch.direction),
        excerpt=mention.excerpt,
        url=mention.url,
        policy_version=mention.policy_version,
    )
