"""Alerts on a real Kafka reach a webhook and a real Alertmanager, whatever is killed in between."""

from __future__ import annotations

import asyncio
import functools
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline.feedback.actions_on_alerts import Resolved
from pipeline.feedback.alert_desk import AlertDesk
from pipeline.receivers.sample import sample_alert
from pipeline.records import AlertRecord, encode
from pipeline.roles.faust_app import Role

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]

PATIENCE_S = 60.0


def alert_at(minutes: float, **changes: Any) -> AlertRecord:
    """Return an alert some minutes from now: Alertmanager judges what has ended by its own clock."""
    now = datetime.now(UTC)
    return sample_alert(at=now + timedelta(minutes=minutes), opened_at=now - timedelta(hours=1), **changes)


@pytest.fixture
async def notifying(new_deployment, second_hook, alertmanager):
    """A deployment of which only `notify` runs; its webhook is `second_hook`."""
    run = new_deployment(webhook_url=second_hook.url, alertmanager_url=alertmanager.url)
    await asyncio.to_thread(run.start, [Role.NOTIFY])
    return run


async def publish(run, *alerts: AlertRecord) -> None:
    values, keys = [encode(alert) for alert in alerts], [alert.topic.encode() for alert in alerts]
    await asyncio.to_thread(lambda: run.publish_raw("alerts", values, keys=keys))


async def posted(hook, alert: AlertRecord) -> None:
    """Return when the webhook has been sent this alert; what comes again must be what came before."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            received = await hook.received.get()
            if received.headers["Idempotency-Key"] == alert.id:
                assert msgspec.convert(received.body, AlertRecord) == alert
                return


async def active(alertmanager, *topics: str) -> None:
    """Return when the Alertmanager knows of open alerts of these topics and of no others."""
    async with asyncio.timeout(PATIENCE_S):
        while sorted(alert["labels"]["topic"] for alert in await alertmanager.active()) != sorted(topics):
            await asyncio.sleep(0.2)


async def test_an_alert_is_posted_until_it_is_taken_with_its_id_as_key(notifying, second_hook, alertmanager) -> None:
    second_hook.statuses = [503, 503]
    opened = alert_at(-5)
    await publish(notifying, opened)
    for _ in range(3):
        await posted(second_hook, opened)
    await active(alertmanager, "sample")
    await publish(notifying, alert_at(-1, number=2, transition="closed"))
    await active(alertmanager)
    assert notifying.exits == []


async def test_a_killed_notify_delivers_what_it_had_not_and_tells_an_alertmanager_that_forgot(
    notifying, second_hook, alertmanager
) -> None:
    first, second = alert_at(-5), alert_at(-4, topic="other")
    await publish(notifying, first)
    await posted(second_hook, first)
    await active(alertmanager, "sample")
    await asyncio.to_thread(notifying.settle)  # `first` is acknowledged: nobody will deliver it again
    second_hook.never_answers = True
    await publish(notifying, second)
    await posted(second_hook, second)
    await alertmanager.stop()
    await alertmanager.start()
    await asyncio.to_thread(notifying.kill, Role.NOTIFY)
    second_hook.never_answers = False
    await posted(second_hook, second)
    await active(alertmanager, "sample", "other")


async def test_bytes_that_are_no_alert_are_a_dead_letter_and_hold_nothing_up(
    notifying, second_hook, alertmanager
) -> None:
    alert = alert_at(-5)
    await asyncio.to_thread(notifying.publish_raw, "alerts", [b"not json", b'{"id": "\xff"}', b"{}"])
    await publish(notifying, alert)
    await posted(second_hook, alert)
    await asyncio.to_thread(notifying.settle)
    dead = await notifying._read("documents.dlq")
    assert sorted(dict(record.headers)["finsurge.reason"] for record in dead) == [
        b"bad_unicode",
        b"malformed_json",
        b"wrong_type",
    ]
    assert notifying.exits == []


async def test_what_a_person_does_reaches_the_webhook_once_and_holds_after_a_kill(
    notifying, second_hook, alertmanager
) -> None:
    desk, opened = AlertDesk(notifying.settings), alert_at(-5)
    await publish(notifying, opened, alert_at(-4, topic="other"))
    await posted(second_hook, opened)
    act = functools.partial(desk.act, Resolved, "sample", by="ada", reason="an old story", at=datetime.now(UTC))
    action = await asyncio.to_thread(act)
    async with asyncio.timeout(PATIENCE_S):
        while (told := (await second_hook.received.get()).body)["id"] != f"sample/1/resolved-{action.id}":
            pass
    assert (told["action"]["by"], told["transition"]) == ("ada", "closed")
    await active(alertmanager, "other")
    listed = await asyncio.to_thread(desk.open, datetime.now(UTC))
    assert [each.alert.topic for each in listed] == ["other"]
    await asyncio.to_thread(notifying.kill, Role.NOTIFY)
    last = alert_at(-1, topic="other", number=2, transition="closed")
    await publish(notifying, alert_at(-2, number=2, transition="escalated", severity="critical"), last)
    await asyncio.to_thread(notifying.settle)
    async with asyncio.timeout(PATIENCE_S):
        while (key := (await second_hook.received.get()).headers["Idempotency-Key"]) != last.id:
            assert key == "other/1/1"  # of the two topics' lanes either may come first; nothing more of `sample`
    await active(alertmanager)
