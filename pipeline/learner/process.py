"""The learner as a process: its parts made from settings, its turns, its metrics and health over HTTP, its end."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import ExitStack
from datetime import UTC, datetime

import torch
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry

from pipeline.feedback.actions import QuarantineReleased
from pipeline.feedback.actions_feed import ActionsFeed
from pipeline.feedback.audit import AuditLog
from pipeline.feedback.guarding import new_guard
from pipeline.health import HealthServer
from pipeline.learner.conductor import Conductor
from pipeline.learner.decisions_feed import DecisionsFeed
from pipeline.learner.drift import DriftWatch
from pipeline.learner.judging import Judging
from pipeline.learner.learner import Learner, updates_folder
from pipeline.learner.ledger import LearnerLedger
from pipeline.learner.metrics import LearnerMetrics
from pipeline.learner.round_log import RoundLog
from pipeline.learner.rounds_feed import RoundsFeed
from pipeline.learner.shadows_feed import ShadowsFeed
from pipeline.learner.trial import TrialFile
from pipeline.learner.updating import CORES_LEFT
from pipeline.learner.watch import RewardWatch
from pipeline.learner.weighed_rounds import WeighedRounds
from pipeline.learner.workshop import Workshop
from pipeline.metrics.vitals import Vitals
from pipeline.policies.desk import PolicyDesk
from pipeline.probe import PLACES
from pipeline.reading.device import chosen_device
from pipeline.settings import Settings, child_environment
from rl.learner.rollout import RolloutConfig
from rl.learner.wake import WakeRule

log = logging.getLogger(__name__)
PORT = PLACES["learner"]
"""Of its metrics and health, counted from the first port: after those of the roles."""
_TURN_S = 1.0
_SAVE_S = 30.0
"""Between two writings of what is known of drift; a kill forgets no more than that of rounds."""


class LearnerProcess:
    """Everything that a learner is made of, for one run.

    Args:
        settings: the deployment's.
        is_once: make one update of what there is, take the candidate to the gate, and end.
    """

    def __init__(self, settings: Settings, *, is_once: bool = False) -> None:
        self._settings = settings
        self._is_once = is_once
        self._metrics = LearnerMetrics(CollectorRegistry())
        folder = settings.state_dir / "learner"
        folder.mkdir(parents=True, exist_ok=True)
        self._open = ExitStack()
        self._ledger = LearnerLedger(
            self._open.enter_context(AuditLog(folder / "audit.jsonl", opened_at=datetime.now(UTC)))
        )
        rounds = self._open.enter_context(RoundLog(folder / "rounds.sqlite"))
        self._drift = DriftWatch(folder / "drift.json", self._metrics)
        self._rounds = WeighedRounds(rounds, new_guard(settings), self._drift.answered)
        environ = child_environment(settings, os.environ)
        self._workshop = Workshop(updates_folder(settings.state_dir), environ)
        device = chosen_device(settings) or "cpu"
        if (ended_at := self._workshop.last_ended_at()) is not None:
            self._metrics.set_ended(ended_at)
        self._desk = desk = PolicyDesk(settings)
        config = RolloutConfig(
            min_shadow_documents=settings.shadow_documents,
            min_canary_documents=settings.canary_documents,
            canary_share=settings.canary_share,
            watch_s=settings.watch_s,
        )
        self._conductor = Conductor(
            desk,
            TrialFile(folder / "trial.json"),
            config,
            self._metrics,
            self._ledger,
            is_automatic=settings.promotion == "auto",
        )
        self.learner = Learner(
            desk=desk,
            rounds=self._rounds,
            drift=self._drift,
            workshop=self._workshop,
            judging=Judging(
                lambda version: desk.folder_of(version, desk.board()),
                settings.held_out_files,
                folder / "gate-ledger.jsonl",
                desk.default_folder,
                device,
            ),
            conductor=self._conductor,
            watch=RewardWatch(lambda version: desk.folder_of(version, desk.board()), device),
            rule=WakeRule(
                n_corrections=settings.learner_corrections,
                max_wait_s=settings.learner_wait_s,
                min_corrections=min(20, settings.learner_corrections),
            ),
            ledger=self._ledger,
            metrics=self._metrics,
            algorithm=settings.learner_algorithm,
            device=device,
            started_at=datetime.now(UTC),
        )
        self.learner.is_asked = is_once

    async def run(self, stop: asyncio.Event) -> None:
        """Turn until told to stop, or, if it is to work once, until that is done.

        Raises:
            TermOver: another learner of the deployment has begun.
        """
        settings = self._settings
        # for the gate, which decides thousands of documents: as an update, it leaves the other cores to the workers
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // CORES_LEFT))
        health = HealthServer(
            self._metrics.registry,
            stuck=list,
            unready=list,
            host=settings.http_host,
            port=settings.http_port + PORT,
        )
        Vitals(self._metrics.registry, "learner", settings.topic_prefix, settings.state_dir, stuck=list, unready=list)
        rounds = RoundsFeed(
            settings.connection, settings.kafka_topic("rounds"), self._rounds, self._metrics.count_rounds
        )
        actions = ActionsFeed(settings.connection, settings.kafka_topic("actions"), self._release)
        decisions = DecisionsFeed(settings.connection, settings.kafka_topic("decisions"), self._drift)
        shadows = ShadowsFeed(settings.connection, settings.kafka_topic("shadows"))
        log.info("term %d of the learner begins", await asyncio.to_thread(self._desk.begin_term))
        self._workshop.resume()
        try:
            async with health, rounds, actions, decisions, shadows:
                await actions.read_all()
                await rounds.read_all()  # before the first look
                await self._turn(rounds, actions, decisions, shadows, stop)
        finally:
            self._workshop.stop()
            self._drift.save_if_new()
            self._open.close()

    async def _turn(
        self,
        rounds: RoundsFeed,
        actions: ActionsFeed,
        decisions: DecisionsFeed,
        shadows: ShadowsFeed,
        stop: asyncio.Event,
    ) -> None:
        followed, saved_at = "", datetime.now(UTC)
        while not stop.is_set():
            trial = self._conductor.trial
            if trial is not None and trial.version != followed:
                followed = trial.version
                await shadows.begin(trial.began_at)
            try:
                await rounds.read(timeout_s=_TURN_S)
                await actions.read()
                await decisions.read()
                await shadows.read(self._conductor.evidence)
                self._metrics.read(datetime.now(UTC))
            except KafkaError as error:
                log.warning("nothing is read until the broker answers: %s", error)
                await asyncio.sleep(_TURN_S)
            now = datetime.now(UTC)
            await self.learner.turn(now)
            if (now - saved_at).total_seconds() >= _SAVE_S:
                self._drift.save_if_new()
                saved_at = now
            if self._is_once and (self.learner.n_updates or not self._workshop.is_busy):
                return

    def _release(self, action: QuarantineReleased) -> None:
        self._ledger.release(action)
        self._rounds.release(action.release)
