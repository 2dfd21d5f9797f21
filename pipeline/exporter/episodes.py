"""The episodes of all topics as `alerts` and `actions` tell, and the stories that people should see.

Knows no Kafka.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.surges.evidence import Evidence, EvidenceStory
from pipeline.feedback.actions_in_force import ActionsInForce
from pipeline.feedback.actions_on_alerts import AlertAction
from pipeline.feedback.alert_desk import OpenEpisode, open_episodes
from pipeline.records import AlertRecord, AlertStory

_KEPT = timedelta(days=7)
"""For which an episode that ended is still shown, in event time."""


@dataclass(frozen=True, slots=True)
class TopStory:
    """A negative story about a topic; `copies` counts its near-duplicates, itself included.

    >>> Episodes().stories_of("tesla", None)
    []
    """

    excerpt: str
    source: str
    copies: int
    published_at: datetime
    url: str | None


class Episodes:
    """The last transition of every topic's, and every rule's, last episode.

    >>> from pipeline.receivers.sample import sample_alert
    >>> episodes = Episodes()
    >>> episodes.take_alert(sample_alert())
    >>> [episode.alert.topic for episode in episodes.open(sample_alert().at)]
    ['sample']
    >>> episodes.take_alert(sample_alert(number=2, transition="closed"))
    >>> episodes.open(sample_alert().at), len(episodes.recent())
    ([], 1)
    """

    def __init__(self) -> None:
        self._last: dict[str, AlertRecord] = {}
        self._actions = ActionsInForce()

    def take_alert(self, alert: AlertRecord) -> None:
        """Take note of a transition, in the order of its topic; what comes again changes nothing."""
        held = self._last.get(alert.subject)
        if held is None or (alert.episode, alert.number) >= (held.episode, held.number):
            self._last[alert.subject] = alert

    def take_action(self, action: AlertAction) -> None:
        """Take note of what a person did."""
        self._actions.update(action)

    def open(self, now: datetime) -> list[OpenEpisode]:
        """Return the episodes that neither ended nor were resolved, the last opened first."""
        return open_episodes(self._last.values(), self._actions, now)

    def recent(self) -> list[AlertRecord]:
        """Return the last transition of each episode that goes on or ended in the last week, the newest first."""
        newest_at = max((alert.at for alert in self._last.values()), default=None)
        if newest_at is None:
            return []
        kept = [each for each in self._last.values() if each.transition != "closed" or each.at > newest_at - _KEPT]
        return sorted(kept, key=lambda alert: (alert.at, alert.id), reverse=True)

    def stories_of(self, topic: str, evidence: Evidence | None) -> list[TopStory]:
        """Return the negative stories that a topic's evidence rests on, or else those of its last alert."""
        alerts = [alert for alert in self.recent() if alert.topic == topic]
        told: list[Sequence[AlertStory | EvidenceStory]] = [alert.stories for alert in alerts]
        if evidence is not None:
            told.insert(0, evidence.stories)
        found = next((stories for stories in told if stories), ())
        return [TopStory(story.excerpt, story.source, story.copies, story.published_at, story.url) for story in found]
