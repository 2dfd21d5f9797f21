"""What waits for each receiver: durable, in order, however long a receiver is down.

Owns the records that stand for it in the changelog of `notify`. Knows no receiver's protocol and no retries.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

import msgspec

from pipeline.logs.about import about
from pipeline.metrics import Metrics
from pipeline.metrics.outcomes import RepeatReason
from pipeline.receivers.notice import Notice, notice_of
from pipeline.records import SCHEMA, AlertRecord, AwareDatetime, Origin, decode
from pipeline.stage import States

log = logging.getLogger(__name__)


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that one receiver does not have yet, under a key of its own."""

    schema: int = SCHEMA
    receiver: str
    partition: int  # of `alerts`
    number: int  # in the order of its partition
    alert: Notice
    queued_at: AwareDatetime
    may_have_arrived: bool = False  # it is being sent, or was and nobody knows what became of it

    @property
    def key(self) -> str:
        """The key in the changelog."""
        return f"+{self.receiver}/{self.partition}/{self.number}"


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """How far a partition of `alerts`, and the same one of `actions`, have been put into the outbox."""

    schema: int = SCHEMA
    alerts: int = -1  # offset of the last one
    actions: int = -1
    n_queued: int = 0


NotifyState = AlertRecord | Waiting | Mark
"""All that the changelog of `notify` holds: the open alert of each topic, or absolute rule on it, and the above."""


def decode_state(key: str, value: bytes) -> NotifyState:
    """Return what a changelog record holds; the key's first character, which no topic's name has, tells.

    >>> decode_state("#3", b'{"schema":1,"alerts":7,"n_queued":2}').alerts
    7
    """
    if key.startswith("#"):
        return decode(Mark, value)
    if key.startswith("+"):
        return decode(Waiting, value)
    return decode(AlertRecord, value)


class CommittedStates(States[NotifyState], Protocol):
    """State that is durable when `commit` returns."""

    async def commit(self) -> None:
        """Write what was put and dropped."""


