"""The loop that every role runs, over a stream and an app that are fakes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from pipeline.roles.chunks import ChunkConfig, ChunkLoop
from pipeline.roles.consumer import Contiguity

PARTITION = TP("documents", 0)
PATIENCE_S = 10.0


def event(offset: int, generation: int = 1, timestamp: float = 0.0) -> Any:
    message = SimpleNamespace(tp=PARTITION, offset=offset, generation_id=generation, timestamp=timestamp)
    return SimpleNamespace(message=message)


class Stream:
    """Hands out what is put into it, and never ends."""

    def __init__(self, *events: Any) -> None:
        self.enable_acks = True
        self.acked: list[int] = []
        self.n_handed_out = 0
        self._events: asyncio.Queue[Any] = asyncio.Queue()
        self.add(*events)

    def add(self, *events: Any) -> None:
        for each in events:
            self._events.put_nowait(each)

    async def events(self) -> AsyncIterator[Any]:
        while True:
            each = await self._events.get()
            self.n_handed_out += 1
            yield each

    async def ack(self, event: Any) -> None:
        self.acked.append(event.message.offset)


class Role:
    """Work and finish that wait until the test lets a chunk go on, by its first offset."""

    def __init__(self) -> None:
        self.may_work = asyncio.Event()
        self.may_finish = asyncio.Event()
        self.may_work.set()
        self.may_finish.set()
        self.held_work: dict[int, asyncio.Event] = {}
        self.working: list[list[int]] = []
        self.worked: list[list[int]] = []
        self.finished: list[list[int]] = []
        self.fails_in = ""
        self.done = asyncio.Condition()

    async def work(self, events: Sequence[Any]) -> list[int]:
        offsets = [each.message.offset for each in events]
        self.working.append(offsets)
        await self._tell()
        if self.fails_in == "work":
            raise KeyError("work")
        await self.held_work.get(offsets[0], self.may_work).wait()
        self.worked.append(offsets)
        await self._tell()
        return offsets

    async def finish(self, events: Sequence[Any], result: list[int]) -> None:
        assert result == [each.message.offset for each in events]
        await self.may_finish.wait()
        if self.fails_in == "finish":
            raise KeyError("finish")
        self.finished.append(result)
        await self._tell()

    async def until(self, holds: Any) -> None:
        async with self.done:
            await asyncio.wait_for(self.done.wait_for(holds), PATIENCE_S)

    async def _tell(self) -> None:
        async with self.done:
            self.done.notify_all()


async def nothing_missing(_tp: Any, offset: int) -> int:
    return offset


def an_app(generation: int = 1) -> Any:
    return SimpleNamespace(consumer_generation_id=generation, consumer=SimpleNamespace(_committed_offset={}))


def looped(role: Role, generation: int = 1, app: Any = None, **config: Any) -> ChunkLoop:
    app = app or an_app(generation)
    contiguity = Contiguity(app, nothing_missing, lambda _kafka_topic: None)
    loop = ChunkLoop(app, role.work, role.finish, ChunkConfig(linger_s=0.0, **config), contiguity)
    loop.resume()
    return loop


async def ended(running: asyncio.Task[None]) -> None:
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def until(holds: Any) -> None:
    """Let the loop go on until a fact holds that nobody announces."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0)


async def test_events_are_acknowledged_by_hand_in_order_after_they_are_finished() -> None:
    role, stream = Role(), Stream(*(event(n) for n in range(10)))
    loop = looped(role, max_events=4)
    running = asyncio.create_task(loop.run(stream))
    await until(lambda: len(stream.acked) == 10)
    assert stream.acked == list(range(10))
    assert [offset for chunk in role.finished for offset in chunk] == list(range(10))
    assert max(len(chunk) for chunk in role.finished) <= 4
    assert stream.enable_acks is False
    assert loop.n_done == 10
    await ended(running)


async def test_nothing_is_acknowledged_before_it_is_finished() -> None:
    role, stream = Role(), Stream(event(0), event(1))
    loop = looped(role)
    role.may_finish.clear()
    running = asyncio.create_task(loop.run(stream))
    await role.until(lambda: role.worked)
    assert stream.acked == []
    assert loop.in_flight(PARTITION) == 2
    role.may_finish.set()
    await until(lambda: stream.acked == [0, 1])
    assert loop.in_flight(PARTITION) == 0
    assert not loop.has_work()
    await ended(running)


async def test_the_oldest_record_is_told_until_it_is_acknowledged_whether_it_waits_or_is_worked_on() -> None:
    role, stream = Role(), Stream(event(0, timestamp=30.0), event(1, timestamp=20.0), event(2, timestamp=40.0))
    loop = looped(role, max_events=1)
    assert loop.oldest_s() is None
    role.held_work = {n: asyncio.Event() for n in range(3)}
    running = asyncio.create_task(loop.run(stream))
    await role.until(lambda: role.working == [[0]])
    await until(lambda: stream.n_handed_out == 3)
    assert loop.oldest_s() == 20.0  # of another partition it may come later and be older
    role.held_work[0].set()
    await until(lambda: stream.acked == [0])
    assert loop.oldest_s() == 20.0
    role.held_work[1].set()
    await until(lambda: stream.acked == [0, 1])
    assert loop.oldest_s() == 40.0
    role.held_work[2].set()
    await until(lambda: loop.oldest_s() is None)
    await ended(running)


