"""Surges: owns the topics' episodes; turns evidence into transitions on `alerts`."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.episodes import EpisodeConfig, EpisodeTracker, Transition
from alerts.rendering import summarize
from pipeline.metrics import Metrics
from pipeline.records import AlertRecord, AlertStory, EvidenceRecord, Origin
from pipeline.stage import Outbound, States, partition_of


class SurgesStage:
    """Turns candidates into alerts, one per change of an episode."""

    def __init__(
        self,
        states: States[EpisodeTracker],
        metrics: Metrics,
        *,
        partitions: int,
        config: EpisodeConfig,
        names: Mapping[str, str],
    ) -> None:
        self._states = states
        self._metrics = metrics
        self._partitions = partitions
        self._config = config
        self._names = names

    def reset(self) -> None:
        """Nothing is derived from state."""

    def step(self, record: EvidenceRecord, origin: Origin) -> list[Outbound]:
        """Return the alert of the transition that this evidence causes, if any."""
        tracker = self._states.get(record.topic) or EpisodeTracker(record.topic, self._config)
        transition = tracker.update(record.evidence).transition
        self._states.put(record.topic, origin.partition, tracker)
        if transition is None:
            return []
        self._metrics.count_alert(transition.kind.value)
        alert = _alert(transition, self._names.get(record.topic, record.topic))
        return [Outbound("alerts", record.topic.encode(), alert, partition_of(record.topic, self._partitions))]


def _alert(transition: Transition, topic_name: str) -> AlertRecord:
    evidence = transition.evidence
    return AlertRecord(
        id=transition.id,
        topic=transition.topic,
        topic_name=topic_name,
        episode=transition.episode,
        number=transition.number,
        transition=transition.kind.value,
        reason=transition.reason.value,
        severity=transition.severity.value,
        at=transition.at,
        opened_at=transition.opened_at,
        summary=summarize(transition, topic_name),
        n_negative=evidence.n_negative,
        n_stories=evidence.n_stories,
        expected=evidence.expected,
        expected_low=evidence.expected_low,
        expected_high=evidence.expected_high,
        negative_share=evidence.negative_share,
        usual_share=evidence.usual_share,
        onset_at=evidence.onset_at,
        n_sources=evidence.n_sources,
        baseline_age_s=evidence.baseline_age_s,
        return_period_s=evidence.return_period_s,
        stories=tuple(
            AlertStory(story.excerpt, story.url, story.source, story.copies, story.published_at)
            for story in evidence.stories
        ),
        policy_versions=tuple(evidence.policy_versions),
    )
