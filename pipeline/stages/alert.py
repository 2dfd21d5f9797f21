"""Writes an episode's change as the alert that people and other systems are told."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from alerts.episodes.fleet import Change
from alerts.episodes.rendering import summarize
from pipeline.records import AffectedTopic, AlertRecord, AlertStory


class AlertWriter:
    """Makes alerts of changes.

    Args:
        names: of topics, as people call them, by id; others are called by their id.
        console_url: where the console is; None: alerts link nowhere.
    """

    def __init__(self, names: Mapping[str, str], console_url: str | None = None) -> None:
        self._names = names
        self._console_url = console_url.rstrip("/") if console_url else None

    def alert(self, change: Change) -> AlertRecord:
        """Return the alert of a change."""
        transition, evidence = change.transition, change.transition.evidence
        affected = tuple(
            AffectedTopic(each.topic, self._name(each.topic), each.n_negative, each.expected)
            for each in change.affected
        )
        name = self._name(transition.topic)
        return AlertRecord(
            id=transition.id,
            topic=transition.topic,
            topic_name=name,
            episode=transition.episode,
            number=transition.number,
            transition=transition.kind.value,
            reason=transition.reason.value,
            severity=transition.severity.value,
            at=transition.at,
            opened_at=transition.opened_at,
            summary=summarize(transition, name, [each.topic_name for each in affected], change.n_affected),
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
            affected=affected,
            n_affected=change.n_affected,
            related=tuple(self._name(topic) for topic in evidence.related),
            rule=transition.rule,
            rules_version=change.rules_version,
            routes=change.routes,
            link=self._link(transition.topic, transition.id),
        )

    def _name(self, topic: str) -> str:
        return self._names.get(topic, topic)

    def _link(self, topic: str, alert_id: str) -> str | None:
        if self._console_url is None:
            return None
        return f"{self._console_url}/topics/{quote(topic, safe='')}?alert={quote(alert_id, safe='')}"
