from datetime import UTC, datetime, timedelta

import pytest

from rl.learner.wake import WakeReason, WakeRule

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
RULE = WakeRule(n_corrections=100, max_wait_s=3_600, min_corrections=10)


def test_enough_corrections_wake_at_once() -> None:
    assert RULE.wakes(n_fresh=100, last_at=NOON, now=NOON) is WakeReason.CORRECTIONS


def test_a_few_corrections_wait_for_the_time() -> None:
    almost = NOON + timedelta(seconds=3_599)
    assert RULE.wakes(n_fresh=10, last_at=NOON, now=almost) is None
    assert RULE.wakes(n_fresh=10, last_at=NOON, now=almost + timedelta(seconds=1)) is WakeReason.TIME


def test_drift_wakes_only_with_something_to_learn_from() -> None:
    assert RULE.wakes(n_fresh=9, last_at=NOON, now=NOON, has_drifted=True) is None
    assert RULE.wakes(n_fresh=10, last_at=NOON, now=NOON, has_drifted=True) is WakeReason.DRIFT


def test_a_person_who_asks_needs_one_correction() -> None:
    assert RULE.wakes(n_fresh=0, last_at=NOON, now=NOON, is_asked=True) is None
    assert RULE.wakes(n_fresh=1, last_at=NOON, now=NOON, is_asked=True) is WakeReason.ASKED


def test_a_rule_that_asks_for_fewer_than_its_least_is_refused() -> None:
    with pytest.raises(ValueError, match="min_corrections"):
        WakeRule(n_corrections=5, min_corrections=6)
