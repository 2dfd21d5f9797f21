"""The learner: wakes when there is enough to learn from, has an update made, and takes the candidate into service.

Turns once a second; what takes long is done in other processes or threads. Knows no HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from pathlib import Path

from pipeline.learner.analyst_metrics import AnalystCollector, figures_of
from pipeline.learner.conductor import Conductor
from pipeline.learner.drift import DriftWatch
from pipeline.learner.judging import Judging
from pipeline.learner.ledger import LearnerLedger
from pipeline.learner.metrics import LearnerMetrics
from pipeline.learner.progress import last_step
from pipeline.learner.run_folder import Request, RunFolder
from pipeline.learner.watch import RewardWatch
from pipeline.learner.weighed_rounds import WeighedRounds
from pipeline.learner.workshop import Workshop
from pipeline.logs.about import about
from pipeline.policies.changes import ChangeRefused
from pipeline.policies.desk import PolicyDesk
from pipeline.policies.gating import PAGE_FILE
from rl.learner.rollout import RolloutStage
from rl.learner.wake import WakeReason, WakeRule

log = logging.getLogger(__name__)
_LOOK_S = 60.0
"""Between two looks at all analysts, which cost as much as there are rounds."""


class Learner:
    """One deployment's learner.

    Args:
        desk: knows what serves.
        rounds: all that were read, weighed.
        drift: watches what comes in and how well it is read.
        workshop: makes updates.
        judging: asks the gate.
        conductor: takes candidates into service.
        watch: finds out whether what serves is worse than what did.
        ledger: keeps quarantines.
        rule: when to wake.
        metrics: counts.
        algorithm: how candidates are trained.
        device: where.
        started_at: now.
    """

    def __init__(
        self,
        *,
        desk: PolicyDesk,
        rounds: WeighedRounds,
        drift: DriftWatch,
        workshop: Workshop,
        judging: Judging,
        conductor: Conductor,
        watch: RewardWatch,
        ledger: LearnerLedger,
        rule: WakeRule,
        metrics: LearnerMetrics,
        algorithm: str,
        device: str,
        started_at: datetime,
    ) -> None:
        self._desk, self._rounds, self._drift, self._workshop = desk, rounds, drift, workshop
        self._judging, self._conductor, self._watch, self._ledger = judging, conductor, watch, ledger
        self._rule, self._metrics = rule, metrics
        self._algorithm, self._device = algorithm, device
        self._last_at = started_at
        metrics.set_wanted(rule.n_corrections)
        self.is_asked = False  # a person wants an update now
        self.n_updates = 0  # that ended since the start
        self._was_worse = False
        self._watched: tuple[str, RolloutStage, int] | None = None  # when that was last asked
        self._analysts = AnalystCollector(metrics.registry)
        self._n_looked = -1  # changes of the rounds, when analysts were last looked at
        self._looked_at: datetime | None = None

    async def turn(self, now: datetime) -> None:
        """Do what is due."""
        await self._look(now)
        ended = self._workshop.poll()
        if ended is not None:
            await self._present(ended, now)
        elif self._workshop.is_busy:
            self._follow()
        elif not self._conductor.has_candidate:
            await self._wake(now)
        await self._advance(now)

    async def _look(self, now: datetime) -> None:
        """See who is held, and how far analysts are believed, if anything is new."""
        if self._n_looked == self._rounds.n_changes:
            return
        self._metrics.set_fresh(self._rounds.reasons())
        if self._looked_at is not None and (now - self._looked_at).total_seconds() < _LOOK_S:
            return
        self._n_looked, self._looked_at = self._rounds.n_changes, now
        held = await asyncio.to_thread(self._rounds.quarantines)
        self._ledger.quarantines(held, now)
        self._metrics.set_quarantines(each.reason for each in held)
        known = await asyncio.to_thread(self._rounds.reliabilities)
        self._metrics.set_weights([each.weight for each in known.values()])
        self._analysts.show(figures_of(self._rounds.n_answers(), known, held))

    async def _wake(self, now: datetime) -> None:
        why = self._rule.wakes(
            n_fresh=self._rounds.n_fresh(),
            last_at=self._last_at,
            now=now,
            has_drifted=self._drift.has_drifted,
            is_asked=self.is_asked,
        )
        if why is not None:
            await asyncio.to_thread(self._begin, why, now)

    def _begin(self, why: WakeReason, now: datetime) -> None:
        fresh, older = self._rounds.weighed()
        board = self._desk.board()
        serving = self._desk.serving(board)
        number = self._workshop.next_number()
        request = Request(
            number=number,
            why=why,
            parent=str(self._desk.folder_of(serving, board)),
            parent_version=serving,
            algorithm=self._algorithm,
            device=self._device,
            seed=number,
            asked_at=now,
        )
        folder = self._workshop.begin(request, fresh, older)
        self._metrics.count_update(why)
        self.is_asked = False
        self._drift.answer()
        log.info(
            "update %d of %s begins (%s) with %d fresh and %d older rounds, in %s",
            number, serving, why.value, len(fresh), len(older), folder.path,
        )  # fmt: skip

    def _follow(self) -> None:
        folder = self._workshop.folder
        request = folder.request() if folder else None
        if request is not None:
            self._metrics.set_began(request.asked_at)
        step = last_step(folder.steps) if folder else None
        if step is not None:
            self._metrics.set_step(step.step, step.n_steps, step.figures)

    async def _present(self, folder: RunFolder, now: datetime) -> None:
        outcome, request = folder.outcome(), folder.request()
        if outcome is None or request is None:
            raise ValueError(f"folder must have ended, got {folder.path}")
        self._last_at = now
        self.n_updates += 1
        self._metrics.end_update(now, has_candidate=outcome.version is not None)
        learnt, older = folder.rounds()
        self._rounds.use([answered.id for answered in learnt], request.number)
        if outcome.version is None:
            log.error("update %d has no candidate: %s", request.number, outcome.failure)
            return
        log.info(
            "update %d has made %s", request.number, outcome.version, extra=about(policy_version=outcome.version)
        )
        rounds = self._rounds.reweighed([*learnt, *older])  # more is known of analysts than when it began
        await asyncio.to_thread(
            self._conductor.present,
            folder.candidate,
            lambda serving: self._judging.judge(folder, serving, rounds, now),
            folder.path / PAGE_FILE,
            now,
        )

    async def _advance(self, now: datetime) -> None:
        trial = self._conductor.trial
        if trial is None:
            return
        watched = (trial.version, trial.stage, self._rounds.n_changes)
        if watched != self._watched:
            self._watched = watched
            rounds, counts = self._rounds.fresh(), self._rounds.counts
            self._was_worse = await asyncio.to_thread(self._watch.is_worse, trial, rounds, now, counts)
        try:
            await asyncio.to_thread(self._conductor.advance, now, is_worse=self._was_worse)
        except ChangeRefused as error:
            log.warning(
                "the trial of %s is over, somebody else has changed what serves: %s",
                trial.version,
                error,
                extra=about(policy_version=trial.version),
            )
            await asyncio.to_thread(self._conductor.give_up, now, str(error))


def updates_folder(state_dir: Path) -> Path:
    """Return where run folders lie."""
    return state_dir / "learner" / "updates"
