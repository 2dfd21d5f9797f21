from datetime import UTC, datetime, timedelta

import pytest

from pipeline.demo.scenario import Pace, Scenario

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def pace() -> Pace:
    return Pace(live_at=NOON - timedelta(hours=9), started_at=NOON, speed=300, fast_s=28_800)


def test_the_live_feed_is_fast(pace: Pace) -> None:
    assert pace.due_at(pace.live_at) == NOON
    assert pace.due_at(pace.live_at + timedelta(hours=8)) == NOON + timedelta(seconds=96)  # 28 800 / 300


def test_what_the_clock_has_passed_already_comes_right_after_the_live_feed(pace: Pace) -> None:
    assert pace.due_at(NOON - timedelta(minutes=30)) == NOON + timedelta(seconds=96)


def test_after_that_nothing_is_published_ahead_of_its_time(pace: Pace) -> None:
    assert pace.due_at(NOON + timedelta(hours=1)) == NOON + timedelta(hours=1)


def test_a_scenario_without_history_is_refused() -> None:
    with pytest.raises(ValueError, match="history_s must be > 0, got 0"):
        Scenario(history_s=0)


def test_a_fast_feed_that_ends_before_the_crisis_is_refused() -> None:
    with pytest.raises(ValueError, match=r"fast_s must be >= live_s \(28800\), got 3600"):
        Scenario(fast_s=3_600)
