"""A real cluster of three brokers that loses one: docs/runbooks/lose-a-broker.md, and what is promised there."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from pipeline.broker.connection import Connection
from pipeline.broker.topics import TopicSpec, create
from pipeline.broker.whole_topic import whole_topic
from pipeline.checks.check import Level
from pipeline.checks.kafka import check_kafka
from pipeline.ports import free_port

from .node import Node, await_reached

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

N_BROKERS = 3
DEADLINE_S = 120.0

PROPERTIES = """
process.roles=broker,controller
node.id={number}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
controller.quorum.voters={voters}
log.dirs=data
auto.create.topics.enable=false
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=6000
log.cleaner.dedupe.buffer.size=16777216
"""


class Cluster:
    """Three brokers on loopback, which are controllers as well; each can be killed and started again."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self._folder = folder
        self._ports: dict[int, tuple[int, int]] = {}
        while len({port for pair in self._ports.values() for port in pair}) < 2 * N_BROKERS:
            self._ports = {number: (free_port(), free_port()) for number in range(1, N_BROKERS + 1)}
        voters = ",".join(f"{number}@127.0.0.1:{controller}" for number, (_, controller) in self._ports.items())
        self._nodes = {
            number: Node(
                folder / f"broker-{number}",
                cache,
                PROPERTIES.format(number=number, port=port, controller=controller, voters=voters),
            )
            for number, (port, controller) in self._ports.items()
        }
        self._running: set[int] = set()

    @property
    def bootstrap(self) -> str:
        """All three addresses."""
        return self._addresses(self._ports)

    @property
    def living(self) -> str:
        """The addresses of those that run."""
        return self._addresses(sorted(self._running))

    def _addresses(self, numbers: Iterable[int]) -> str:
        return ",".join(f"127.0.0.1:{self._ports[number][0]}" for number in numbers)

    def start(self, number: int) -> None:
        """Start a broker, with the data that it had."""
        self._nodes[number].start()
        self._running.add(number)

    def await_in_sync(self, n_replicas: int) -> None:
        """Return when every partition has so many replicas that have all of it."""
        until_s = time.monotonic() + DEADLINE_S
        for number in self._running:
            await_reached(Connection(self._addresses([number])), DEADLINE_S)
        while time.monotonic() < until_s:
            with Connection(self.living).admin(60.0) as client:
                partitions = [each for topic in client.describe_topics() for each in topic["partitions"]]
            least = min((len(each["isr_nodes"]) for each in partitions), default=N_BROKERS)
            if least == n_replicas:
                return
            time.sleep(0.5)
        raise AssertionError(f"{least} replicas in sync after {DEADLINE_S:g} s, not {n_replicas}")

    def kill(self, number: int) -> None:
        """Kill a broker without a word."""
        self._nodes[number].kill()
        self._running.discard(number)

    def stop(self) -> None:
        """End all of it; nobody reads the data any more."""
        for number in sorted(self._running):
            self.kill(number)
        shutil.rmtree(self._folder, ignore_errors=True)


@pytest.fixture
def cluster(tmp_path: Path, kafka_cache: Path) -> Iterator[Cluster]:
    """Three brokers that are ready."""
    made = Cluster(tmp_path / "cluster", kafka_cache)
    try:
        for number in range(1, N_BROKERS + 1):
            made.start(number)
        made.await_in_sync(N_BROKERS)
        yield made
    finally:
        made.stop()


def test_a_broker_that_dies_under_load_loses_nothing_and_comes_back_in_sync(cluster, new_deployment, documents):
    run = new_deployment(broker=f"kafka://{cluster.bootstrap}")
    values = list(documents())
    run.start()
    run.publish(values[:500])
    run.until_decided(300)
    cluster.kill(2)
    run.publish(values[500:])
    run.settle()
    *_, broker = (check for check in check_kafka(run.settings) if check.name == "broker")
    assert (broker.level, broker.said.split(", ")[-1]) == (Level.WARN, "2 brokers; 1 more is known and down: 2")
    outcome = run.outcome()
    outcome.check()
    assert outcome.n_documents == len(values)
    cluster.start(2)
    cluster.await_in_sync(N_BROKERS)


async def test_what_producers_compress_by_any_codec_is_read(kafka, topic_prefix):
    create(Connection(kafka), [TopicSpec(f"{topic_prefix}documents", 1)])
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        async with AIOKafkaProducer(bootstrap_servers=kafka, compression_type=codec) as producer:
            await producer.send_and_wait(f"{topic_prefix}documents", codec.encode() * 200)
    values = [value async for value in whole_topic(Connection(kafka), f"{topic_prefix}documents")]
    assert values == [codec * 200 for codec in (b"gzip", b"snappy", b"lz4", b"zstd")]
