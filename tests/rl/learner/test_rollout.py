from datetime import UTC, datetime, timedelta

import pytest

from rl.learner.rollout import RolloutConfig, RolloutEvidence, RolloutReason, RolloutStage, next_stage

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
CONFIG = RolloutConfig(min_shadow_documents=100, min_canary_documents=10, watch_s=3_600)
Step = tuple[RolloutStage, RolloutReason]


def stepped(stage: RolloutStage, evidence: RolloutEvidence, waited_s: float = 0.0) -> Step:
    now = NOON + timedelta(seconds=waited_s)
    return next_stage(stage, evidence, since_at=NOON, now=now, config=CONFIG)


def test_a_candidate_stays_in_shadow_until_enough_was_decided_by_both() -> None:
    found = stepped(RolloutStage.SHADOW, RolloutEvidence(n_shadow=99))
    assert found == (RolloutStage.SHADOW, RolloutReason.WAITING)
    found = stepped(RolloutStage.SHADOW, RolloutEvidence(n_shadow=100))
    assert found == (RolloutStage.CANARY, RolloutReason.ENOUGH_SHADOW)


def test_a_candidate_that_fails_on_documents_is_refused() -> None:
    found = stepped(RolloutStage.SHADOW, RolloutEvidence(n_shadow=99, n_failed=1))
    assert found == (RolloutStage.REFUSED, RolloutReason.FAILS)


@pytest.mark.parametrize("ratio", [0.6, 1.6])
def test_a_candidate_that_calls_far_more_or_fewer_negative_is_refused(ratio: float) -> None:
    found = stepped(RolloutStage.SHADOW, RolloutEvidence(n_shadow=100, negative_ratio=ratio))
    assert found == (RolloutStage.REFUSED, RolloutReason.DIFFERS)


def test_a_canary_serves_all_after_enough_documents() -> None:
    assert stepped(RolloutStage.CANARY, RolloutEvidence(n_canary=9))[1] is RolloutReason.WAITING
    found = stepped(RolloutStage.CANARY, RolloutEvidence(n_canary=10))
    assert found == (RolloutStage.WATCHED, RolloutReason.ENOUGH_CANARY)


def test_what_serves_all_is_rolled_back_when_it_is_worse_and_settles_when_time_is_over() -> None:
    worse = RolloutEvidence(is_worse=True)
    assert stepped(RolloutStage.WATCHED, worse) == (RolloutStage.ROLLED_BACK, RolloutReason.WORSE)
    assert stepped(RolloutStage.WATCHED, RolloutEvidence(), 3_599)[1] is RolloutReason.WAITING
    found = stepped(RolloutStage.WATCHED, RolloutEvidence(), 3_600)
    assert found == (RolloutStage.SETTLED, RolloutReason.WATCH_OVER)


def test_a_canary_that_is_worse_is_refused() -> None:
    found = stepped(RolloutStage.CANARY, RolloutEvidence(n_canary=10, is_worse=True))
    assert found == (RolloutStage.REFUSED, RolloutReason.WORSE)


@pytest.mark.parametrize("stage", [RolloutStage.SETTLED, RolloutStage.REFUSED, RolloutStage.ROLLED_BACK])
def test_what_has_ended_does_not_go_on(stage: RolloutStage) -> None:
    with pytest.raises(ValueError, match=stage.value):
        stepped(stage, RolloutEvidence())