class Outbox:
    """One queue per receiver, over state that survives restarts and moves with its partition.

    All that is put or dropped within one `changes` is durable together, and is handed out only then. A crash in the
    middle of it leaves records beyond the partition's mark: they are dropped, and come again with the input.

    Args:
        states: of the role, which nobody writes but within `changes`.
        receivers: names; what waits for others is kept until they are named again.
        metrics: is told how much waits for whom, and what is sent again.
        max_waiting: records held at most (some 4 KB each); then `room` waits, and `alerts` keeps the rest.

    >>> from prometheus_client import CollectorRegistry
    >>> from pipeline.receivers.sample import sample_alert
    >>> from pipeline.stage import MemoryStates
    >>> class Kept(MemoryStates[NotifyState]):
    ...     async def commit(self) -> None:
    ...         pass
    >>> async def one() -> str:
    ...     outbox = Outbox(Kept(), ["log"], Metrics(CollectorRegistry()))
    ...     async with outbox.changes():
    ...         outbox.put(sample_alert(), ["log"], 0, sample_alert().at)
    ...     return outbox.head("log").key
    >>> asyncio.run(one())
    '+log/0/0'
    """

    def __init__(
        self, states: CommittedStates, receivers: Iterable[str], metrics: Metrics, *, max_waiting: int = 100_000
    ) -> None:
        if max_waiting < 1:
            raise ValueError(f"max_waiting must be >= 1, got {max_waiting}")
        self._states = states
        self._metrics = metrics
        self._max_waiting = max_waiting
        self._lock = asyncio.Lock()  # states are written by one at a time
        self._queues: dict[str, deque[Waiting]] = {name: deque() for name in receivers}
        self._filled = {name: asyncio.Event() for name in self._queues}
        self._parked: dict[str, int] = {}  # by the name of a receiver that is gone
        self._staged: list[Waiting] = []
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._tell_all()

    @property
    def receivers(self) -> tuple[str, ...]:
        """The names of those it has queues for."""
        return tuple(self._queues)

    def restore(self) -> None:
        """Hold what the states hold, and nothing else."""
        known = {waiting.key for queue in self._queues.values() for waiting in queue}
        found: dict[str, list[Waiting]] = {}
        for key, state in self._states.items():
            if isinstance(state, Waiting):
                if state.number >= self._mark(state.partition).n_queued:
                    self._states.drop(key, state.partition)
                    continue
                found.setdefault(state.receiver, []).append(state)
                if state.may_have_arrived and state.receiver in self._queues and key not in known:
                    self._metrics.count_repeat(state.receiver, RepeatReason.RESTART)
        self._staged.clear()
        for name in self._queues:
            waiting = sorted(found.pop(name, ()), key=lambda each: (each.queued_at, each.partition, each.number))
            self._queues[name] = deque(waiting)
        self._parked = {name: len(waiting) for name, waiting in found.items()}
        self._metrics.set_parked(sum(self._parked.values()))
        for name, n_parked in self._parked.items():
            told = "%d alerts wait for receiver %s, which is no longer named: name it again"
            log.warning(told, n_parked, name, extra=about(receiver=name))
        self._tell_all()

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[None]:
        """Make what is done inside durable at its end; others wait meanwhile."""
        async with self._lock:
            yield
            await self._states.commit()
            for waiting in self._staged:
                self._queues[waiting.receiver].append(waiting)
            self._staged.clear()
            self._tell_all()

    def apply(self, origin: Origin) -> bool:
        """Return whether the alert that lies there is new, and remember that it was taken; within `changes`."""
        mark = self._mark(origin.partition)
        if origin.offset <= mark.alerts:
            return False
        self._set_mark(origin.partition, msgspec.structs.replace(mark, alerts=origin.offset))
        return True

    def apply_action(self, origin: Origin) -> bool:
        """Return whether the action that lies there is new, and remember that it was taken; within `changes`."""
        mark = self._mark(origin.partition)
        if origin.offset <= mark.actions:
            return False
        self._set_mark(origin.partition, msgspec.structs.replace(mark, actions=origin.offset))
        return True

    def put(self, alert: AlertRecord, receivers: Iterable[str], partition: int, now: datetime) -> None:
        """Have these receivers told; within `changes`."""
        mark, notice = self._mark(partition), alert if isinstance(alert, Notice) else notice_of(alert)
        for receiver in receivers:
            waiting = Waiting(
                receiver=receiver, partition=partition, number=mark.n_queued, alert=notice, queued_at=now
            )
            self._states.put(waiting.key, partition, waiting)
            self._staged.append(waiting)
        self._set_mark(partition, msgspec.structs.replace(mark, n_queued=mark.n_queued + 1))

    def head(self, receiver: str) -> Waiting | None:
        """Return what the receiver is to be told next."""
        queue = self._queues[receiver]
        return queue[0] if queue else None

    async def filled(self, receiver: str) -> None:
        """Return when something waits for the receiver."""
        await self._filled[receiver].wait()

    async def room(self) -> None:
        """Return when more may be put."""
        await self._has_room.wait()

    async def sending(self, waiting: Waiting) -> None:
        """Have it known, whatever happens to this process, that the receiver may have the alert from now on."""
        if not waiting.may_have_arrived:
            await self._replace(waiting, may_have_arrived=True)

    async def not_arrived(self, waiting: Waiting) -> None:
        """Take `sending` back: the receiver certainly does not have it by this try, nor by one before."""
        if not waiting.may_have_arrived:
            await self._replace(waiting, may_have_arrived=False)

    async def done(self, waiting: Waiting) -> None:
        """Forget what the receiver has taken, or has refused for good."""
        async with self.changes():
            self._states.drop(waiting.key, waiting.partition)
            self._queues[waiting.receiver].popleft()

    async def _replace(self, waiting: Waiting, *, may_have_arrived: bool) -> None:
        async with self.changes():
            replaced = msgspec.structs.replace(waiting, may_have_arrived=may_have_arrived)
            self._states.put(waiting.key, waiting.partition, replaced)
            self._queues[waiting.receiver][0] = replaced

    def _mark(self, partition: int) -> Mark:
        state = self._states.get(f"#{partition}")
        return state if isinstance(state, Mark) else Mark()

    def _set_mark(self, partition: int, mark: Mark) -> None:
        self._states.put(f"#{partition}", partition, mark)

    def _tell_all(self) -> None:
        n_waiting = sum(self._parked.values())
        for name, queue in self._queues.items():
            n_waiting += len(queue)
            self._metrics.set_waiting(name, len(queue), queue[0].queued_at if queue else None)
            _set(self._filled[name], is_set=bool(queue))
        _set(self._has_room, is_set=n_waiting < self._max_waiting)


def _set(event: asyncio.Event, *, is_set: bool) -> None:
    if is_set:
        event.set()
    else:
        event.clear()
