"""What waits for receivers: it is there after a crash at any moment, in order, and is not handed out before."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from pipeline.metrics import Metrics
from pipeline.receivers.outbox import Outbox
from pipeline.receivers.sample import sample_alert
from pipeline.records import Origin

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


async def started(
    changelog, *receivers: str, registry: CollectorRegistry | None = None, max_waiting: int = 100_000
) -> Outbox:
    states = changelog.states()
    await states.assign({0, 1})
    outbox = Outbox(states, receivers, Metrics(registry or CollectorRegistry()), max_waiting=max_waiting)
    outbox.restore()
    return outbox


async def put(outbox: Outbox, *numbers: int, receivers: tuple[str, ...] = ("a", "b"), partition: int = 0) -> None:
    """Put alerts of these numbers, in one chunk; each lies at the offset of its number."""
    async with outbox.changes():
        for number in numbers:
            if outbox.apply(Origin(partition, number)):
                at = NOON + timedelta(seconds=number)
                outbox.put(sample_alert(number=number), receivers, partition, at)


async def drained(outbox: Outbox, receiver: str) -> list[int]:
    """Take all that waits for a receiver, and return the alerts' numbers."""
    numbers = []
    while (waiting := outbox.head(receiver)) is not None:
        numbers.append(waiting.alert.number)
        await outbox.done(waiting)
    return numbers


async def test_what_waits_is_there_after_a_restart_in_order_and_what_was_taken_is_not(changelog) -> None:
    outbox = await started(changelog, "a", "b")
    await put(outbox, *range(12))  # by name, 10 would come before 2
    assert await drained(outbox, "b") == list(range(12))
    again = await started(changelog, "a", "b")
    assert await drained(again, "a") == list(range(12))
    assert again.head("b") is None


async def test_an_alert_that_comes_again_is_not_queued_again(changelog) -> None:
    outbox = await started(changelog, "a")
    await put(outbox, 1, 2, receivers=("a",))
    assert await drained(outbox, "a") == [1, 2]
    again = await started(changelog, "a")
    await put(again, 1, 2, 3, receivers=("a",))
    assert await drained(again, "a") == [3]


@pytest.mark.parametrize("n_written", range(5))
async def test_a_chunk_cut_off_by_a_crash_comes_again_once(changelog, n_written: int) -> None:
    # two alerts for two receivers are four records, and then the partition's mark
    outbox = await started(changelog, "a", "b")
    changelog.fails_at = n_written
    with pytest.raises(BrokenPipeError):
        await put(outbox, 1, 2)
    assert outbox.head("a") is None  # nothing is handed out that is not durable
    changelog.fails_at = None
    again = await started(changelog, "a", "b")
    assert (again.head("a"), again.head("b")) == (None, None)
    await put(again, 1, receivers=("a",))  # the routes may have changed meanwhile
    assert (await drained(again, "a"), await drained(again, "b")) == ([1], [])
    await put(again, 2, 3)
    last = await started(changelog, "a", "b")
    assert (await drained(last, "a"), await drained(last, "b")) == ([2, 3], [2, 3])


async def test_what_was_being_sent_at_a_crash_is_sent_again_and_counted(changelog) -> None:
    outbox = await started(changelog, "a", "b")
    await put(outbox, 1)
    await outbox.sending(outbox.head("a"))
    registry = CollectorRegistry()
    again = await started(changelog, "a", "b", registry=registry)
    assert again.head("a").may_have_arrived
    assert not again.head("b").may_have_arrived
    counted = [
        registry.get_sample_value("finsurge_delivery_repeats_total", {"receiver": name, "reason": "restart"})
        for name in ("a", "b")
    ]
    assert counted == [1, None]


async def test_a_try_that_certainly_failed_leaves_no_doubt_behind(changelog) -> None:
    outbox = await started(changelog, "a")
    await put(outbox, 1, receivers=("a",))
    before = outbox.head("a")
    await outbox.sending(before)
    await outbox.not_arrived(before)
    assert not (await started(changelog, "a")).head("a").may_have_arrived


async def test_an_earlier_doubt_outlives_a_later_try_that_failed(changelog) -> None:
    outbox = await started(changelog, "a")
    await put(outbox, 1, receivers=("a",))
    await outbox.sending(outbox.head("a"))  # and no answer came
    before = outbox.head("a")
    await outbox.sending(before)
    await outbox.not_arrived(before)
    assert (await started(changelog, "a")).head("a").may_have_arrived


async def test_a_partition_that_is_given_up_takes_its_waiting_alerts_along(changelog) -> None:
    states = changelog.states()
    await states.assign({0, 1})
    outbox = Outbox(states, ["a"], Metrics(CollectorRegistry()))
    outbox.restore()
    await put(outbox, 1, receivers=("a",), partition=0)
    await put(outbox, 2, receivers=("a",), partition=1)
    await states.assign({1})
    outbox.restore()
    assert await drained(outbox, "a") == [2]


async def test_what_waits_for_a_receiver_that_is_gone_is_told_and_kept_until_it_is_named_again(
    changelog, caplog: pytest.LogCaptureFixture
) -> None:
    await put(await started(changelog, "a", "b"), 1, 2)
    with caplog.at_level(logging.WARNING):
        registry = CollectorRegistry()
        without = await started(changelog, "a", registry=registry)
    assert registry.get_sample_value("finsurge_parked_alerts") == 2
    assert caplog.messages == ["2 alerts wait for receiver b, which is no longer named: name it again"]
    assert await drained(without, "a") == [1, 2]
    assert await drained(await started(changelog, "b"), "b") == [1, 2]


async def test_beyond_the_most_that_may_wait_there_is_no_room_until_something_is_done(changelog) -> None:
    outbox = await started(changelog, "a", max_waiting=2)
    await put(outbox, 1, 2, receivers=("a",))
    room = asyncio.create_task(outbox.room())
    await asyncio.sleep(0)
    assert not room.done()
    await outbox.done(outbox.head("a"))
    await room


async def test_how_much_waits_and_since_when_is_told(changelog) -> None:
    registry = CollectorRegistry()
    outbox = await started(changelog, "a", "b", registry=registry)
    await put(outbox, 1, 2)
    await drained(outbox, "b")

    def told(name: str, receiver: str) -> float | None:
        return registry.get_sample_value(name, {"receiver": receiver})

    assert [told("finsurge_waiting_alerts", name) for name in ("a", "b")] == [2, 0]
    since = [told("finsurge_waiting_since_timestamp_seconds", name) for name in ("a", "b")]
    assert since == [(NOON + timedelta(seconds=1)).timestamp(), 0]


def test_room_for_no_alert_is_a_wrong_call(changelog) -> None:
    with pytest.raises(ValueError, match="max_waiting must be >= 1, got 0"):
        Outbox(changelog.states(), [], Metrics(CollectorRegistry()), max_waiting=0)
