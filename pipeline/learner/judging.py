"""Asks the gate about a candidate, with the held-out files and the audited rounds of the deployment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from pipeline.learner.run_folder import RunFolder
from pipeline.policies.gating import Contest, hold
from rl.gate.report import GateReport
from rl.rounds.audit import parted
from rl.rounds.round import Round


class Judging:
    """The gate of a deployment.

    Args:
        folder_of: of a version.
        files: labelled, held out.
        ledger: remembers how often they were asked.
        anchor: folder of the policy that small losses must not lead away from.
        device: where policies compute.
    """

    def __init__(
        self, folder_of: Callable[[str], Path], files: Sequence[Path], ledger: Path, anchor: Path, device: str | None
    ) -> None:
        self._folder_of = folder_of
        self._files = tuple(files)
        self._ledger = ledger
        self._anchor = anchor
        self._device = device

    def judge(self, run: RunFolder, serving: str, rounds: Sequence[Round], now: datetime) -> GateReport:
        """Return the report on a run's candidate, which is kept in its folder.

        Args:
            run: that made it.
            serving: the version whose place it is to take.
            rounds: that the run was given; those it learned from are told from those kept out.
            now: the time.
        """
        learned, audited = parted(rounds)
        contest = Contest(
            candidate=run.candidate,
            serving=self._folder_of(serving),
            anchor=self._anchor,
            files=self._files,
            rounds=tuple(audited),
            learnt_texts=frozenset(answered.text for answered in learned),
        )
        return hold(contest, self._ledger, run.path, now=now, device=self._device)
