"""What Grafana's tables ask for as JSON: text, which does not belong into the labels of Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from aiohttp import web

from pipeline.exporter.board import TopicBoard
from pipeline.exporter.episodes import Episodes
from pipeline.feedback.alert_desk import OpenEpisode
from pipeline.records import AlertRecord

Clock = Callable[[], datetime]
MAX_ROWS = 200


class EpisodeRow(msgspec.Struct, frozen=True, kw_only=True):
    """An episode that goes on, or ended in the last week."""

    topic: str
    topic_name: str
    state: str  # critical, warning, closed
    cause: str  # surge, or the name of the rule
    opened_at: datetime
    changed_at: datetime
    summary: str
    n_negative: int
    expected: float
    negative_share: float | None
    usual_share: float | None
    people: str  # who looks after it, or has silenced it
    link: str | None  # to the console


class StoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A negative story about a topic."""

    topic: str
    excerpt: str
    source: str
    copies: int
    published_at: datetime
    url: str | None


def episode_rows(episodes: Episodes, topic: str | None, now: datetime) -> list[EpisodeRow]:
    """Return the episodes of a topic, or of all; the open ones first.

    >>> from pipeline.receivers.sample import sample_alert
    >>> episodes = Episodes()
    >>> episodes.take_alert(sample_alert())
    >>> [row.state for row in episode_rows(episodes, None, sample_alert().at)]
    ['warning']
    """
    going_on = episodes.open(now)
    subjects = {episode.alert.subject for episode in going_on}
    ended = [OpenEpisode(alert, None, None) for alert in episodes.recent() if alert.subject not in subjects]
    rows = [_row(episode, is_open=True) for episode in going_on] + [_row(each, is_open=False) for each in ended]
    return [row for row in rows if topic is None or row.topic == topic][:MAX_ROWS]


class Pages:
    """The JSON pages.

    Args:
        board: of all topics.
        episodes: of all topics.
        clock: returns now.

    >>> from datetime import UTC
    >>> [route.path for route in Pages(TopicBoard(), Episodes(), lambda: datetime.now(UTC)).routes()]
    ['/episodes', '/stories']
    """

    def __init__(self, board: TopicBoard, episodes: Episodes, clock: Clock) -> None:
        self._board = board
        self._episodes = episodes
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """Return what to serve."""
        return [web.get("/episodes", self._get_episodes), web.get("/stories", self._get_stories)]

    async def _get_episodes(self, request: web.Request) -> web.Response:
        return _json(episode_rows(self._episodes, request.query.get("topic") or None, self._clock()))

    async def _get_stories(self, request: web.Request) -> web.Response:
        topic = request.query.get("topic", "")
        stories = self._episodes.stories_of(topic, self._board.evidence_of(topic))
        rows = [
            StoryRow(
                topic=topic,
                excerpt=story.excerpt,
                source=story.source,
                copies=story.copies,
                published_at=story.published_at,
                url=story.url,
            )
            for story in stories
        ]
        return _json(rows)


def _row(episode: OpenEpisode, *, is_open: bool) -> EpisodeRow:
    alert: AlertRecord = episode.alert
    people = [f"{episode.acknowledged.by} looks after it"] if episode.acknowledged else []
    if episode.silenced:
        people.append(f"silenced by {episode.silenced.by} until {episode.silenced.until:%Y-%m-%d %H:%M} UTC")
    return EpisodeRow(
        topic=alert.topic,
        topic_name=alert.topic_name,
        state=alert.severity if is_open else "closed",
        cause=alert.rule or "surge",
        opened_at=alert.opened_at,
        changed_at=alert.at,
        summary=alert.summary,
        n_negative=alert.n_negative,
        expected=alert.expected,
        negative_share=alert.negative_share,
        usual_share=alert.usual_share,
        people=", ".join(people),
        link=alert.link,
    )


def _json(rows: list[EpisodeRow] | list[StoryRow]) -> web.Response:
    return web.Response(body=msgspec.json.encode(rows), content_type="application/json")
