"""Takes a candidate from its update into service, or away from it: gate, shadow, canary, promotion, rollback.

Every step is a release and a line in the log. Knows no Kafka client: the desk does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pipeline.feedback.audit import AuditAction
from pipeline.learner.evidence import TrialEvidence
from pipeline.learner.ledger import LEARNER, LearnerLedger
from pipeline.learner.metrics import LearnerMetrics
from pipeline.learner.trial import Trial, TrialFile
from pipeline.logs.about import about
from pipeline.policies.board import ReleaseBoard
from pipeline.policies.changes import (
    Author,
    ChangeRefusal,
    ChangeRefused,
    Releases,
    canaried,
    judged,
    promoted,
    rolled_back,
    shadowed,
)
from pipeline.policies.desk import PolicyDesk
from pipeline.policies.release import GateSummary
from rl.gate.report import GateReport
from rl.learner.rollout import RolloutConfig, RolloutEvidence, RolloutReason, RolloutStage, next_stage

log = logging.getLogger(__name__)
_TRIED = (RolloutStage.SHADOW, RolloutStage.CANARY)
_DEEDS = {
    RolloutStage.SHADOW: AuditAction.SHADOWED,
    RolloutStage.CANARY: AuditAction.CANARIED,
    RolloutStage.WATCHED: AuditAction.PROMOTED,
    RolloutStage.SETTLED: AuditAction.SETTLED,
    RolloutStage.REFUSED: AuditAction.WITHDRAWN,
    RolloutStage.ROLLED_BACK: AuditAction.ROLLED_BACK,
}


class Conductor:
    """The one candidate that is on trial, if any.

    Args:
        desk: makes releases.
        file: remembers the trial.
        config: what each stage asks for.
        metrics: counts steps.
        ledger: keeps them.
        is_automatic: whether what passes the gate goes on without a person.
    """

    def __init__(
        self,
        desk: PolicyDesk,
        file: TrialFile,
        config: RolloutConfig,
        metrics: LearnerMetrics,
        ledger: LearnerLedger,
        *,
        is_automatic: bool,
    ) -> None:
        self._desk = desk
        self._file = file
        self._config = config
        self._metrics = metrics
        self._ledger = ledger
        self._is_automatic = is_automatic
        self.trial = file.read()
        self._tell()
        self.evidence = self._evidence()

    @property
    def has_candidate(self) -> bool:
        """Whether a candidate is tried that does not serve all yet: no other one is trained meanwhile."""
        return self.trial is not None and self.trial.stage in _TRIED

    def present(self, folder: Path, judge: Callable[[str], GateReport], page: Path, now: datetime) -> GateReport:
        """Put a candidate into the registry, have it judged, and try it if it passes; return the gate's report.

        Args:
            folder: the candidate's checkpoint.
            judge: asks the gate, given the serving version.
            page: where the report can be read.
            now: the time.
        """
        author = Author(LEARNER, now)
        self._desk.put_default(author)
        version = self._desk.put(folder, author)
        serving = self._desk.serving(self._desk.board())
        report = judge(serving)
        summary = GateSummary.of(report, str(page.absolute()))
        self._desk.insist(lambda board: judged(board, version, summary, author))
        self._metrics.count_gate(report.reason)
        details = {"reason": report.reason.value, "serving": serving, "page": str(page)}
        self._ledger.step(AuditAction.GATED, version, now, details)
        log.info(
            "%s: the gate says %s",
            version,
            report.reason.value,
            extra=about(policy_version=version, reason=report.reason.value),
        )
        if report.is_promoted and self._is_automatic:
            self._desk.insist(lambda board: shadowed(board, version, author))
            self._ledger.step(AuditAction.SHADOWED, version, now, {"reason": report.reason.value, "serving": serving})
            self._keep(Trial(version=version, serving=serving, began_at=now, stage=RolloutStage.SHADOW, since_at=now))
        return report

    def advance(self, now: datetime, *, is_worse: bool = False) -> RolloutReason | None:
        """Go on with the trial as far as the evidence lets it, and return why; None without a trial.

        Raises:
            ChangeRefused: somebody else changed what serves; the trial is over.
        """
        trial = self.trial
        if trial is None:
            return None
        counted = RolloutEvidence(
            n_shadow=self.evidence.n_shadow,
            n_failed=self.evidence.n_failed,
            negative_ratio=self.evidence.ratio().shrunk,
            n_canary=self.evidence.n_canary,
            is_worse=is_worse,
        )
        stage, reason = next_stage(trial.stage, counted, since_at=trial.since_at, now=now, config=self._config)
        if stage is trial.stage:
            return reason
        about_it = about(policy_version=trial.version, reason=reason.value)
        log.info("%s: from %s to %s, %s", trial.version, trial.stage.value, stage.value, reason.value, extra=about_it)
        self._metrics.count_rollout(reason)
        self._release(trial, stage, counted.negative_ratio, Author(LEARNER, now, reason.value))
        details = {
            "reason": reason.value,
            "serving": trial.serving,
            "negative_ratio": f"{counted.negative_ratio:.4f}",
        }
        self._ledger.step(_DEEDS[stage], trial.version, now, details)
        is_over = stage in (RolloutStage.SETTLED, RolloutStage.REFUSED, RolloutStage.ROLLED_BACK)
        self._keep(None if is_over else trial.at(stage, now))
        return reason

    def give_up(self, now: datetime, why: str) -> None:
        """End the trial, shadow and canary with it: a person has taken over."""
        trial, author = self.trial, Author(LEARNER, now, why)
        board = self._desk.board()
        if trial is not None and board.canary and board.canary.version == trial.version:
            self._desk.insist(lambda b: canaried(b, trial.version, author, share=0.0, negative_ratio=1.0))
        if trial is not None and board.shadow and board.shadow.version == trial.version:
            self._desk.insist(lambda b: shadowed(b, trial.version, author, share=0.0))
        self._keep(None)

    def _release(self, trial: Trial, stage: RolloutStage, ratio: float, author: Author) -> None:
        version, watch_s, share = trial.version, self._config.watch_s, self._config.canary_share

        def of_stream(board: ReleaseBoard) -> float:
            return ratio * (board.current.negative_ratio if board.current else 1.0)

        def change(board: ReleaseBoard) -> Releases:
            self._check_serving(board, trial)
            if stage is RolloutStage.CANARY:
                return canaried(board, version, author, share=share, negative_ratio=of_stream(board))
            if stage is RolloutStage.WATCHED:
                return promoted(
                    board,
                    version,
                    author,
                    serving=trial.serving,
                    negative_ratio=of_stream(board),
                    watch_s=watch_s,
                )
            if stage is RolloutStage.ROLLED_BACK:
                return rolled_back(board, author)
            return shadowed(board, trial.serving if stage is RolloutStage.SETTLED else version, author, share=0.0)

        self._desk.insist(change)
        if stage is RolloutStage.REFUSED and trial.stage is RolloutStage.CANARY:
            self._desk.insist(lambda board: canaried(board, version, author, share=0.0, negative_ratio=1.0))

    def _check_serving(self, board: ReleaseBoard, trial: Trial) -> None:
        expected = trial.version if trial.stage is RolloutStage.WATCHED else trial.serving
        serving = self._desk.serving(board)
        if serving != expected:
            said = f"{serving} serves, and not {expected} as the trial of {trial.version} assumes: train anew"
            raise ChangeRefused(ChangeRefusal.OTHER_BASELINE, said)

    def _keep(self, trial: Trial | None) -> None:
        self._file.write(trial)
        is_same = trial is not None and self.trial is not None and trial.version == self.trial.version
        self.trial = trial
        self._tell()
        if not is_same:
            self.evidence = self._evidence()

    def _tell(self) -> None:
        self._metrics.set_trial(self.trial.stage if self.trial else None, self.trial.since_at if self.trial else None)

    def _evidence(self) -> TrialEvidence:
        trial = self.trial
        return TrialEvidence(trial.version, trial.serving) if trial else TrialEvidence("", "")
