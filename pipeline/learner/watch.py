"""Whether the policy that serves earns less than the one before it, on what analysts say since it serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from models.policy import Policy
from pipeline.learner.trial import Trial
from rl.gate.audits import audits_of
from rl.gate.rollback import RollbackConfig, RollbackReason, RollbackWatch
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
        self._watch = RollbackWatch(self._config)
        self._seen: set[str] = set()
        self._answers: dict[str, Callable[[str], Units]] = {}

    def is_worse(self, trial: Trial, rounds: Sequence[Round], now: datetime) -> bool:
        """Return whether the version on trial is shown to earn less than the one it took the place of.

        Args:
            trial: what is watched; in shadow it harms nobody.
            rounds: that nothing was learned from yet.
            now: the time; answers from later are left for later.
        """
        if trial.stage is RolloutStage.SHADOW:
            return False
        if trial.version != self._watched:
            self._watched, self._seen = trial.version, set()
            self._watch = RollbackWatch(self._config)
            self._answers = {}
        new = [r for r in rounds if trial.began_at <= r.corrected_at <= now and r.id not in self._seen]
        if new:
            self._seen |= {answered.id for answered in new}
            for audit in audits_of(new, self._answer(trial.version), self._answer(trial.serving)):
                self._watch.update(audit)
        return self._watch.get().reason is RollbackReason.WORSE

    def _answer(self, version: str) -> Callable[[str], Units]:
        if version not in self._answers:
            policy = Policy.load(self._folder_of(version), self._device)
            self._answers[version] = lambda text: units_of(policy.decide(policy.tokenize([text]))[0])
        return self._answers[version]
