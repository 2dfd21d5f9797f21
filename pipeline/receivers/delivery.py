"""Hands each receiver what waits for it, at least once and in order: one lane per receiver, none waits for another.

Owns retries; knows no receiver's protocol.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pipeline.logs.about import about
from pipeline.metrics import Metrics
from pipeline.metrics.outcomes import DeliveryOutcome, RepeatReason
from pipeline.receivers.outbox import Outbox, Waiting
from pipeline.receivers.receiver import DeliveryFailed, Receiver, ResendingReceiver
from pipeline.receivers.routing import route
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


class Gate(Protocol):
    """Says whether this process owns its partitions, and so may send what waits."""

    @property
    def is_open(self) -> bool:
        """Whether it does."""

    async def opened(self) -> None:
        """Return when it does."""


class TryTracing(Protocol):
    """Makes a span of a try."""

    def trying(self, receiver: str, alert: AlertRecord) -> AbstractContextManager[None]:
        """Have it while the try lasts."""


class Dispatcher:
    """One lane per receiver, each through its own queue of the outbox.

    Before a try it is recorded that the receiver may have the alert, and afterwards that it has; so what may come
    twice is known, and counted: a process that ended between the two, or a try that was not answered.

    Args:
        receivers: with unique names, each with a queue in the outbox.
        outbox: what waits.
        gate: no try begins while it is closed.
        metrics: is told every try.
        chance: spreads the retries.
        now: the clock, aware.
        tracing: has a span of each try, if it is given.
        backoff: between retries, which go on until the alert is taken or refused for good.
        sleep: waits for seconds.

    `run` goes on for ever; `idle` returns when no try is under way.
    """

    def __init__(
        self,
        receivers: Sequence[Receiver],
        outbox: Outbox,
        gate: Gate,
        metrics: Metrics,
        chance: random.Random,
        *,
        now: Callable[[], datetime],
        tracing: TryTracing | None = None,
        backoff: Backoff | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        names = [receiver.name for receiver in receivers]
        if len(set(names)) < len(names):
            raise ValueError(f"receivers must have unique names, got {names}")
        self._receivers = tuple(receivers)
        self._outbox = outbox
        self._gate = gate
        self._metrics = metrics
        self._chance = chance
        self._now = now
        self._tracing = tracing
        self._backoff = backoff or Backoff()
        self._sleep = sleep
        self._n_busy = 0
        self._idle = asyncio.Event()
        self._idle.set()
        for name in names:
            metrics.add_receiver(name)

    async def run(self) -> None:
        """Deliver for ever."""
        async with asyncio.TaskGroup() as group:
            for receiver in self._receivers:
                group.create_task(self._lane(receiver))

    async def idle(self) -> None:
        """Return when no try is under way; with the gate closed, none begins."""
        await self._idle.wait()

    async def resend(self) -> None:
        """Have the receivers that forget told again what is open; a failure is logged and counted."""
        async with asyncio.TaskGroup() as group:
            for receiver in self._resending():
                group.create_task(self._resend_to(receiver))

    def restore(self, alerts: Iterable[AlertRecord]) -> None:
        """Give the receivers that forget the open episodes that go to them, each by its last transition."""
        routed = [(alert, route(alert, self._outbox.receivers).receivers) for alert in alerts]
        for receiver in self._resending():
            receiver.restore(alert for alert, receivers in routed if receiver.name in receivers)

    def _resending(self) -> list[ResendingReceiver]:
        return [receiver for receiver in self._receivers if isinstance(receiver, ResendingReceiver)]

    async def _lane(self, receiver: Receiver) -> None:
        n_failed = 0
        while True:
            waiting = await self._next(receiver.name)
            self._n_busy += 1
            self._idle.clear()
            try:
                is_done = await self._try(receiver, waiting)
            finally:
                self._n_busy -= 1
                if not self._n_busy:
                    self._idle.set()
            if is_done:
                n_failed = 0
                continue
            await self._sleep(self._backoff.delay_s(n_failed, self._chance))
            n_failed += 1

    async def _next(self, name: str) -> Waiting:
        while True:
            await self._gate.opened()
            await self._outbox.filled(name)
            waiting = self._outbox.head(name)
            if waiting is not None and self._gate.is_open:
                return waiting

    async def _try(self, receiver: Receiver, waiting: Waiting) -> bool:
        """Try once, and return whether the alert is done with."""
        await self._outbox.sending(waiting)
        outcome = DeliveryOutcome.DELIVERED
        try:
            with self._tracing.trying(receiver.name, waiting.alert) if self._tracing else nullcontext():
                await receiver.deliver(waiting.alert)
        except DeliveryFailed as failed:
            if failed.is_retryable:
                await self._put_off(receiver.name, waiting, failed)
                return False
            outcome = DeliveryOutcome.REFUSED
            _logger.error(
                "alert %s refused by %s: %s",
                waiting.alert.id,
                receiver.name,
                failed,
                extra=_about(receiver.name, waiting),
            )
        self._metrics.count_delivery(receiver.name, outcome)
        await self._outbox.done(waiting)
        if outcome is DeliveryOutcome.DELIVERED:
            self._metrics.observe_delivery(receiver.name, (self._now() - waiting.queued_at).total_seconds())
        return True

    async def _put_off(self, name: str, waiting: Waiting, failed: DeliveryFailed) -> None:
        self._metrics.count_delivery(name, DeliveryOutcome.RETRIED)
        _logger.warning(
            "alert %s not delivered to %s, it waits: %s", waiting.alert.id, name, failed, extra=_about(name, waiting)
        )
        if failed.may_have_arrived:
            self._metrics.count_repeat(name, RepeatReason.NO_ANSWER)
        else:
            await self._outbox.not_arrived(waiting)

    async def _resend_to(self, receiver: ResendingReceiver) -> None:
        try:
            await receiver.resend()
        except DeliveryFailed as failed:
            self._metrics.count_delivery(receiver.name, DeliveryOutcome.RESEND_FAILED)
            _logger.warning(
                "open alerts not resent to %s: %s", receiver.name, failed, extra=about(receiver=receiver.name)
            )


def _about(receiver: str, waiting: Waiting) -> dict[str, Any]:
    return about(receiver=receiver, alert=waiting.alert.id, topic=waiting.alert.topic)
