import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from pipeline.metrics import Metrics
from pipeline.receivers.delivery import Backoff, Dispatcher
from pipeline.receivers.outbox import Outbox
from pipeline.receivers.receiver import DeliveryFailed
from pipeline.receivers.sample import sample_alert
from pipeline.records import AlertRecord

DOWN = DeliveryFailed("down", is_retryable=True)
SILENT = DeliveryFailed("no answer", is_retryable=True, may_have_arrived=True)
REFUSED = DeliveryFailed("no", is_retryable=False)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PATIENCE_S = 10.0


class Fake:
    """Raises `failures` in turn, then takes alerts."""

    def __init__(self, name: str, failures: Iterable[Exception] = ()) -> None:
        self.name = name
        self.failures = list(failures)
        self.took: list[int] = []

    async def deliver(self, alert: AlertRecord) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.took.append(alert.number)


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


class Gate:
    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.event.set()

    @property
    def is_open(self) -> bool:
        return self.event.is_set()

    async def opened(self) -> None:
        await self.event.wait()


class Process:
    """A dispatcher with its outbox, as a process has them that starts over what the changelog holds."""

    def __init__(self, changelog, *receivers: Fake, sleep: Sleeper | None = None) -> None:
        self.receivers = receivers
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)
        self.states = changelog.states()
        self.outbox = Outbox(self.states, [receiver.name for receiver in receivers], self.metrics)
        self.gate = Gate()
        self.dispatcher = Dispatcher(
            receivers,
            self.outbox,
            self.gate,
            self.metrics,
            random.Random(1),
            now=lambda: NOON + timedelta(seconds=5),
            backoff=Backoff(initial_s=1.0, max_s=8.0),
            sleep=sleep or Sleeper(),
        )

    async def put(self, *numbers: int) -> None:
        for number in numbers:
            async with self.outbox.changes():
                self.outbox.put(sample_alert(number=number), self.outbox.receivers, 0, NOON)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                await asyncio.sleep(0)

    async def delivered(self, receiver: Fake) -> None:
        """Return when nothing waits for the receiver."""
        await self.until(lambda: self.outbox.head(receiver.name) is None)
        await self.dispatcher.idle()

    def count(self, name: str, receiver: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"finsurge_{name}", {"receiver": receiver, **labels})


@asynccontextmanager
async def running(changelog, *receivers: Fake, sleep: Sleeper | None = None) -> AsyncIterator[Process]:
    """A process that runs; it is killed at the end."""
    process = Process(changelog, *receivers, sleep=sleep)
    await process.states.assign({0, 1})
    process.outbox.restore()
    task = asyncio.create_task(process.dispatcher.run())
    try:
        yield process
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_every_receiver_gets_the_alert(changelog) -> None:
    receivers = Fake("a"), Fake("b")
    async with running(changelog, *receivers) as process:
        await process.put(1)
        for receiver in receivers:
            await process.delivered(receiver)
    assert [receiver.took for receiver in receivers] == [[1], [1]]


async def test_a_failed_try_is_repeated_after_waits_that_double_up_to_the_cap(changelog) -> None:
    receiver, sleep = Fake("a", [DOWN] * 6), Sleeper()
    async with running(changelog, receiver, sleep=sleep) as process:
        await process.put(1)
        await process.delivered(receiver)
        assert receiver.took == [1]
        ceilings = [1, 2, 4, 8, 8, 8]
        assert all(c / 2 <= asked <= c for c, asked in zip(ceilings, sleep.asked, strict=True))
        assert process.count("deliveries_total", "a", outcome="retried") == 6
        assert process.count("deliveries_total", "a", outcome="delivered") == 1
        assert process.count("delivery_seconds_sum", "a") == 5.0  # from noon to the clock of the test
        assert process.count("delivery_repeats_total", "a", reason="no_answer") == 0


async def test_a_receiver_that_is_down_for_a_thousand_alerts_delays_no_other_and_loses_none(changelog) -> None:
    down, up, sleep = Fake("down", [DOWN]), Fake("up"), Sleeper(is_open=False)
    async with running(changelog, down, up, sleep=sleep) as process:
        await process.put(*range(1000))
        await process.delivered(up)
        assert (down.took, up.took) == ([], list(range(1000)))
        assert process.count("waiting_alerts", "down") == 1000
    back = Fake("down"), Fake("up")  # another process, when the receiver is there again
    async with running(changelog, *back) as process:
        await process.delivered(back[0])
        assert process.count("delivery_repeats_total", "down", reason="restart") == 0
    assert (back[0].took, back[1].took) == (list(range(1000)), [])


