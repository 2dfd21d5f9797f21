"""What the learner counts, over a registry that is given; label values come from enums and from the code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import median

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

from pipeline.metrics.families import Families
from rl.algorithms.algorithm import StepFigures
from rl.analysts.guard import GuardReason
from rl.analysts.quarantine import QuarantineReason
from rl.drift.monitor import DriftSignal
from rl.gate.reasons import GateReason
from rl.learner.rollout import RolloutReason, RolloutStage
from rl.learner.wake import WakeReason

_FIGURES = {
    "reward": "Reward of the sampled actions of an update's last step.",
    "kl": "KL to the reference policy, nats a token, in an update's last step.",
    "entropy": "Entropy, nats a token, in an update's last step.",
    "clip_share": "Share of tokens whose ratio was clipped in an update's last step.",
    "gradient_norm": "Gradient norm before clipping in an update's last step.",
    "loss": "Loss of an update's last step.",
}


class LearnerMetrics:
    """The learner's metrics; a method per fact.

    >>> registry = CollectorRegistry()
    >>> LearnerMetrics(registry).count_update(WakeReason.DRIFT)
    >>> registry.get_sample_value("finsurge_learner_updates_total", {"why": "drift"})
    1.0
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.families = families = Families(registry)
        ProcessCollector(registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return families.counter(name, text, *labels, by="learner")

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return families.gauge(name, text, *labels, by="learner")

        self._rounds = counter("learner_rounds_total", "Rounds read.")
        self._unusable = counter("learner_unusable_rounds_total", "Records of `rounds` that are no round.")
        self._read_at = gauge("learner_last_read_timestamp_seconds", "When the broker last answered; 0 before.")
        self._fresh = gauge("learner_fresh_rounds", "Rounds that count, and no update has learned from.")
        self._wanted = gauge("learner_wanted_rounds", "Fresh rounds with which an update begins, as set.")
        self._guarded = gauge("learner_guarded_rounds", "Fresh rounds, by whether and why they count.", "reason")
        self._quarantines = gauge("learner_quarantines", "Analysts held on a topic, by reason.", "reason")
        self._least_weight = gauge("learner_analyst_weight_least", "Weight of the least reliable analyst.")
        self._median_weight = gauge("learner_analyst_weight_median", "Median weight of analysts.")
        self._drifts = counter("drift_detected_total", "Lasting changes found, by what has changed.", "what")
        self._drift = gauge("drift_deviations", "Usual deviations of the last week's mean from the usual.", "what")
        self._updates = counter("learner_updates_total", "Updates begun, by what woke the learner.", "why")
        self._failures = counter("learner_update_failures_total", "Updates that ended without a candidate.")
        self._began_at = gauge(
            "learner_update_began_timestamp_seconds", "When the update on its way was asked for; 0 between updates."
        )
        self._step = gauge("learner_update_step", "Step of the update on its way; 0 between updates.")
        self._n_steps = gauge("learner_update_steps", "Steps of the update on its way.")
        self._figures = {name: gauge(f"learner_update_{name}", text) for name, text in _FIGURES.items()}
        self._ended_at = gauge("learner_last_update_timestamp_seconds", "When the last update ended; 0 for none.")
        self._gate = counter("gate_answers_total", "Answers of the gate, by reason.", "reason")
        self._rollout = counter("rollout_steps_total", "Steps of candidates towards service, by reason.", "reason")
        self._trial = gauge(
            "trial_since_timestamp_seconds", "Since when a candidate is at a stage; 0 while none is.", "stage"
        )
        for signal in DriftSignal:
            self._drifts.labels(signal.value)
        for why in WakeReason:
            self._updates.labels(why.value)
        for reason in GateReason:
            self._gate.labels(reason.value)
        for step in RolloutReason:
            self._rollout.labels(step.value)
        self.set_trial(None, None)

    def count_rounds(self, n_rounds: int, n_unusable: int) -> None:
        """Count records of `rounds` that were read."""
        self._rounds.inc(n_rounds)
        self._unusable.inc(n_unusable)

    def read(self, at: datetime) -> None:
        """Say that all there was has been read."""
        self._read_at.set(at.timestamp())

    def set_wanted(self, n_rounds: int) -> None:
        """Say with how many fresh rounds an update begins."""
        self._wanted.set(n_rounds)

    def set_fresh(self, reasons: Mapping[GuardReason, int]) -> None:
        """Say how many rounds wait for an update, and why others do not count."""
        self._fresh.set(reasons.get(GuardReason.COUNTED, 0))
        for reason in GuardReason:
            self._guarded.labels(reason.value).set(reasons.get(reason, 0))

    def set_quarantines(self, reasons: Iterable[QuarantineReason]) -> None:
        """Say how many analysts are held on a topic."""
        found = list(reasons)
        for reason in QuarantineReason:
            self._quarantines.labels(reason.value).set(found.count(reason))

    def set_weights(self, weights: Sequence[float]) -> None:
        """Say how far analysts are believed, each in [0, 1]."""
        if weights:
            self._least_weight.set(min(weights))
            self._median_weight.set(median(weights))

    def count_drift(self, signal: DriftSignal) -> None:
        """Count a lasting change."""
        self._drifts.labels(signal.value).inc()

    def set_drift(self, deviations: Mapping[DriftSignal, float | None]) -> None:
        """Say how far each figure lies from the usual, as far as that is known."""
        for signal, deviation in deviations.items():
            if deviation is not None:
                self._drift.labels(signal.value).set(deviation)

    def count_update(self, why: WakeReason) -> None:
        """Count an update that begins."""
        self._updates.labels(why.value).inc()

    def set_began(self, at: datetime) -> None:
        """Say when the update on its way was asked for, before a restart perhaps."""
        self._began_at.set(at.timestamp())

    def set_step(self, step: int, n_steps: int, figures: StepFigures) -> None:
        """Say how far the update is, and what its last step was like."""
        self._step.set(step)
        self._n_steps.set(n_steps)
        for name, of_figure in self._figures.items():
            value = getattr(figures, name)
            if value is not None:
                of_figure.set(value)

    def end_update(self, at: datetime, *, has_candidate: bool) -> None:
        """Say that the update has ended."""
        self._began_at.set(0)
        self._step.set(0)
        self._n_steps.set(0)
        self.set_ended(at)
        if not has_candidate:
            self._failures.inc()

    def set_ended(self, at: datetime) -> None:
        """Say when the last update ended, before a restart perhaps."""
        self._ended_at.set(at.timestamp())

    def count_gate(self, reason: GateReason) -> None:
        """Count an answer of the gate."""
        self._gate.labels(reason.value).inc()

    def count_rollout(self, reason: RolloutReason) -> None:
        """Count a step of a candidate towards service, or away from it."""
        self._rollout.labels(reason.value).inc()

    def set_trial(self, stage: RolloutStage | None, since_at: datetime | None) -> None:
        """Say at which stage the candidate on trial is, and since when; None: there is none."""
        for each in RolloutStage:
            self._trial.labels(each.value).set(since_at.timestamp() if since_at and each is stage else 0.0)
