"""The join as a process: its parts made from settings, its turns, its metrics and health over HTTP, its end."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack
from datetime import UTC, datetime

from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry

from pipeline.feedback.assembly import AUDIT_FILE, STORE_FILE, feedback_folder, open_feedback
from pipeline.feedback.feed import FeedbackFeed
from pipeline.feedback.feedback import Feedback
from pipeline.feedback.metrics import FeedbackMetrics
from pipeline.feedback.roster import RosterFile
from pipeline.feedback.sender import OutboxSender
from pipeline.feedback.store import FeedbackStore
from pipeline.health import HealthServer
from pipeline.metrics.vitals import Vitals
from pipeline.probe import PLACES
from pipeline.settings import Settings
from pipeline.wiring import open_watchlist

log = logging.getLogger(__name__)
PORT = PLACES["feedback"]
"""Of its metrics and health, counted from the first port: after the learner's."""
_TURN_S = 1.0
_MAX_BEHIND = 10_000  # records; with more, a correction may wait for longer than people do


class FeedbackProcess:
    """Everything that the join is made of, for one run.

    Args:
        settings: the deployment's.
        is_once: take what there is at the start, send what follows from it, and end.
    """

    def __init__(self, settings: Settings, *, is_once: bool = False) -> None:
        self._settings = settings
        self._is_once = is_once
        self._metrics = FeedbackMetrics(CollectorRegistry())
        self._behind: int | None = None  # None: nothing is known yet

    async def run(self, stop: asyncio.Event) -> None:
        """Turn until told to stop, or, if it is to work once, until that is done.

        Raises:
            StoreUnusable, AuditBroken: what lies on disk cannot be used.
            RosterInvalid, WatchlistInvalid: a file has a mistake.
        """
        settings = self._settings
        roster = RosterFile(settings.analysts)
        if settings.analysts is None:
            log.warning("nobody may correct: name the analysts in a YAML file, and set FINSURGE_ANALYSTS to it")
        watchlist = open_watchlist(settings)
        folder = feedback_folder(settings)
        with ExitStack() as open_files:
            store = open_files.enter_context(FeedbackStore(folder / STORE_FILE))
            feedback = open_feedback(
                settings, store, roster, watchlist, self._metrics, folder / AUDIT_FILE, datetime.now(UTC)
            )
            open_files.callback(feedback.close)
            health = HealthServer(
                self._metrics.registry,
                stuck=list,
                unready=self._unready,
                host=settings.http_host,
                port=settings.http_port + PORT,
            )
            Vitals(
                self._metrics.registry,
                "feedback",
                settings.topic_prefix,
                settings.state_dir,
                stuck=list,
                unready=self._unready,
            )
            feed = FeedbackFeed(settings, store)
            sender = OutboxSender(settings.connection, settings.topic_prefix, store)
            async with health, sender, feed:
                await self._turn(feedback, roster, feed, sender, stop)

    async def _turn(
        self, feedback: Feedback, roster: RosterFile, feed: FeedbackFeed, sender: OutboxSender, stop: asyncio.Event
    ) -> None:
        wanted = await feed.ends()
        while not stop.is_set():
            if (problem := feedback.refresh()) is not None:
                log.error("the analysts stay as they were: %s", problem)
            self._metrics.set_refused(is_refused=roster.problem is not None)
            try:
                # what a process that was killed had decided goes out first
                await sender.flush()
                fetched = await feed.read(timeout_s=0.2 if self._is_once else _TURN_S)
            except KafkaError as error:
                log.warning("nothing is read or sent until the broker answers: %s", error)
                await asyncio.sleep(_TURN_S)
                continue
            self._behind = await feed.n_behind(wanted if self._is_once else {**wanted, **feed.latest()})
            feedback.step(fetched, datetime.now(UTC), is_caught_up=self._behind == 0)
            self._metrics.set_lag(self._behind)
            self._metrics.step(datetime.now(UTC))
            if self._is_once and self._behind == 0:
                break
        await sender.flush()

    def _unready(self) -> list[str]:
        if self._behind is None:
            return ["it is not known how much is to be read"]
        return [f"{self._behind} records are not read yet"] if self._behind > _MAX_BEHIND else []
