"""The notifying role over a fake changelog and a real webhook: what becomes of alerts in spite of kills."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from faust.types import TP
from prometheus_client import CollectorRegistry

from pipeline.feedback.actions_on_alerts import Acknowledged, AlertAction, Escalated, Resolved, Silenced
from pipeline.metrics import Metrics
from pipeline.receivers.sample import sample_alert
from pipeline.records import AlertRecord, Origin, encode
from pipeline.roles.actions_inbox import OnAction
from pipeline.roles.notify import NotifyRole
from pipeline.settings import Settings

PATIENCE_S = 20.0
SECRET = f"whsec_{base64.b64encode(b'of this test and no other').decode()}"


class Stream:
    """A partition of `alerts`."""

    def __init__(self) -> None:
        self.enable_acks = True
        self.n_acked = 0
        self._events: asyncio.Queue[Any] = asyncio.Queue()

    def publish(self, alert: AlertRecord, offset: int) -> None:
        message = SimpleNamespace(
            tp=TP("alerts", 0), topic="alerts", partition=0, offset=offset, generation_id=1, value=encode(alert)
        )
        self._events.put_nowait(SimpleNamespace(message=message))

    async def events(self) -> AsyncIterator[Any]:
        while True:
            yield await self._events.get()

    async def ack(self, _event: Any) -> None:
        self.n_acked += 1


class Log:
    """Partition 0 of `actions`, which outlives processes."""

    def __init__(self) -> None:
        self.actions: list[AlertAction] = []

    def reader(self, on_action: OnAction) -> Reader:
        return Reader(self.actions, on_action)


class Reader:
    def __init__(self, actions: list[AlertAction], on_action: OnAction) -> None:
        self._actions = actions
        self._on_action = on_action
        self._n_read = 0

    async def __aenter__(self) -> Reader:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def rewind(self) -> None:
        self._n_read = 0

    async def read_all(self) -> None:
        await self.read()

    async def read(self) -> int:
        fresh = self._actions[self._n_read :]
        for action in fresh:
            self._on_action(action, Origin(0, self._n_read))
            self._n_read += 1
        return len(fresh)


@asynccontextmanager
async def notifying(
    changelog, log: Log | None = None, **settings: Any
) -> AsyncIterator[tuple[Stream, CollectorRegistry]]:
    """A role that has taken over partition 0, the only one; it is killed at the end."""
    app = SimpleNamespace(consumer_generation_id=1, consumer=SimpleNamespace(_committed_offset={}))
    registry, stream = CollectorRegistry(), Stream()
    chosen = Settings(partitions=1, **settings)
    role = NotifyRole(app, chosen, changelog.states(), Metrics(registry), (log or Log()).reader)
    await role.take_over({0})
    role.loop.resume()
    task = asyncio.create_task(role.run(stream))
    try:
        yield stream, registry
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def acked(stream: Stream, n_alerts: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while stream.n_acked < n_alerts:
            await asyncio.sleep(0)


async def keys(hook, n_posts: int) -> list[str]:
    """Return the ids of the next posts, whose signatures hold."""
    found = []
    for _ in range(n_posts):
        told = await hook.next()
        signed = b".".join(
            (told.headers["webhook-id"].encode(), told.headers["webhook-timestamp"].encode(), told.raw)
        )
        digest = hmac.new(b"of this test and no other", signed, hashlib.sha256).digest()
        assert told.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
        found.append(told.headers["Idempotency-Key"])
    return found


async def test_an_alert_is_acknowledged_while_its_receiver_is_down_and_delivered_by_the_next_process(
    changelog, hook
) -> None:
    async with notifying(changelog, webhook_url="http://127.0.0.1:1/", webhook_secret=SECRET) as (stream, registry):
        for number in (1, 2, 3):
            stream.publish(sample_alert(number=number), offset=number)
        await acked(stream, 3)
        assert registry.get_sample_value("finsurge_waiting_alerts", {"receiver": "webhook"}) == 3
    async with notifying(changelog, webhook_url=hook.url, webhook_secret=SECRET) as (_, registry):
        assert await keys(hook, 3) == ["sample/1/1", "sample/1/2", "sample/1/3"]


async def test_a_webhook_that_answers_500_thrice_gets_all_in_order(changelog, hook) -> None:
    hook.statuses = [500, 500, 500]
    async with notifying(changelog, webhook_url=hook.url, webhook_secret=SECRET) as (stream, _):
        stream.publish(sample_alert(number=1), offset=1)
        stream.publish(sample_alert(number=2), offset=2)
        assert await keys(hook, 5) == ["sample/1/1"] * 4 + ["sample/1/2"]


async def test_a_kill_in_mid_post_repeats_it_under_the_same_key_so_that_a_webhook_can_drop_it(
    changelog, hook
) -> None:
    hook.never_answers = True
    async with notifying(changelog, webhook_url=hook.url, webhook_secret=SECRET) as (stream, _):
        stream.publish(sample_alert(number=1), offset=1)
        taken = set(await keys(hook, 1))
    hook.never_answers = False
    async with notifying(changelog, webhook_url=hook.url, webhook_secret=SECRET) as (stream, registry):
        stream.publish(sample_alert(number=1), offset=1)  # its acknowledgement was lost as well
        stream.publish(sample_alert(number=2), offset=2)
        taken |= set(await keys(hook, 2))
        repeats = {"receiver": "webhook", "reason": "restart"}
        assert registry.get_sample_value("finsurge_delivery_repeats_total", repeats) == 1
    assert taken == {"sample/1/1", "sample/1/2"}
    assert hook.received.empty()


async def test_an_alertmanager_is_told_again_after_a_restart_what_is_open_and_nothing_else(
    changelog, hook, alertmanager
) -> None:
    async with notifying(changelog, alertmanager_url=alertmanager.url) as (stream, registry):
        stream.publish(sample_alert(topic="over"), offset=1)
        stream.publish(sample_alert(topic="over", number=2, transition="closed"), offset=2)
        stream.publish(sample_alert(topic="open"), offset=3)
        delivered = {"receiver": "alertmanager", "outcome": "delivered"}
        async with asyncio.timeout(PATIENCE_S):
            while registry.get_sample_value("finsurge_deliveries_total", delivered) != 3:
                await asyncio.sleep(0.01)
    await alertmanager.stop()
    await alertmanager.start()
    async with notifying(changelog, alertmanager_url=alertmanager.url):
        active = await alertmanager.until(bool)
    assert [alert["labels"]["topic"] for alert in active] == ["open"]


async def test_an_alert_goes_where_its_routes_say_and_to_all_if_one_of_them_is_not_there(
    changelog, hook, second_hook, tmp_path, caplog
) -> None:
    file = tmp_path / "receivers.yaml"
    file.write_text(f"receivers: [{{name: desk, kind: webhook, url: '{second_hook.url}'}}]")
    async with notifying(changelog, webhook_url=hook.url, webhook_secret=SECRET, receivers=file) as (
        stream,
        registry,
    ):
        stream.publish(sample_alert(number=1, routes=("desk",)), offset=1)
        stream.publish(sample_alert(number=2, routes=("dsek",)), offset=2)
        told = [(await second_hook.next()).headers["Idempotency-Key"] for _ in range(2)]
        assert told == ["sample/1/1", "sample/1/2"]
        assert await keys(hook, 1) == ["sample/1/2"]
        assert registry.get_sample_value("finsurge_unknown_routes_total") == 1
    assert "alert sample/1/2 goes to all: no receiver is called dsek" in caplog.messages
    assert hook.received.empty()


def on(kind: type[Acknowledged | Escalated | Resolved], alert: AlertRecord, number: int = 1) -> AlertAction:
    at = datetime(2026, 1, 2, 15, 10, tzinfo=UTC)
    return kind(id=f"a-{number}", topic=alert.topic, by="ada", at=at, reason="seen", alert=alert)


def silence(hours: float, **changes: Any) -> Silenced:
    now = datetime.now(UTC)
    return Silenced(id="s", topic="sample", by="ada", at=now, until=now + timedelta(hours=hours), **changes)


async def test_an_action_is_told_once_whatever_restarts(changelog, hook) -> None:
    log, opened = Log(), sample_alert(number=1)
    async with notifying(changelog, log, webhook_url=hook.url, webhook_secret=SECRET) as (stream, _):
        stream.publish(opened, offset=1)
        assert await keys(hook, 1) == ["sample/1/1"]
        log.actions.append(on(Acknowledged, opened))
        told = await hook.next()
        assert told.body["id"] == "sample/1/acknowledged-a-1"
        assert told.body["action"] == {
            "id": "a-1",
            "type": "acknowledged",
            "by": "ada",
            "at": "2026-01-02T15:10:00Z",
            "reason": "seen",
        }
    async with notifying(changelog, log, webhook_url=hook.url, webhook_secret=SECRET) as (stream, registry):
        # it still holds: an escalation is not told, the end is
        stream.publish(sample_alert(number=2, transition="escalated", severity="critical"), offset=2)
        stream.publish(sample_alert(number=3, transition="closed"), offset=3)
        assert await keys(hook, 1) == ["sample/1/3"]
        assert registry.get_sample_value("finsurge_alerts_withheld_total", {"reason": "acknowledged"}) == 1


async def test_a_silence_holds_across_restarts_until_it_is_ended(changelog, hook, caplog) -> None:
    log = Log()
    log.actions.append(silence(4))
    hooked = {"webhook_url": hook.url, "webhook_secret": SECRET}
    async with notifying(changelog, log, **hooked) as (stream, registry):
        stream.publish(sample_alert(number=1), offset=1)
        stream.publish(sample_alert(number=2, severity="critical", transition="escalated"), offset=2)
        assert await keys(hook, 1) == ["sample/1/2"]
        assert registry.get_sample_value("finsurge_alerts_withheld_total", {"reason": "silenced"}) == 1
    logged = [message for message in caplog.messages if '"withheld":"silenced"' in message]
    assert len(logged) == 1
    async with notifying(changelog, log, **hooked) as (stream, _):
        stream.publish(sample_alert(episode=2, number=1), offset=3)
        await acked(stream, 1)
        log.actions.append(silence(0))
        stream.publish(sample_alert(episode=3, number=1), offset=4)
        assert await keys(hook, 1) == ["sample/3/1"]


async def test_an_alertmanager_shows_who_looks_after_an_episode_and_hears_its_end_in_spite_of_a_silence(
    changelog, hook, alertmanager
) -> None:
    log, opened = Log(), sample_alert(number=1)

    async with notifying(changelog, log, alertmanager_url=alertmanager.url) as (stream, _):
        stream.publish(opened, offset=1)
        await alertmanager.until(bool)
        log.actions.append(on(Acknowledged, opened))
        await alertmanager.until(lambda found: "acknowledged_by" in found[0]["annotations"])
    await alertmanager.stop()
    await alertmanager.start()
    async with notifying(changelog, log, alertmanager_url=alertmanager.url) as (stream, _):
        (found,) = await alertmanager.until(bool)
        assert found["annotations"]["acknowledged_by"] == "ada"
        assert found["annotations"]["acknowledged_at"] == "2026-01-02T15:10:00Z"
        log.actions.append(silence(4))
        stream.publish(sample_alert(number=2, transition="closed"), offset=2)
        await alertmanager.until(lambda found: not found)


async def test_a_resolved_episode_ends_for_an_alertmanager_and_is_not_told_again_after_a_restart(
    changelog, hook, alertmanager
) -> None:
    log, opened, other = Log(), sample_alert(number=1), sample_alert(topic="other")
    async with notifying(changelog, log, alertmanager_url=alertmanager.url) as (stream, _):
        stream.publish(opened, offset=1)
        stream.publish(other, offset=2)
        await alertmanager.until(lambda found: len(found) == 2)
        log.actions.append(on(Resolved, opened))
        await alertmanager.until(lambda found: len(found) == 1)
        stream.publish(sample_alert(number=2, transition="escalated", severity="critical"), offset=3)
        await acked(stream, 3)
    await alertmanager.stop()
    await alertmanager.start()
    async with notifying(changelog, log, alertmanager_url=alertmanager.url):
        found = await alertmanager.until(bool)
    assert [alert["labels"]["topic"] for alert in found] == ["other"]


async def test_escalating_tells_all_that_it_is_critical_under_an_id_of_its_own(
    changelog, hook, second_hook, tmp_path
) -> None:
    file = tmp_path / "receivers.yaml"
    file.write_text(f"receivers: [{{name: desk, kind: webhook, url: '{second_hook.url}'}}]")
    log, opened = Log(), sample_alert(number=1, routes=("desk",))
    async with notifying(changelog, log, webhook_url=hook.url, webhook_secret=SECRET, receivers=file) as (stream, _):
        stream.publish(opened, offset=1)
        assert (await second_hook.next()).body["severity"] == "warning"
        log.actions.append(on(Escalated, opened))
        assert await keys(hook, 1) == ["sample/1/escalated-a-1"]
        told = (await second_hook.next()).body
        assert (told["severity"], told["transition"], told["summary"]) == ("critical", "escalated", opened.summary)
        stream.publish(sample_alert(number=2, transition="closed", routes=("desk",)), offset=2)
        assert await keys(hook, 1) == ["sample/1/2"]  # who has heard of it hears of its end