async def test_a_refusal_for_good_is_logged_and_counted_and_the_alert_is_done(
    changelog, caplog: pytest.LogCaptureFixture
) -> None:
    strict, lenient = Fake("strict", [REFUSED]), Fake("lenient")
    async with running(changelog, strict, lenient) as process:
        await process.put(1, 2)
        await process.delivered(strict)
        await process.delivered(lenient)
        assert process.count("deliveries_total", "strict", outcome="refused") == 1
        # what was refused was not delivered, however quickly
        assert [process.count("delivery_seconds_count", name) for name in ("strict", "lenient")] == [1, 2]
    assert (strict.took, lenient.took) == ([2], [1, 2])
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert errors == ["alert sample/1/1 refused by strict: no"]


async def test_a_process_killed_between_sending_and_recording_sends_again_and_counts_it(changelog) -> None:
    receiver = Fake("a")
    async with running(changelog, receiver) as process:
        changelog.fails_at = 3  # the alert, its partition's mark and "it may have arrived"; not that it is done
        await process.put(1)
        await process.until(lambda: changelog.fails_at is not None and changelog.fails_at < 0)
    assert receiver.took == [1]
    changelog.fails_at = None
    again = Fake("a")
    async with running(changelog, again) as process:
        await process.delivered(again)
        assert process.count("delivery_repeats_total", "a", reason="restart") == 1
    assert again.took == [1]
    third = Fake("a")
    async with running(changelog, third) as process:
        await process.put(2)
        await process.delivered(third)
    assert third.took == [2]


async def test_a_try_without_an_answer_is_repeated_and_counted(changelog) -> None:
    receiver = Fake("a", [SILENT, SILENT])
    async with running(changelog, receiver) as process:
        await process.put(1)
        await process.delivered(receiver)
        assert process.count("delivery_repeats_total", "a", reason="no_answer") == 2


async def test_with_the_gate_closed_no_try_begins_and_those_under_way_end(changelog) -> None:
    receiver = Fake("a")
    async with running(changelog, receiver) as process:
        process.gate.event.clear()
        await process.put(1)
        await process.dispatcher.idle()
        assert receiver.took == []
        process.gate.event.set()
        await process.delivered(receiver)
    assert receiver.took == [1]


async def test_a_bug_in_a_receiver_is_loud(changelog) -> None:
    process = Process(changelog, Fake("a", [KeyError("bug")]), Fake("b"))
    await process.states.assign({0})
    await process.put(1)
    with pytest.raises(ExceptionGroup) as raised:
        await process.dispatcher.run()
    assert isinstance(raised.value.exceptions[0], KeyError)


async def test_receivers_that_forget_are_restored_and_told_again(changelog) -> None:
    log, forgetful = Fake("log"), Forgetful("forgetful")
    dispatcher = Process(changelog, log, forgetful).dispatcher
    dispatcher.restore(iter([sample_alert()]))
    await dispatcher.resend()
    assert (forgetful.held, forgetful.n_resent) == ([sample_alert()], 1)


@pytest.mark.parametrize("failure", [DOWN, REFUSED])
async def test_a_resend_that_fails_is_counted_and_holds_up_nothing(changelog, failure: DeliveryFailed) -> None:
    broken, sound = Forgetful("broken", [failure]), Forgetful("sound")
    process = Process(changelog, broken, sound)
    await process.dispatcher.resend()
    assert process.count("deliveries_total", "broken", outcome="resend_failed") == 1
    assert sound.n_resent == 1


def test_two_receivers_of_one_name_are_a_wrong_call(changelog) -> None:
    with pytest.raises(ValueError, match=r"receivers must have unique names, got \['a', 'a'\]"):
        Process(changelog, Fake("a"), Fake("a"))


@given(st.integers(0, 10_000), st.integers())
def test_a_wait_is_between_half_its_ceiling_and_its_ceiling(n_failed: int, seed: int) -> None:
    delay_s = Backoff(initial_s=0.5, max_s=60.0).delay_s(n_failed, random.Random(seed))
    ceiling = min(60.0, 0.5 * 2 ** min(n_failed, 20))
    assert ceiling / 2 <= delay_s <= ceiling


@pytest.mark.parametrize(("wrong", "name"), [({"initial_s": 0.0}, "initial_s"), ({"max_s": 0.1}, "max_s")])
def test_a_backoff_that_cannot_work_is_a_wrong_call(wrong: dict[str, float], name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be >"):
        Backoff(**wrong)
