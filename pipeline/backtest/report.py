"""A back-test's report: plain facts, from which tables, Markdown and JSON are made."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from models.topics.watchlist import Watchlist
from pipeline.backtest.episode import Episode
from pipeline.backtest.events import KnownEvent
from pipeline.backtest.matching import Found, Match, match
from pipeline.backtest.run import Outcome, Trial

MONTH_S = 30 * 86_400


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """A known event, and what found it."""

    topic: str
    name: str
    at: datetime
    is_day: bool
    found: Found
    by: str | None  # name of the alert's topic
    alert: str | None  # its id
    told_at: datetime | None
    delay_s: float | None
    onset_at: datetime | None  # since when the alert says that it has been going on
    open_since: datetime | None


class EpisodeRow(msgspec.Struct, frozen=True, kw_only=True):
    """An episode, as its opening said it."""

    id: str
    topic: str
    topic_name: str
    rule: str
    opened_at: datetime
    closed_at: datetime | None
    severity: str
    reason: str
    n_escalated: int
    summary: str
    story: str | None
    url: str | None
    is_other: bool | None  # has to do with no known event; None: none are known
    plot: str | None = None  # file, from the report's folder


class TopicRow(msgspec.Struct, frozen=True, kw_only=True):
    """A topic's episodes."""

    topic: str
    topic_name: str
    n_opened: int
    by_month: dict[str, int]  # calendar months in which some opened


class TrialReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule set made of the stream."""

    rules: str
    file: str | None
    version: str
    n_opened: int
    n_escalated: int
    n_closed: int
    n_open_at_end: int
    opened_per_topic_month: float | None
    told_per_topic_month: float | None
    n_found: dict[Found, int] | None  # events by how; None: none were given
    recall: float | None  # under the event's own topic
    recall_with_parents: float | None
    recall_with_related: float | None
    median_delay_s: float | None  # of those found under their own topic
    n_others: int | None
    others_per_topic_month: float | None
    most_others: int | None  # of one topic in one calendar month
    topics: tuple[TopicRow, ...]
    events: tuple[EventRow, ...]
    episodes: tuple[EpisodeRow, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a back-test found."""

    schema: int = 1
    file: str
    events_file: str | None
    n_documents: int
    n_rejected: int
    n_late: int
    first_at: datetime | None
    last_at: datetime | None
    policy_versions: tuple[str, ...]
    watchlist_version: str
    n_months: float  # of 30 days, from the first document to the last
    n_topics: int  # with a story, of all in the watchlist, parents and themes as well
    n_topic_months: float
    trials: tuple[TrialReport, ...]


def report_of(
    outcome: Outcome,
    watchlist: Watchlist,
    events: Sequence[KnownEvent],
    *,
    file: str,
    events_file: str | None,
    n_rejected: int,
    plots: Mapping[tuple[str, str], str],
) -> Report:
    """Return the report of a back-test.

    Args:
        outcome: what it came to.
        watchlist: the topics.
        events: known ones; none: nothing is told of recall.
        file: what it started from.
        events_file: where the events are from.
        n_rejected: rows that gave no document.
        plots: file names by rule set and episode.
    """
    stream = outcome.stream
    span_s = (stream.last_at - stream.first_at).total_seconds() if stream.first_at and stream.last_at else 0.0
    n_topics = len(outcome.series.topics)
    n_topic_months = n_topics * span_s / MONTH_S
    return Report(
        file=file,
        events_file=events_file,
        n_documents=stream.n_documents,
        n_rejected=n_rejected,
        n_late=stream.n_late,
        first_at=stream.first_at,
        last_at=stream.last_at,
        policy_versions=tuple(sorted(stream.policy_versions)),
        watchlist_version=watchlist.version,
        n_months=span_s / MONTH_S,
        n_topics=n_topics,
        n_topic_months=n_topic_months,
        trials=tuple(_trial(trial, watchlist, events, n_topic_months, plots) for trial in outcome.trials),
    )


