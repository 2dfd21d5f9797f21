import asyncio
import logging
import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from pipeline.metrics import Metrics
from pipeline.receivers.delivery import Backoff, Dispatcher
from pipeline.receivers.receiver import DeliveryFailed
from pipeline.receivers.sample import sample_alert
from pipeline.records import AlertRecord

DOWN = DeliveryFailed("down", is_retryable=True)
REFUSED = DeliveryFailed("no", is_retryable=False)


class Fake:
    """Raises `failures` in turn, then takes alerts."""

    def __init__(self, name: str, failures: Iterable[Exception] = ()) -> None:
        self.name = name
        self.failures = list(failures)
        self.took: list[int] = []
        self.has_taken = asyncio.Event()

    async def deliver(self, alert: AlertRecord) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.took.append(alert.number)
        self.has_taken.set()


class Forgetful(Fake):
    def __init__(self, name: str, failures: Iterable[Exception] = ()) -> None:
        super().__init__(name, failures)
        self.held: list[AlertRecord] = []
        self.n_resent = 0

    def restore(self, alerts: Iterable[AlertRecord]) -> None:
        self.held = list(alerts)

    async def resend(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.n_resent += 1


class Sleeper:
    """A sleep that lasts until it is let go, and says when it began."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.asked: list[float] = []
        self.has_begun = asyncio.Event()
        self.gate = asyncio.Event()
        if is_open:
            self.gate.set()

    async def __call__(self, delay_s: float) -> None:
        self.asked.append(delay_s)
        self.has_begun.set()
        await self.gate.wait()


def dispatcher(
    *receivers: Fake,
    sleep: Sleeper | None = None,
    registry: CollectorRegistry | None = None,
    max_pending: int = 256,
) -> Dispatcher:
    return Dispatcher(
        receivers,
        Metrics(registry or CollectorRegistry()),
        random.Random(1),
        backoff=Backoff(initial_s=1.0, max_s=8.0),
        max_pending=max_pending,
        sleep=sleep or Sleeper(),
        monotonic=lambda: 0.0,
    )


def outcome(registry: CollectorRegistry, receiver: str, name: str) -> float | None:
    return registry.get_sample_value("finsurge_deliveries_total", {"receiver": receiver, "outcome": name})


async def test_every_receiver_gets_the_alert() -> None:
    receivers = Fake("a"), Fake("b")
    await dispatcher(*receivers).deliver(sample_alert())
    assert [receiver.took for receiver in receivers] == [[1], [1]]


async def test_a_failed_try_is_repeated_after_waits_that_double_up_to_the_cap() -> None:
    registry, receiver, sleep = CollectorRegistry(), Fake("a", [DOWN] * 6), Sleeper()
    await dispatcher(receiver, sleep=sleep, registry=registry).deliver(sample_alert())
    assert receiver.took == [1]
    ceilings = [1, 2, 4, 8, 8, 8]
    assert all(c / 2 <= asked <= c for c, asked in zip(ceilings, sleep.asked, strict=True))
    assert (outcome(registry, "a", "retried"), outcome(registry, "a", "delivered")) == (6, 1)
    assert registry.get_sample_value("finsurge_delivery_seconds_count", {"receiver": "a"}) == 1


async def test_a_receiver_that_is_down_does_not_delay_the_other_ones_alerts() -> None:
    down, up, sleep = Fake("down", [DOWN]), Fake("up"), Sleeper(is_open=False)
    sut = dispatcher(down, up, sleep=sleep)
    tasks = [asyncio.create_task(sut.deliver(sample_alert(number=n))) for n in (1, 2, 3)]
    await sleep.has_begun.wait()
    while len(up.took) < 3:
        up.has_taken.clear()
        await up.has_taken.wait()
    assert (down.took, [task.done() for task in tasks]) == ([], [False] * 3)
    sleep.gate.set()
    await asyncio.gather(*tasks)
    assert (down.took, up.took) == ([1, 2, 3], [1, 2, 3])


async def test_a_refusal_for_good_is_logged_and_counted_and_the_alert_is_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    registry, strict, lenient = CollectorRegistry(), Fake("strict", [REFUSED]), Fake("lenient")
    sut = dispatcher(strict, lenient, registry=registry)
    await sut.deliver(sample_alert(number=1))
    await sut.deliver(sample_alert(number=2))
    assert (strict.took, lenient.took) == ([2], [1, 2])
    assert outcome(registry, "strict", "refused") == 1
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert errors == ["alert sample/1/1 refused by strict: no"]


async def test_no_more_than_max_pending_alerts_are_under_way() -> None:
    down, up, sleep = Fake("down", [DOWN]), Fake("up"), Sleeper(is_open=False)
    sut = dispatcher(down, up, sleep=sleep, max_pending=1)
    tasks = [asyncio.create_task(sut.deliver(sample_alert(number=n))) for n in (1, 2)]
    await sleep.has_begun.wait()
    await up.has_taken.wait()
    assert up.took == [1]
    sleep.gate.set()
    await asyncio.gather(*tasks)
    assert (down.took, up.took) == ([1, 2], [1, 2])


async def test_a_cancelled_delivery_leaves_its_lane_free() -> None:
    receiver, sleep = Fake("a", [DOWN]), Sleeper(is_open=False)
    sut = dispatcher(receiver, sleep=sleep, max_pending=1)
    task = asyncio.create_task(sut.deliver(sample_alert(number=1)))
    await sleep.has_begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await sut.deliver(sample_alert(number=2))
    assert receiver.took == [2]


async def test_a_bug_in_a_receiver_is_loud() -> None:
    with pytest.raises(ExceptionGroup) as raised:
        await dispatcher(Fake("a", [KeyError("bug")]), Fake("b")).deliver(sample_alert())
    assert isinstance(raised.value.exceptions[0], KeyError)


async def test_without_receivers_an_alert_is_done_at_once() -> None:
    await dispatcher().deliver(sample_alert())


async def test_receivers_that_forget_are_restored_and_told_again() -> None:
    log, forgetful = Fake("log"), Forgetful("forgetful")
    sut = dispatcher(log, forgetful)
    sut.restore(iter([sample_alert()]))
    await sut.resend()
    assert (forgetful.held, forgetful.n_resent) == ([sample_alert()], 1)


@pytest.mark.parametrize("failure", [DOWN, REFUSED])
async def test_a_resend_that_fails_is_counted_and_holds_up_nothing(failure: DeliveryFailed) -> None:
    registry, broken, sound = CollectorRegistry(), Forgetful("broken", [failure]), Forgetful("sound")
    await dispatcher(broken, sound, registry=registry).resend()
    assert outcome(registry, "broken", "resend_failed") == 1
    assert sound.n_resent == 1


def test_two_receivers_of_one_name_are_a_wrong_call() -> None:
    with pytest.raises(ValueError, match=r"receivers must have unique names, got \['a', 'a'\]"):
        dispatcher(Fake("a"), Fake("a"))


def test_room_for_no_alert_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="max_pending must be >= 1, got 0"):
        dispatcher(max_pending=0)


@given(st.integers(0, 10_000), st.integers())
def test_a_wait_is_between_half_its_ceiling_and_its_ceiling(n_failed: int, seed: int) -> None:
    delay_s = Backoff(initial_s=0.5, max_s=60.0).delay_s(n_failed, random.Random(seed))
    ceiling = min(60.0, 0.5 * 2 ** min(n_failed, 20))
    assert ceiling / 2 <= delay_s <= ceiling


@pytest.mark.parametrize(("wrong", "name"), [({"initial_s": 0.0}, "initial_s"), ({"max_s": 0.1}, "max_s")])
def test_a_backoff_that_cannot_work_is_a_wrong_call(wrong: dict[str, float], name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be >"):
        Backoff(**wrong)
