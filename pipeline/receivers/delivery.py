"""Hands every alert to every receiver, at least once and in order, however long one of them is down.

Owns retries and order; knows no receiver's protocol.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from pipeline.metrics import DeliveryOutcome, Metrics
from pipeline.receivers.receiver import DeliveryFailed, Receiver, ResendingReceiver
from pipeline.records import AlertRecord

_logger = logging.getLogger("finsurge.delivery")


@dataclass(frozen=True)
class Backoff:
    """How long to wait before a try is repeated: doubling, capped, and spread by half.

    *See* "Exponential Backoff And Jitter" by Brooker (its "equal jitter").

    >>> Backoff(initial_s=1.0, max_s=60.0).delay_s(2, random.Random(0))
    3.6888437030500962
    """

    initial_s: float = 0.5
    max_s: float = 60.0  # a receiver that comes back gets what waits within this

    def __post_init__(self) -> None:
        if self.initial_s <= 0:
            raise ValueError(f"initial_s must be > 0, got {self.initial_s}")
        if self.max_s < self.initial_s:
            raise ValueError(f"max_s must be >= initial_s = {self.initial_s}, got {self.max_s}")

    def delay_s(self, n_failed: int, chance: random.Random) -> float:
        """Return the seconds to wait after `n_failed` + 1 failures."""
        ceiling = min(self.max_s, self.initial_s * 2.0 ** min(n_failed, 63))
        return ceiling * (0.5 + 0.5 * chance.random())


class Dispatcher:
    """One lane per receiver: a receiver that is down holds up its own lane only.

    `deliver` may be called again before it has returned; each lane takes the alerts in the order of the calls.
    At most `max_pending` alerts are under way, then further calls wait: with a receiver down for so long, all
    wait for it, since an alert is done only when every receiver has it.

    Args:
        receivers: with unique names.
        metrics: is told every try.
        chance: spreads the retries.
        backoff: between retries, which go on until the alert is taken or refused for good.
        max_pending: alerts under way at most.
        sleep: waits for seconds.
        monotonic: seconds, for the time a delivery took.

    >>> from prometheus_client import CollectorRegistry
    >>> from pipeline.receivers.log import LogReceiver
    >>> from pipeline.receivers.sample import sample_alert
    >>> registry = CollectorRegistry()
    >>> log = LogReceiver(logging.getLogger("finsurge.alerts"))
    >>> dispatcher = Dispatcher([log], Metrics(registry), random.Random(0))
    >>> asyncio.run(dispatcher.deliver(sample_alert()))
    >>> registry.get_sample_value("finsurge_deliveries_total", {"receiver": "log", "outcome": "delivered"})
    1.0
    """

    def __init__(
        self,
        receivers: Sequence[Receiver],
        metrics: Metrics,
        chance: random.Random,
        *,
        backoff: Backoff | None = None,
        max_pending: int = 256,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        names = [receiver.name for receiver in receivers]
        if len(set(names)) < len(names):
            raise ValueError(f"receivers must have unique names, got {names}")
        if max_pending < 1:
            raise ValueError(f"max_pending must be >= 1, got {max_pending}")
        self._lanes = [(receiver, asyncio.Lock()) for receiver in receivers]
        self._metrics = metrics
        self._chance = chance
        self._backoff = backoff or Backoff()
        self._pending = asyncio.Semaphore(max_pending)
        self._sleep = sleep
        self._monotonic = monotonic
        for name in names:
            metrics.add_receiver(name)

    async def deliver(self, alert: AlertRecord) -> None:
        """Return when every receiver has the alert or has refused it for good; refusals are logged and counted."""
        asked_at_s = self._monotonic()
        async with self._pending, asyncio.TaskGroup() as group:
            for receiver, lane in self._lanes:
                group.create_task(self._deliver_to(receiver, lane, alert, asked_at_s))

    async def resend(self) -> None:
        """Have the receivers that forget told again what is open; a failure is logged and counted."""
        async with asyncio.TaskGroup() as group:
            for receiver in self._resending():
                group.create_task(self._resend_to(receiver))

    def restore(self, alerts: Iterable[AlertRecord]) -> None:
        """Give the receivers that forget the last transition of each open episode, and nothing else."""
        held = tuple(alerts)
        for receiver in self._resending():
            receiver.restore(held)

    def _resending(self) -> list[ResendingReceiver]:
        return [receiver for receiver, _ in self._lanes if isinstance(receiver, ResendingReceiver)]

    async def _deliver_to(
        self, receiver: Receiver, lane: asyncio.Lock, alert: AlertRecord, asked_at_s: float
    ) -> None:
        async with lane:  # asyncio's lock is first come, first served
            n_failed = 0
            while (delay_s := await self._try(receiver, alert, n_failed)) is not None:
                n_failed += 1
                await self._sleep(delay_s)
        self._metrics.observe_delivery(receiver.name, self._monotonic() - asked_at_s)

    async def _try(self, receiver: Receiver, alert: AlertRecord, n_failed: int) -> float | None:
        try:
            await receiver.deliver(alert)
        except DeliveryFailed as failed:
            if not failed.is_retryable:
                self._metrics.count_delivery(receiver.name, DeliveryOutcome.REFUSED)
                _logger.error("alert %s refused by %s: %s", alert.id, receiver.name, failed)
                return None
            delay_s = self._backoff.delay_s(n_failed, self._chance)
            self._metrics.count_delivery(receiver.name, DeliveryOutcome.RETRIED)
            _logger.warning(
                "alert %s not delivered to %s, again in %.1f s: %s", alert.id, receiver.name, delay_s, failed
            )
            return delay_s
        self._metrics.count_delivery(receiver.name, DeliveryOutcome.DELIVERED)
        return None

    async def _resend_to(self, receiver: ResendingReceiver) -> None:
        try:
            await receiver.resend()
        except DeliveryFailed as failed:
            self._metrics.count_delivery(receiver.name, DeliveryOutcome.RESEND_FAILED)
            _logger.warning("open alerts not resent to %s: %s", receiver.name, failed)
