"""What Prometheus is told of the topics that were chosen; a topic that leaves takes its series with it.

`topic` is the one label that is no enum: it has as many values as topics are chosen, and never more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pipeline.exporter.board import TopicFigures
from pipeline.exporter.selection import ChosenReason
from pipeline.feedback.alert_desk import OpenEpisode
from pipeline.metrics.families import Family

Severity = Literal["warning", "critical"]
Cause = Literal["surge", "rule"]
Sample = tuple[tuple[str, ...], float]
"""Values of a family's labels, and its value."""

Of = Callable[[TopicFigures], float | None]
_OF_FIGURES: dict[str, tuple[str, Of]] = {
    "documents": ("Documents of the last hour, copies among them.", lambda f: f.n_documents),
    "negative_stories": ("Negative stories in the current window, that of surges.", lambda f: f.n_negative_current),
    "negative_share": ("Share of negative stories in the current window.", lambda f: f.negative_share),
    "negative_share_low": (
        "Lower end of the 90 % interval of the negative share.",
        lambda f: f.negative_interval[0] if f.negative_interval else None,
    ),
    "negative_share_high": (
        "Upper end of the 90 % interval of the negative share.",
        lambda f: f.negative_interval[1] if f.negative_interval else None,
    ),
    "polarity": ("Mean polarity of the stories of the current window, in [-1, 1].", lambda f: f.polarity),
    "expected_negative_stories": (
        "Negative stories that the topic's past leads one to expect in the current window; while it is unusual.",
        lambda f: f.evidence.expected if f.evidence else None,
    ),
    "expected_negative_stories_low": (
        "5 % quantile of what is usual.",
        lambda f: f.evidence.expected_low if f.evidence else None,
    ),
    "expected_negative_stories_high": (
        "95 % quantile of what is usual.",
        lambda f: f.evidence.expected_high if f.evidence else None,
    ),
    "usual_negative_share": (
        "Negative share that the topic's past leads one to expect; while it is unusual.",
        lambda f: f.evidence.usual_share if f.evidence else None,
    ),
    "return_period_seconds": (
        "Once in so long is the current window usual for the topic; 0 while nothing is unusual.",
        lambda f: f.evidence.return_period_s if f.evidence else 0.0,
    ),
}
"""Every series that a topic has one of: the name after `finsurge_topic_`, what it says, and where from."""


def _gauge(name: str, text: str, *labels: str) -> Family:
    return Family(f"finsurge_{name}", "gauge", text, labels, ("exporter",))


_KNOWN = _gauge("topics_known", "Topics with documents in the current window.")
_CHOSEN = _gauge("topics_chosen", "Topics with series of their own, by why they have them.", "reason")
_OPEN = _gauge("open_episodes", "Open episodes of all topics.", "severity", "cause")
_EVENT_AT = _gauge("exporter_event_timestamp_seconds", "Newest event time that was read; 0 for none.")
_LAG = _gauge("exporter_lag_records", "Records that the exporter has not read yet.")
_UNUSABLE = _gauge("exporter_unusable_records", "Records since the start that are none of ours.")
_STORIES = _gauge("topic_stories", "Stories of the last hour, by sentiment.", "topic", "sentiment")
_OF_TOPIC = _gauge("topic_open_episodes", "Open episodes of the topic.", "topic", "severity", "cause")
_FIGURES = {name: _gauge(f"topic_{name}", text, "topic") for name, (text, _) in _OF_FIGURES.items()}


@dataclass(frozen=True, slots=True)
class Shown:
    """All that Prometheus is told at once.

    >>> Shown().n_known
    0
    """

    topics: Sequence[TopicFigures] = ()
    reasons: Mapping[str, ChosenReason] = field(default_factory=dict)
    episodes: Sequence[OpenEpisode] = ()  # that are open, of whatever topic
    n_known: int = 0  # topics with documents in the current window
    at: datetime | None = None  # how far event time has come
    n_behind: int = 0  # records that are not read yet
    n_unusable: int = 0  # records that are not what their Kafka topic should hold


class TopicCollector(Collector):
    """Tells what it was shown last.

    >>> registry = CollectorRegistry()
    >>> TopicCollector(registry).show(Shown(n_known=3))
    >>> registry.get_sample_value("finsurge_topics_known")
    3
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._shown = Shown()
        registry.register(self)

    def show(self, shown: Shown) -> None:
        """Tell this from now on."""
        self._shown = shown

    @property
    def declared(self) -> list[Family]:
        """Return all that it tells."""
        return [_KNOWN, _CHOSEN, _OPEN, _EVENT_AT, _LAG, _UNUSABLE, _STORIES, _OF_TOPIC, *_FIGURES.values()]

    def collect(self) -> Iterable[Metric]:
        """Yield the families of this moment."""
        shown = self._shown
        yield _told(_KNOWN, [((), shown.n_known)])
        counted = Counter(shown.reasons.values())
        yield _told(_CHOSEN, [((reason.value,), counted[reason]) for reason in ChosenReason])
        yield _told(_OPEN, self._open_episodes())
        yield _told(_EVENT_AT, [((), shown.at.timestamp() if shown.at else 0.0)])
        yield _told(_LAG, [((), shown.n_behind)])
        yield _told(_UNUSABLE, [((), shown.n_unusable)])
        yield _told(_STORIES, self._stories())
        yield _told(_OF_TOPIC, self._open_episodes_of_topics())
        for name, family in _FIGURES.items():
            of = _OF_FIGURES[name][1]
            values = [((figures.topic,), of(figures)) for figures in shown.topics]
            yield _told(family, [(labels, value) for labels, value in values if value is not None])

    def _open_episodes(self) -> list[Sample]:
        counted = Counter((episode.alert.severity, cause_of(episode)) for episode in self._shown.episodes)
        return [((s, c), counted[s, c]) for s in get_args(Severity) for c in get_args(Cause)]

    def _open_episodes_of_topics(self) -> list[Sample]:
        chosen = {figures.topic for figures in self._shown.topics}
        counted = Counter((e.alert.topic, e.alert.severity, cause_of(e)) for e in self._shown.episodes)
        return [(labels, n_episodes) for labels, n_episodes in sorted(counted.items()) if labels[0] in chosen]

    def _stories(self) -> list[Sample]:
        return [
            ((figures.topic, sentiment), n_stories)
            for figures in self._shown.topics
            for sentiment, n_stories in (
                ("negative", figures.n_negative),
                ("neutral", figures.n_neutral),
                ("positive", figures.n_positive),
            )
        ]


def cause_of(episode: OpenEpisode) -> Cause:
    """Return whether an episode is of a surge or of an absolute rule."""
    return "rule" if episode.alert.rule else "surge"


def _told(family: Family, samples: Iterable[Sample]) -> Metric:
    told = GaugeMetricFamily(family.name, family.text, labels=family.labels)
    for labels, value in samples:
        told.add_metric(labels, value)
    return told
