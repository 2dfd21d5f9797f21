"""Whether the policy that serves earns less than the one before it, on what analysts say since it serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from models.policy import Policy
from pipeline.learner.trial import Trial
from rl.gate.audits import audits_of
from rl.gate.rollback import Audit, RollbackConfig, RollbackReason, RollbackWatch
from rl.learner.rollout import RolloutStage
from rl.rounds.round import Round
from rl.rounds.unit import Units, units_of


class RewardWatch:
    """Watches a trial that serves all or a share.

    Both policies decide the reviewed documents again, which are few: so it needs no shadow of each.

    Args:
        folder_of: of a version.
        device: where policies compute.
        config: how sure a rollback must be.
    """

    def __init__(
        self, folder_of: Callable[[str], Path], device: str | None, config: RollbackConfig | None = None
    ) -> None:
        self._folder_of = folder_of
        self._device = device
        self._config = config or RollbackConfig()
        self._watched = ""
        self._audits: dict[str, Audit | None] = {}  # by round; None: it says nothing
        self._taken: list[str] = []  # rounds that the watch below knows of
        self._watch = RollbackWatch(self._config)
        self._answers: dict[str, Callable[[str], Units]] = {}

    def is_worse(
        self, trial: Trial, rounds: Sequence[Round], now: datetime, counts: Callable[[str], bool] = lambda _: True
    ) -> bool:
        """Return whether the version on trial is shown to earn less than the one it took the place of.

        A round that is found later to be of a push counts no more, as if it had never come.

        Args:
            trial: what is watched; in shadow it harms nobody.
            rounds: that nothing was learned from yet.
            now: the time; answers from later are left for later.
            counts: whether a round does, by its id, for all that is known of its analyst by now.
        """
        if trial.stage is RolloutStage.SHADOW:
            return False
        if trial.version != self._watched:
            self._watched, self._audits = trial.version, {}
            self._answers = {}
            self._forget()
        for answered in rounds:
            if answered.id not in self._audits and trial.began_at <= answered.corrected_at <= now:
                self._audits[answered.id] = self._audit(trial, answered)
        self._take([round_id for round_id, audit in self._audits.items() if audit is not None and counts(round_id)])
        return self._watch.get().reason is RollbackReason.WORSE

    def _audit(self, trial: Trial, answered: Round) -> Audit | None:
        believed = replace(answered, weight=1.0)  # whether it counts is asked anew each time
        found = audits_of([believed], self._answer(trial.version), self._answer(trial.serving))
        return next(iter(found), None)

    def _take(self, round_ids: Sequence[str]) -> None:
        if round_ids[: len(self._taken)] != self._taken:  # one of them does not count any more, or does again
            self._forget()
        for round_id in round_ids[len(self._taken) :]:
            audit = self._audits[round_id]
            if audit is not None:
                self._watch.update(audit)
        self._taken = list(round_ids)

    def _forget(self) -> None:
        self._taken = []
        self._watch = RollbackWatch(self._config)

    def _answer(self, version: str) -> Callable[[str], Units]:
        if version not in self._answers:
            policy = Policy.load(self._folder_of(version), self._device)
            self._answers[version] = lambda text: units_of(policy.decide(policy.tokenize([text]))[0])
        return self._answers[version]
