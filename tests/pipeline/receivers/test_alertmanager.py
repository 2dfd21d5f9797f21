from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from pipeline.receivers.alertmanager import AlertmanagerConfig, AlertmanagerReceiver
from pipeline.receivers.receiver import DeliveryFailed, ResendingReceiver
from pipeline.receivers.sample import sample_alert
from pipeline.records import AlertRecord


def utc_now() -> datetime:
    return datetime.now(UTC)  # Alertmanager judges what has ended by its own clock


def alert_at(minutes: float, **changes: Any) -> AlertRecord:
    at = utc_now() + timedelta(minutes=minutes)
    changes.setdefault("opened_at", at)
    return sample_alert(at=at, **changes)


@pytest.fixture
def receiver(session: aiohttp.ClientSession, alertmanager) -> AlertmanagerReceiver:
    return AlertmanagerReceiver(session, alertmanager.url, now=utc_now)


async def notified(hook, expected: dict[str, str]) -> list[dict[str, Any]]:
    """Read notifications until Alertmanager has said `expected`, the last status by severity."""
    said: dict[str, str] = {}
    alerts: list[dict[str, Any]] = []
    while not expected.items() <= said.items():
        alerts = (await hook.next()).body["alerts"]
        said.update({alert["labels"]["severity"]: alert["status"] for alert in alerts})
    return alerts


async def test_an_opened_episode_is_listed_and_reaches_the_final_receiver(receiver, alertmanager, hook) -> None:
    alert = alert_at(-5)
    await receiver.deliver(alert)
    (listed,) = await alertmanager.active()
    assert listed["labels"] == {
        "alertname": "NegativeSurge",
        "topic": "sample",
        "severity": "warning",
        "episode": "1",
    }
    assert listed["annotations"]["summary"] == alert.summary
    assert listed["annotations"]["stories"] == (
        "Sample Ltd halts withdrawals (example.com, 6x) https://example.com/1"
    )
    assert "14 of 20 stories negative, from 9 sources" in listed["annotations"]["description"]
    assert abs(datetime.fromisoformat(listed["startsAt"]) - alert.opened_at) < timedelta(milliseconds=1)
    ends_in = datetime.fromisoformat(listed["endsAt"]) - utc_now()
    assert timedelta(seconds=540) < ends_in <= timedelta(seconds=600)
    (said,) = await notified(hook, {"warning": "firing"})
    assert said["annotations"]["summary"] == alert.summary


async def test_an_episode_escalates_and_closes_without_leaving_an_alert_behind(receiver, alertmanager, hook) -> None:
    opened = alert_at(-30)
    await receiver.deliver(opened)
    await notified(hook, {"warning": "firing"})

    escalated = alert_at(-20, number=2, transition="escalated", severity="critical", opened_at=opened.opened_at)
    await receiver.deliver(escalated)
    assert [alert["labels"]["severity"] for alert in await alertmanager.active()] == ["critical"]
    await notified(hook, {"warning": "resolved", "critical": "firing"})

    closed = alert_at(-1, number=3, transition="closed", opened_at=opened.opened_at)
    await receiver.deliver(closed)
    assert await alertmanager.active() == []
    (ended,) = [
        alert for alert in await notified(hook, {"critical": "resolved"}) if alert["labels"]["severity"] == "critical"
    ]
    assert abs(datetime.fromisoformat(ended["endsAt"]) - closed.at) < timedelta(milliseconds=1)


async def test_a_transition_told_again_is_still_one_alert(receiver, alertmanager) -> None:
    opened = alert_at(-5)
    for _ in range(3):
        await receiver.deliver(opened)
        await receiver.resend()
    assert len(await alertmanager.active()) == 1


