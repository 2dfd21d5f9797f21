from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest

from pipeline.demo.loop.facts import UpdateFigures
from pipeline.demo.loop.learner_gauges import LearnerGauges
from pipeline.learner.metrics import LearnerMetrics
from rl.algorithms.algorithm import StepFigures
from rl.learner.rollout import RolloutReason

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
FIGURES = StepFigures(loss=0.1, reward=0.75, kl=0.25, entropy=0.1, clip_share=0.0, gradient_norm=1.0)


def test_the_learners_own_page_is_understood() -> None:
    metrics = LearnerMetrics(CollectorRegistry())
    metrics.set_step(12, 30, FIGURES)
    gauges = LearnerGauges.parse(generate_latest(metrics.registry).decode())
    assert gauges.update == UpdateFigures(step=12, n_steps=30, reward=0.75, kl=0.25)
    assert (gauges.n_failures, gauges.refusal) == (0, None)


def test_failures_and_refusals_are_seen() -> None:
    metrics = LearnerMetrics(CollectorRegistry())
    metrics.end_update(NOON, has_candidate=False)
    metrics.count_rollout(RolloutReason.ENOUGH_SHADOW)
    metrics.count_rollout(RolloutReason.DIFFERS)
    gauges = LearnerGauges.parse(generate_latest(metrics.registry).decode())
    assert (gauges.n_failures, gauges.refusal) == (1, "differs")
