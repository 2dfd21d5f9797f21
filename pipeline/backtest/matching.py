"""Which alert found which known event, and how: under its own topic, under one above it, or by a related one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from models.topics.linking import Linker
from models.topics.watchlist import Watchlist
from pipeline.backtest.episode import Episode, Told
from pipeline.backtest.events import KnownEvent
from pipeline.records import AlertRecord


class Found(StrEnum):
    """How an event was found, the best first."""

    OWN = "own"  # an alert of its topic
    PARENT = "parent"  # of a topic that it rolls up to
    RELATED = "related"  # of another whose alert, or a story of it, names the topic; or of one that rolls up to it
    NOT = "not"


_ORDER = (Found.OWN, Found.PARENT, Found.RELATED)


@dataclass(frozen=True, slots=True)
class Match:
    """An event, and the alert that found it."""

    event: KnownEvent
    found: Found
    told: Told | None = None
    episode: Episode | None = None
    open_since: datetime | None = None  # an episode of its topic was open already, and told nothing new

    @property
    def delay(self) -> timedelta | None:
        """Return how long after the event people were told; negative: before."""
        return None if self.told is None else self.told.at - self.event.at


@dataclass(frozen=True, slots=True)
class Matching:
    """All events, and the episodes that have to do with none."""

    matches: tuple[Match, ...]
    others: tuple[Episode, ...]


def match(events: Sequence[KnownEvent], episodes: Sequence[Episode], watchlist: Watchlist) -> Matching:
    """Return which alert found which event.

    An alert that opens or escalates an episode finds an event if it is told near enough to it. Of those the nearest
    relation counts; then the first that was told when it happened or later, else the last before.

    Args:
        events: what is known to have happened.
        episodes: of one rule set.
        watchlist: the topics.
    """
    linker = Linker(watchlist)
    near = {event: list(_near(event, episodes, linker)) for event in events}
    matched = {episode.id for found in near.values() for _, _, episode in found}
    return Matching(
        tuple(_match(event, near[event], episodes) for event in events),
        tuple(episode for episode in episodes if episode.id not in matched),
    )


def _near(event: KnownEvent, episodes: Sequence[Episode], linker: Linker) -> Iterator[tuple[Found, Told, Episode]]:
    for episode in episodes:
        for told in episode.raising:
            if event.begins_at <= told.at < event.ends_at:
                found = _relation(event.topic, told.alert, linker)
                if found is not Found.NOT:
                    yield found, told, episode


def _relation(topic: str, alert: AlertRecord, linker: Linker) -> Found:
    watchlist = linker.watchlist
    if alert.topic == topic:
        return Found.OWN
    if alert.topic in watchlist.ancestors(topic):
        return Found.PARENT
    name = watchlist.topic(topic).name if topic in watchlist else topic
    is_named = name in alert.related or any(each.topic == topic for each in alert.affected)
    if is_named or topic in watchlist.ancestors(alert.topic):
        return Found.RELATED
    is_told = any(topic in _topics(story.excerpt, linker) for story in alert.stories)
    return Found.RELATED if is_told else Found.NOT


def _topics(text: str, linker: Linker) -> set[str]:
    return {link.topic_id for link in linker.link(text, (), (0.0, 1.0, 0.0))}


def _match(event: KnownEvent, near: Sequence[tuple[Found, Told, Episode]], episodes: Sequence[Episode]) -> Match:
    for relation in _ORDER:
        told = sorted((each for each in near if each[0] is relation), key=lambda each: each[1].at)
        after = [each for each in told if each[1].at >= event.at]
        if told:
            _, alert, episode = after[0] if after else told[-1]
            return Match(event, relation, alert, episode, _open_since(event, episodes))
    return Match(event, Found.NOT, open_since=_open_since(event, episodes))


def _open_since(event: KnownEvent, episodes: Sequence[Episode]) -> datetime | None:
    """Return since when an episode of the event's topic was open that began too early to be about it alone."""
    for episode in episodes:
        is_open = episode.closed_at is None or episode.closed_at > event.at
        if episode.topic == event.topic and episode.opened_at < event.begins_at and is_open:
            return episode.opened_at
    return None