async def test_with_two_chunks_in_flight_the_quicker_one_still_waits_for_the_one_before() -> None:
    role, stream = Role(), Stream(*(event(n) for n in range(4)))
    role.held_work[0] = asyncio.Event()
    running = asyncio.create_task(looped(role, max_events=2, depth=2).run(stream))
    await role.until(lambda: role.worked == [[2, 3]])
    assert role.working == [[0, 1], [2, 3]]
    assert role.finished == []
    role.held_work[0].set()
    await until(lambda: stream.acked == [0, 1, 2, 3])
    assert role.finished == [[0, 1], [2, 3]]
    await ended(running)


@pytest.mark.parametrize("depth", [1, 2])
async def test_no_more_chunks_than_the_depth_are_in_flight(depth: int) -> None:
    role, stream = Role(), Stream(*(event(n) for n in range(8)))
    role.may_finish.clear()
    running = asyncio.create_task(looped(role, max_events=2, depth=depth).run(stream))
    await role.until(lambda: len(role.worked) == depth)
    await until(lambda: stream.n_handed_out == 8)
    assert len(role.working) == depth
    await ended(running)


async def test_a_stream_that_is_ahead_waits_until_there_is_room() -> None:
    role, stream = Role(), Stream(*(event(n) for n in range(100)))
    role.may_finish.clear()
    running = asyncio.create_task(looped(role, max_events=2).run(stream))
    await until(lambda: stream.n_handed_out >= 8)
    for _ in range(50):
        await asyncio.sleep(0)
    # four chunks' worth in the queue, one chunk in flight, and one more that was taken while the queue was filled
    assert stream.n_handed_out <= 12
    role.may_finish.set()
    await until(lambda: len(stream.acked) == 100)
    assert stream.acked == list(range(100))
    await ended(running)


@pytest.mark.parametrize("place", ["work", "finish"])
async def test_an_error_ends_the_agent_and_leaves_its_events_unacknowledged(place: str) -> None:
    role, stream = Role(), Stream(event(0), event(1))
    role.fails_in = place
    with pytest.raises(KeyError, match=place):
        await asyncio.wait_for(looped(role).run(stream), PATIENCE_S)
    assert stream.acked == []


async def test_an_error_of_what_runs_beside_the_loop_ends_the_agent_as_well() -> None:
    async def beside() -> None:
        raise KeyError("beside")

    with pytest.raises(KeyError, match="beside"):
        await asyncio.wait_for(looped(Role()).run(Stream(), beside()), PATIENCE_S)


async def test_what_runs_beside_the_loop_ends_with_it() -> None:
    was_cancelled = asyncio.Event()

    async def beside() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            was_cancelled.set()

    role, stream = Role(), Stream(event(0))
    running = asyncio.create_task(looped(role).run(stream, beside()))
    await role.until(lambda: role.finished)
    await ended(running)
    await asyncio.wait_for(was_cancelled.wait(), PATIENCE_S)


async def test_a_skipped_record_ends_the_agent() -> None:
    role, stream = Role(), Stream(event(0), event(2))
    with pytest.raises(RuntimeError, match="expected offset 1, got 2"):
        await asyncio.wait_for(looped(role).run(stream), PATIENCE_S)


async def test_before_partitions_are_given_up_what_is_in_flight_is_finished_and_nothing_new_begun() -> None:
    role, stream = Role(), Stream(event(0))
    role.may_finish.clear()
    app = an_app()
    loop = looped(role, app=app)
    running = asyncio.create_task(loop.run(stream))
    await role.until(lambda: role.worked)
    giving_up = asyncio.create_task(loop.quiesce(PATIENCE_S))
    stream.add(event(1))
    await until(lambda: loop.in_flight(PARTITION) == 2)
    assert not giving_up.done()
    role.may_finish.set()
    await giving_up
    assert stream.acked == [0]
    assert role.working == [[0]]
    app.consumer_generation_id = 2
    loop.resume()
    assert loop.in_flight(PARTITION) == 0
    stream.add(event(1, generation=2))  # it comes again
    await until(lambda: stream.acked == [0, 1])
    assert role.finished == [[0], [1]]
    await ended(running)


async def test_what_comes_while_state_is_taken_over_waits_and_is_not_forgotten() -> None:
    role, stream, app = Role(), Stream(event(0, generation=1)), an_app(generation=2)
    loop = looped(role, app=app)
    await loop.quiesce(0.1)
    stream.add(event(0, generation=2), event(1, generation=2))
    running = asyncio.create_task(loop.run(stream))
    await until(lambda: loop.in_flight(PARTITION) == 3)
    assert role.working == []
    loop.resume()
    await until(lambda: stream.acked == [0, 1])
    assert role.finished == [[0, 1]]
    await ended(running)


async def test_giving_up_partitions_with_nothing_in_flight_takes_no_time() -> None:
    await looped(Role()).quiesce(0.1)


async def test_a_chunk_that_does_not_end_in_time_is_an_error() -> None:
    role, stream = Role(), Stream(event(0))
    role.may_finish.clear()
    loop = looped(role)
    running = asyncio.create_task(loop.run(stream))
    await role.until(lambda: role.worked)
    with pytest.raises(TimeoutError):
        await loop.quiesce(0.0)
    await ended(running)


async def test_events_of_a_generation_that_is_over_are_not_acknowledged() -> None:
    role, stream = Role(), Stream(event(0, generation=1), event(1, generation=2))
    running = asyncio.create_task(looped(role, generation=2).run(stream))
    await until(lambda: stream.acked)
    assert stream.acked == [1]
    await ended(running)


@pytest.mark.parametrize("given", [{"max_events": 0}, {"depth": 0}, {"linger_s": -1.0}])
def test_a_loop_that_could_not_turn_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="max_events and depth must be >= 1, linger_s >= 0, got"):
        ChunkConfig(**given)
