"""Runs the loop beside the feed: corrections after the alert, then whatever the other processes make of them.

It only sends corrections and, at the end, an exam; the rest is done by feedback, learner and worker as in production.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.demo.board import Board
from pipeline.demo.feed import Feed
from pipeline.demo.gauges import Gauges
from pipeline.demo.loop.analysts import Analysts, Answered
from pipeline.demo.loop.exam import Exam
from pipeline.demo.loop.facts import LoopFacts, LoopStage
from pipeline.demo.loop.learner_gauges import LearnerGauges
from pipeline.demo.loop.records import LoopRecords
from pipeline.demo.loop.story import correction_line, told_of
from pipeline.demo.loop.truth import Truth
from pipeline.ingest.document_sender import DocumentSender
from pipeline.policies.release_log import ReleaseLog
from pipeline.records import encode
from pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class LoopConfig:
    """How long the loop may take, and what is told of it.

    >>> LoopConfig(max_s=0)
    Traceback (most recent call last):
    ValueError: max_s must be > 0, got 0
    """

    max_s: float = 720.0
    # From the alert to the exam; it takes two minutes on two free cores, and the feed lasts for longer.
    corrections_per_s: float = 15.0
    # Faster than people, slow enough to be seen.
    n_told: int = 5
    # Mistakes found that are told one by one.
    max_exam_s: float = 30.0
    look_every_s: float = 1.0

    def __post_init__(self) -> None:
        for name in ("max_s", "corrections_per_s", "max_exam_s", "look_every_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")


@dataclass
class Loop:
    """One demo's loop."""

    settings: Settings
    feed: Feed
    truth: Truth
    analysts: Analysts
    board: Board
    gauges: Gauges
    tell: Callable[[str], None]
    now: Callable[[], datetime]
    config: LoopConfig = LoopConfig()
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    records: LoopRecords = field(init=False)

    def __post_init__(self) -> None:
        self.records = LoopRecords(self.analysts, self.facts)
        self._told = LoopStage.WAITING

    @property
    def facts(self) -> LoopFacts:
        """How far it is."""
        return self.board.loop

    async def run(self) -> None:
        """Wait for the alert, and go through the loop as far as it goes.

        Raises:
            DeliveryFailed, KafkaError: the broker does not do its part.
        """
        while not self.board.tally.opened() or self.board.policy_version is None:
            await self.sleep(self.config.look_every_s)
        deadline_at = self.now() + timedelta(seconds=self.config.max_s)
        self.facts.old_version = self.board.policy_version
        await self._correct(deadline_at)
        await self._follow(deadline_at)
        if self.facts.stage is LoopStage.SWAPPED:
            await self._examine()
        self._tell_stages()

    async def _correct(self, deadline_at: datetime) -> None:
        kafka_topic = self.settings.kafka_topic("corrections")
        async with DocumentSender(self.settings.connection, kafka_topic, noun="corrections") as sender:
            while not self.analysts.are_done and self.now() < deadline_at:
                answer = self.analysts.answer(self.now())
                if answer is None:
                    await self.sleep(self.config.look_every_s)
                    continue
                await sender.send_raw(answer.correction.document_id, encode(answer.correction))
                self.facts.n_corrections, self.facts.n_found = self.analysts.n_answered, self.analysts.n_found
                self._tell_mistake(answer)
                await self.sleep(1 / self.config.corrections_per_s)

    def _tell_mistake(self, answer: Answered) -> None:
        right = self.truth.of(answer.correction.document_id)
        if answer.mistake is not None and right is not None and self.facts.n_found <= self.config.n_told:
            self.tell(correction_line(answer.correction.analyst, answer.mistake, right.tone))

    async def _follow(self, deadline_at: datetime) -> None:
        """Look on until the new policy serves, or goes no further."""
        settings = self.settings
        async with ReleaseLog(settings.connection, settings.kafka_topic("policies")) as releases:
            while not self.facts.is_over and self.facts.stage is not LoopStage.SWAPPED:
                self.facts.take_releases(await releases.read())
                self._take_learner(await self.gauges.read_learner())
                self.facts.is_swapped = self.facts.is_released and self.board.policy_version == self.facts.new_version
                if self.now() >= deadline_at:
                    reached = self.facts.stage.value
                    self.facts.failure = f"{self.config.max_s:.0f} s after the alert, still: {reached}"
                self._tell_stages()
                await self.sleep(self.config.look_every_s)

    def _take_learner(self, learner: LearnerGauges | None) -> None:
        if learner is None:
            return
        self.facts.take_step(learner.update)
        if learner.n_failures:
            self.facts.failure = "the update has no candidate; see learner.log"
        elif learner.refusal is not None:
            self.facts.failure = f"{self.facts.new_version} goes no further: {learner.refusal}"

    async def _examine(self) -> None:
        """Have the worker read red flags in other wordings, and see what both policies make of them."""
        at = self.board.tally.newest_at or self.now()
        sheet = list(self.truth.noting(self.feed.exam(at)))
        exam = self.records.exam = Exam(
            self.truth,
            old=self.facts.old_version or "",
            new=self.facts.new_version or "",
            document_ids=[record.key for record in sheet],
        )
        async with DocumentSender(self.settings.connection, self.settings.kafka_topic("documents")) as sender:
            for record in sheet:
                await sender.send_raw(record.key, record.value)
                self.board.n_sent += 1
        deadline_at = self.now() + timedelta(seconds=self.config.max_exam_s)
        while not exam.is_done and self.now() < deadline_at:
            await self.sleep(self.config.look_every_s / 2)
        self.facts.exam = exam.result()

    def _tell_stages(self) -> None:
        """Tell of each stage that was reached since the last look."""
        stages = list(LoopStage)
        reached = self.facts.stage
        for stage in stages[stages.index(self._told) + 1 : stages.index(reached) + 1]:
            for line in told_of(stage, self.facts):
                self.tell(line)
        self._told = reached