async def test_the_episode_of_a_rule_is_an_alert_beside_that_of_the_topic(receiver, alertmanager) -> None:
    await receiver.deliver(alert_at(-5))
    await receiver.deliver(alert_at(-4, rule="half-bad", link="https://console.example.com/1"))
    found = {alert["labels"].get("rule"): alert["annotations"].get("link") for alert in await alertmanager.active()}
    assert found == {None: None, "half-bad": "https://console.example.com/1"}


async def test_an_alertmanager_that_restarts_is_told_again_what_is_open(receiver, alertmanager) -> None:
    await receiver.deliver(alert_at(-9, episode=1))
    await receiver.deliver(alert_at(-8, episode=2))
    await receiver.deliver(alert_at(-7, episode=1, number=2, transition="closed"))
    await alertmanager.stop()
    with pytest.raises(DeliveryFailed) as failed:
        await receiver.deliver(alert_at(-6, episode=3))
    assert failed.value.is_retryable
    with pytest.raises(DeliveryFailed):
        await receiver.resend()

    await alertmanager.start()
    assert await alertmanager.active() == []
    await receiver.resend()
    assert sorted(alert["labels"]["episode"] for alert in await alertmanager.active()) == ["2", "3"]


async def test_a_process_that_restarts_goes_on_where_it_was(receiver, alertmanager, session) -> None:
    opened = alert_at(-9, severity="critical")
    await receiver.deliver(opened)
    successor = AlertmanagerReceiver(session, alertmanager.url, now=utc_now)
    successor.restore([opened])
    await successor.resend()
    assert len(await alertmanager.active()) == 1
    await successor.deliver(alert_at(-1, number=2, transition="closed", severity="warning"))
    assert await alertmanager.active() == []


async def test_what_is_no_longer_told_runs_out_by_itself(session, alertmanager, hook) -> None:
    config = AlertmanagerConfig(resend_s=1.0, ttl_s=2.0)
    receiver = AlertmanagerReceiver(session, alertmanager.url, now=utc_now, config=config)
    await receiver.deliver(alert_at(-5))
    await notified(hook, {"warning": "resolved"})
    assert await alertmanager.active() == []


async def test_event_time_ahead_of_the_clock_can_still_be_closed(receiver, alertmanager, hook) -> None:
    await receiver.deliver(alert_at(24 * 60))
    await notified(hook, {"warning": "firing"})
    await receiver.deliver(alert_at(25 * 60, number=2, transition="closed"))
    await notified(hook, {"warning": "resolved"})
    assert await alertmanager.active() == []


async def test_history_that_opened_and_closed_long_ago_is_taken_and_fires_nothing(receiver, alertmanager) -> None:
    year = 365 * 24 * 60
    opened = alert_at(-year)
    await receiver.deliver(opened)
    await receiver.deliver(alert_at(-year + 60, number=2, transition="closed", opened_at=opened.opened_at))
    assert await alertmanager.active() == []


async def test_texts_of_any_script_and_missing_shares_are_taken(receiver, alertmanager) -> None:
    await receiver.deliver(
        alert_at(-5, topic="東京電力 “quoted”\n", negative_share=None, usual_share=None, stories=())
    )
    (listed,) = await alertmanager.active()
    assert listed["labels"]["topic"] == "東京電力 “quoted”\n"


async def test_an_alert_refused_for_good_is_not_told_again(session, hook) -> None:
    hook.statuses = [400]
    receiver = AlertmanagerReceiver(session, hook.url, now=utc_now)
    with pytest.raises(DeliveryFailed, match="answered 400"):
        await receiver.deliver(alert_at(-5))
    await receiver.resend()
    assert hook.received.qsize() == 1


def test_it_is_a_receiver_that_resends(receiver) -> None:
    assert isinstance(receiver, ResendingReceiver)


@pytest.mark.parametrize("wrong", [{"resend_s": 0.0}, {"ttl_s": 60.0}, {"timeout_s": 0.0}])
def test_times_that_cannot_work_are_a_wrong_call(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be > "):
        AlertmanagerConfig(**wrong)