def _trial(
    trial: Trial,
    watchlist: Watchlist,
    events: Sequence[KnownEvent],
    n_topic_months: float,
    plots: Mapping[tuple[str, str], str],
) -> TrialReport:
    episodes = trial.episodes
    kinds = Counter(told.alert.transition for episode in episodes for told in episode.told)
    matching = match(events, episodes, watchlist)
    others = {episode.id for episode in matching.others}
    most_others = Counter((each.topic, f"{each.opened_at:%Y-%m}") for each in matching.others)
    n_found = Counter(each.found for each in matching.matches)
    own = [each.delay for each in matching.matches if each.found is Found.OWN]
    delays = [delay.total_seconds() for delay in own if delay is not None]
    is_known = bool(events)

    def rate(n: int) -> float | None:
        return n / n_topic_months if n_topic_months else None

    def recall(*found: Found) -> float | None:
        return sum(n_found[each] for each in found) / len(events) if is_known else None

    return TrialReport(
        rules=trial.rules.name,
        file=None if trial.rules.file is None else str(trial.rules.file),
        version=trial.rules.book.version,
        n_opened=kinds["opened"],
        n_escalated=kinds["escalated"],
        n_closed=kinds["closed"],
        n_open_at_end=sum(episode.closed_at is None for episode in episodes),
        opened_per_topic_month=rate(kinds["opened"]),
        told_per_topic_month=rate(kinds.total()),
        n_found={each: n_found[each] for each in Found} if is_known else None,
        recall=recall(Found.OWN),
        recall_with_parents=recall(Found.OWN, Found.PARENT),
        recall_with_related=recall(Found.OWN, Found.PARENT, Found.RELATED),
        median_delay_s=statistics.median(delays) if delays else None,
        n_others=len(others) if is_known else None,
        others_per_topic_month=rate(len(others)) if is_known else None,
        most_others=max(most_others.values(), default=0) if is_known else None,
        topics=_topics(episodes),
        events=tuple(map(_event, matching.matches)),
        episodes=tuple(
            _episode(each, each.id in others if is_known else None, plots.get((trial.rules.name, each.id)))
            for each in episodes
        ),
    )


def _topics(episodes: Sequence[Episode]) -> tuple[TopicRow, ...]:
    """Return the topics with episodes, those with most first."""
    names = {episode.topic: episode.opened.topic_name for episode in episodes}
    months: dict[str, Counter[str]] = {topic: Counter() for topic in names}
    for episode in episodes:
        months[episode.topic][f"{episode.opened_at:%Y-%m}"] += 1
    rows = [
        TopicRow(topic=topic, topic_name=names[topic], n_opened=by_month.total(), by_month=dict(by_month))
        for topic, by_month in months.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.n_opened, row.topic)))


def _event(found: Match) -> EventRow:
    event, alert = found.event, None if found.told is None else found.told.alert
    return EventRow(
        topic=event.topic,
        name=event.name,
        at=event.at,
        is_day=event.is_day,
        found=found.found,
        by=None if alert is None else alert.topic_name,
        alert=None if alert is None else alert.id,
        told_at=None if found.told is None else found.told.at,
        delay_s=None if found.delay is None else found.delay.total_seconds(),
        onset_at=None if alert is None else alert.onset_at,
        open_since=found.open_since,
    )


def _episode(episode: Episode, is_other: bool | None, plot: str | None) -> EpisodeRow:
    opened = episode.opened
    story = opened.stories[0] if opened.stories else None
    return EpisodeRow(
        id=episode.id,
        topic=episode.topic,
        topic_name=opened.topic_name,
        rule=opened.rule,
        opened_at=episode.opened_at,
        closed_at=episode.closed_at,
        severity=episode.severity,
        reason=opened.reason,
        n_escalated=sum(told.alert.transition == "escalated" for told in episode.told),
        summary=opened.summary,
        story=None if story is None else " ".join(story.excerpt.split()),
        url=None if story is None else story.url,
        is_other=is_other,
        plot=plot,
    )
