from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.demo.loop.exam import ExamResult
from pipeline.demo.loop.facts import LoopFacts
from pipeline.demo.outcome import DemoReason, Judge
from pipeline.demo.tally import SeenAlert
from pipeline.records import AlertRecord

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)  # the clock when the live feed began
CRISIS_AT = datetime(2026, 1, 2, 6, tzinfo=UTC)
Alert = Callable[..., AlertRecord]


@pytest.fixture
def loop() -> LoopFacts:
    return LoopFacts(n_wanted=120, exam=ExamResult(32, n_right_before=0, n_right_after=30))


@pytest.fixture
def judge(loop: LoopFacts) -> Judge:
    return Judge("acme", CRISIS_AT, loop)


def seen(alert: AlertRecord, after_s: float) -> SeenAlert:
    return SeenAlert(alert, NOON + timedelta(seconds=after_s))


def ending_of(judge: Judge, an_alert: Alert) -> tuple[DemoReason, str]:
    """How it ends if the crisis alone alerts, in time."""
    ending = judge.ending([seen(an_alert("acme", CRISIS_AT + timedelta(hours=1)), 45)], NOON)
    return ending.reason, ending.detail


def test_the_crisis_topic_alone_and_a_mistake_that_is_gone_are_success(judge: Judge, an_alert: Alert) -> None:
    assert ending_of(judge, an_alert) == (
        DemoReason.CORRECTED,
        "acme alerted 45 s into the live feed, and nothing else did; "
        "of 32 new red flags 0 were read right before the update, and 30 after it",
    )


def test_a_loop_that_goes_no_further_is_none_and_says_why(judge: Judge, loop: LoopFacts, an_alert: Alert) -> None:
    loop.exam, loop.failure = None, "the gate does not let p-2 pass: worse_than_serving"
    reason, detail = ending_of(judge, an_alert)
    assert reason is DemoReason.NOT_CORRECTED
    assert detail.endswith("nothing else did; the gate does not let p-2 pass: worse_than_serving")


def test_a_loop_that_was_not_through_says_where_it_was(judge: Judge, loop: LoopFacts, an_alert: Alert) -> None:
    loop.exam, loop.n_corrections = None, 3
    reason, detail = ending_of(judge, an_alert)
    assert reason is DemoReason.NOT_CORRECTED
    assert detail.endswith("the loop was not through: analysts answer reviews, and correct what they find")


@pytest.mark.parametrize(("n_before", "n_after"), [(0, 25), (7, 32)])  # 25 of 32 are 78 %, 7 of 32 are 22 %
def test_a_kind_of_mistake_that_stays_or_was_not_there_is_none(
    judge: Judge, loop: LoopFacts, an_alert: Alert, n_before: int, n_after: int
) -> None:
    loop.exam = ExamResult(32, n_before, n_after)
    assert ending_of(judge, an_alert)[0] is DemoReason.NOT_CORRECTED


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
    assert [reason for reason in DemoReason if reason.exit_code == 0] == [DemoReason.CORRECTED]
