import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaConsumer

from pipeline.broker.embedded import EmbeddedBroker
from pipeline.demo.newsroom import Newsroom
from pipeline.demo.scenario import Scenario
from pipeline.demo.texts import load_texts
from pipeline.settings import Settings

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SCENARIO = Scenario(history_s=86_400, live_s=8 * 3_600, fast_s=12 * 3_600)


class Enough(Exception):
    """What ends a feed that has no end."""


class Clock:
    """A clock that goes only while somebody sleeps."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Wire:
    """Takes what is sent until a time of the clock."""

    def __init__(self, clock: Clock, until: datetime) -> None:
        self.sent: list[tuple[str, datetime]] = []
        self._clock = clock
        self._until = until

    async def send_raw(self, key: str, value: bytes) -> None:
        if self._clock.at > self._until:
            raise Enough
        self.sent.append((key, self._clock.at))


async def test_the_past_is_sent_at_once_the_crisis_fast_and_the_rest_by_the_clock() -> None:
    clock = Clock()
    # 12 h at 300 s of news a second take 144 s
    wire = Wire(clock, until=NOON + timedelta(seconds=144 + 3_600))
    with pytest.raises(Enough):
        await Newsroom(Settings(), load_texts(), 1, clock.now, clock.sleep, SCENARIO).send(wire)
    past = [key for key, at in wire.sent if at == NOON]
    fast = [key for key, at in wire.sent if NOON < at <= NOON + timedelta(seconds=144)]
    after = [key for key, at in wire.sent if at > NOON + timedelta(seconds=144)]
    # about a thousand documents a day: half of that in twelve hours, some forty in an hour
    assert 700 < len(past) < 1_500
    assert 350 < len(fast) < 1_000
    assert 10 < len(after) < 120
    crisis = [at for key, at in wire.sent if "-crisis-" in key]
    # it begins after two hours of news: 24 s of the clock
    assert min(crisis) == NOON + timedelta(seconds=24)


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as running:
        yield running


async def test_it_sends_into_the_documents_of_its_deployment_until_it_is_told_to_stop(broker: EmbeddedBroker) -> None:
    settings = Settings(broker=f"kafka://{broker.bootstrap}", topic_prefix="news-")
    broker.precreate(["news-documents"])
    stop = asyncio.Event()
    running = asyncio.create_task(Newsroom(settings, load_texts(), 1, lambda: datetime.now(UTC)).run(stop))
    consumer = AIOKafkaConsumer(
        "news-documents", bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    try:
        first = await asyncio.wait_for(consumer.getone(), 30)
        assert first.key.startswith(b"demo-1-")
        stop.set()
        await asyncio.wait_for(running, 30)
    finally:
        await consumer.stop()
