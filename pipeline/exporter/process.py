"""The exporter as a process: what it reads, what it tells, its metrics, pages and health over HTTP, its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry, ProcessCollector

from pipeline.candidates import Candidate, EvidenceRecord, TickMark
from pipeline.exporter.board import TopicBoard
from pipeline.exporter.collector import Shown, TopicCollector
from pipeline.exporter.episodes import Episodes
from pipeline.exporter.feed import ExporterFeed, Read
from pipeline.exporter.pages import Pages
from pipeline.exporter.selection import SelectionConfig, TopicSelection
from pipeline.feedback.actions_on_alerts import alert_action_of
from pipeline.health import HealthServer
from pipeline.metrics.vitals import Vitals
from pipeline.probe import PLACES
from pipeline.records import AlertRecord, TrendRecord
from pipeline.settings import Settings

log = logging.getLogger(__name__)
PORT = PLACES["exporter"]
"""Of its metrics, pages and health, counted from the first port: after that of feedback."""
_TURN_S = 1.0
_BACK = timedelta(hours=6)
"""At the start: the current window's four hours, and what watermarks and restarts hold back."""


class Exporter:
    """Takes records, and says what is to be shown of them.

    Args:
        bin_s: length of the windows.
        config: how many topics are told of.

    >>> Exporter(300, SelectionConfig()).shown(datetime.now(UTC), n_behind=0).n_known
    0
    """

    def __init__(self, bin_s: int, config: SelectionConfig) -> None:
        self.board = TopicBoard(bin_s)
        self.episodes = Episodes()
        self._selection = TopicSelection(config)
        self._candidates: msgspec.json.Decoder[Candidate] = msgspec.json.Decoder(Candidate)
        self._windows = msgspec.json.Decoder(TrendRecord)
        self._alerts = msgspec.json.Decoder(AlertRecord)
        self._n_unusable = 0

    def take(self, records: Sequence[Read]) -> None:
        """Take note of records; those that cannot be understood are counted."""
        takes = {
            "trends": self._take_window,
            "candidates": self._take_candidate,
            "alerts": self._take_alert,
            "actions": self._take_action,
        }
        for record in records:
            try:
                takes[record.kafka_topic](record.value)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self._n_unusable += 1

    def shown(self, now: datetime, *, n_behind: int) -> Shown:
        """Return what is to be told now."""
        episodes, volumes = self.episodes.open(now), self.board.volumes()
        reasons = self._selection.update(
            episodes=[episode.alert.topic for episode in episodes],
            surges=self.board.surges(),
            volumes=volumes,
            now=now,
        )
        return Shown(
            topics=[self.board.figures_of(topic) for topic in reasons],
            reasons=reasons,
            episodes=episodes,
            n_known=len(volumes),
            at=self.board.at,
            n_behind=n_behind,
            n_unusable=self._n_unusable,
        )

    def _take_window(self, value: bytes) -> None:
        self.board.take_window(self._windows.decode(value))

    def _take_candidate(self, value: bytes) -> None:
        candidate = self._candidates.decode(value)
        if isinstance(candidate, EvidenceRecord):
            self.board.take_evidence(candidate.evidence)
        elif isinstance(candidate, TickMark):
            self.board.advance(candidate.at)

    def _take_alert(self, value: bytes) -> None:
        self.episodes.take_alert(self._alerts.decode(value))

    def _take_action(self, value: bytes) -> None:
        action = alert_action_of(value)
        if action is not None:
            self.episodes.take_action(action)


class ExporterProcess:
    """Everything that the exporter is made of, for one run.

    Args:
        settings: the deployment's.
        config: how many topics are told of.
    """

    def __init__(self, settings: Settings, config: SelectionConfig) -> None:
        self._settings = settings
        self._exporter = Exporter(settings.bin_s, config)
        self._is_caught_up = False

    async def run(self, stop: asyncio.Event) -> None:
        """Turn until told to stop.

        Raises:
            CommandFailed: a Kafka topic is missing.
            PortTaken: another process listens where this one should.
        """
        settings, exporter = self._settings, self._exporter
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        collector = TopicCollector(registry)
        Vitals(registry, "exporter", settings.topic_prefix, settings.state_dir, stuck=list, unready=self._unready)
        pages = Pages(exporter.board, exporter.episodes, _now)
        health = HealthServer(
            registry,
            stuck=list,
            unready=self._unready,
            host=settings.http_host,
            port=settings.http_port + PORT,
            routes=pages.routes(),
        )
        async with health, ExporterFeed(settings, back=_BACK, now=_now()) as feed:
            while not stop.is_set():
                await self._turn(feed, collector)

    async def _turn(self, feed: ExporterFeed, collector: TopicCollector) -> None:
        try:
            records = await feed.read(_TURN_S)
            n_behind = await feed.n_behind()
        except KafkaError as error:
            log.warning("nothing is read until the broker answers: %s", error)
            await asyncio.sleep(_TURN_S)
            return
        self._exporter.take(records)
        # while it catches up, what it holds is of the past
        self._is_caught_up = self._is_caught_up or n_behind == 0
        if self._is_caught_up:
            collector.show(self._exporter.shown(_now(), n_behind=n_behind or 0))

    def _unready(self) -> list[str]:
        return [] if self._is_caught_up else ["what happened until now is not read yet"]


def _now() -> datetime:
    return datetime.now(UTC)
