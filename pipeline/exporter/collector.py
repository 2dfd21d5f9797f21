"""What Prometheus is told of the topics that were chosen; a topic that leaves takes its series with it.

`topic` is the one label that is no enum: it has as many values as topics are chosen, and never more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

Severity = Literal["warning", "critical"]
Cause = Literal["surge", "rule"]

_OF_FIGURES: dict[str, tuple[str, Callable[[TopicFigures], float | None]]] = {
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

    def collect(self) -> Iterable[Metric]:
        """Yield the families of this moment."""
        yield from self._of_exporter()
        yield self._stories()
        yield self._open_episodes()
        for name, (text, of) in _OF_FIGURES.items():
            family = GaugeMetricFamily(f"finsurge_topic_{name}", text, labels=["topic"])
            for figures in self._shown.topics:
                value = of(figures)
                if value is not None:
                    family.add_metric([figures.topic], value)
            yield family

    def _of_exporter(self) -> Iterator[Metric]:
        shown = self._shown
        yield _one("topics_known", "Topics with documents in the current window.", shown.n_known)
        chosen = GaugeMetricFamily("finsurge_topics_chosen", "Topics with series of their own.", labels=["reason"])
        counted = Counter(shown.reasons.values())
        for reason in ChosenReason:
            chosen.add_metric([reason.value], counted[reason])
        yield chosen
        total = GaugeMetricFamily(
            "finsurge_open_episodes", "Open episodes of all topics.", labels=["severity", "cause"]
        )
        episodes = Counter((episode.alert.severity, cause_of(episode)) for episode in shown.episodes)
        for severity in get_args(Severity):
            for cause in get_args(Cause):
                total.add_metric([severity, cause], episodes[severity, cause])
        yield total
        at = shown.at.timestamp() if shown.at else 0.0
        yield _one("exporter_event_timestamp_seconds", "Newest event time that was read; 0 for none.", at)
        yield _one("exporter_lag_records", "Records that the exporter has not read yet.", shown.n_behind)
        yield _one("exporter_unusable_records", "Records since the start that are none of ours.", shown.n_unusable)

    def _stories(self) -> Metric:
        family = GaugeMetricFamily(
            "finsurge_topic_stories", "Stories of the last hour, by sentiment.", labels=["topic", "sentiment"]
        )
        for figures in self._shown.topics:
            family.add_metric([figures.topic, "negative"], figures.n_negative)
            family.add_metric([figures.topic, "neutral"], figures.n_neutral)
            family.add_metric([figures.topic, "positive"], figures.n_positive)
        return family

    def _open_episodes(self) -> Metric:
        family = GaugeMetricFamily(
            "finsurge_topic_open_episodes",
            "Open episodes of the topic, by severity and by what they are of.",
            labels=["topic", "severity", "cause"],
        )
        chosen = {figures.topic for figures in self._shown.topics}
        counted = Counter((e.alert.topic, e.alert.severity, cause_of(e)) for e in self._shown.episodes)
        for (topic, severity, cause), n_episodes in sorted(counted.items()):
            if topic in chosen:
                family.add_metric([topic, severity, cause], n_episodes)
        return family


def cause_of(episode: OpenEpisode) -> Cause:
    """Return whether an episode is of a surge or of an absolute rule."""
    return "rule" if episode.alert.rule else "surge"


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"finsurge_{name}", text, value=value)
