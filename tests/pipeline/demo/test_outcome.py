from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.demo.outcome import DemoReason, Judge
from pipeline.demo.tally import SeenAlert
from pipeline.records import AlertRecord

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)  # the clock when the live feed began
CRISIS_AT = datetime(2026, 1, 2, 6, tzinfo=UTC)
Alert = Callable[..., AlertRecord]


@pytest.fixture
def judge() -> Judge:
    return Judge("acme", CRISIS_AT)


def seen(alert: AlertRecord, after_s: float) -> SeenAlert:
    return SeenAlert(alert, NOON + timedelta(seconds=after_s))


def test_the_crisis_topic_alone_is_success(judge: Judge, an_alert: Alert) -> None:
    ending = judge.ending([seen(an_alert("acme", CRISIS_AT + timedelta(hours=1)), 45)], NOON)
    assert ending.reason is DemoReason.ALERTED
    assert ending.detail == "acme alerted 45 s into the live feed, and nothing else did"


def test_another_topic_beside_it_is_wrong(judge: Judge, an_alert: Alert) -> None:
    right = seen(an_alert("acme", CRISIS_AT + timedelta(hours=1)), 45)
    ending = judge.ending([right, seen(an_alert("other", CRISIS_AT + timedelta(hours=1)), 50)], NOON)
    assert ending.reason is DemoReason.WRONG_ALERT
    assert ending.detail == "other alerted without a crisis; only acme had one"


def test_the_crisis_topic_before_its_crisis_is_wrong(judge: Judge, an_alert: Alert) -> None:
    ending = judge.ending([seen(an_alert("acme", CRISIS_AT - timedelta(hours=1)), -5)], NOON)
    assert ending.reason is DemoReason.WRONG_ALERT


def test_an_alert_after_two_minutes_is_none(judge: Judge, an_alert: Alert) -> None:
    ending = judge.ending([seen(an_alert("acme", CRISIS_AT + timedelta(hours=1)), 121)], NOON)
    assert ending.reason is DemoReason.NO_ALERT


def test_only_success_exits_with_zero() -> None:
    assert [reason for reason in DemoReason if reason.exit_code == 0] == [DemoReason.ALERTED]
