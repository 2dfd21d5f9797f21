"""The notifying role over a fake changelog and a real webhook: what becomes of alerts in spite of kills."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from faust.types import TP
from prometheus_client import CollectorRegistry

from pipeline.metrics import Metrics
from pipeline.receivers.sample import sample_alert
from pipeline.records import AlertRecord, encode
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


@asynccontextmanager
async def notifying(changelog, **settings: Any) -> AsyncIterator[tuple[Stream, CollectorRegistry]]:
    """A role that has taken over partition 0; it is killed at the end."""
    app = SimpleNamespace(consumer_generation_id=1, consumer=SimpleNamespace(_committed_offset={}))
    registry, stream = CollectorRegistry(), Stream()
    role = NotifyRole(app, Settings(**settings), changelog.states(), Metrics(registry))
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
    async with notifying(changelog, alertmanager_url=alertmanager.url), asyncio.timeout(PATIENCE_S):
        while not (active := await alertmanager.active()):
            await asyncio.sleep(0.05)
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
