"""What Faust does that DESIGN §5 builds upon, so that a release that does otherwise is noticed.

The head-gap of its commits is in test_consumer.py; what finsurge makes of all this in test_durability.py.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from pipeline.broker.connection import Connection
from pipeline.broker.topics import TopicSpec, create
from pipeline.roles.faust_app import Role

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]

SCRIPT = Path(__file__).parent / "plain_faust.py"
DEADLINE_S = 90.0
N_RECORDS = 100


def listening(pid: int) -> set[tuple[str, int]]:
    """Return the IPv4 addresses on which a process listens, as Linux tells them."""
    links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
    found = set()
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *rest = line.split()
        if state == "0A" and f"socket:[{rest[5]}]" in links:
            host, port = local.split(":")
            found.add((str(IPv4Address(bytes.fromhex(host)[::-1])), int(port, 16)))
    return found


async def publish(address: str, kafka_topic: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=address)
    await producer.start()
    try:
        for value in values:
            await producer.send(kafka_topic, value)
    finally:
        await producer.stop()


async def committed(address: str, group: str, kafka_topic: str) -> int | None:
    consumer = AIOKafkaConsumer(bootstrap_servers=address, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        partition = TopicPartition(kafka_topic, 0)
        consumer.assign([partition])
        offset: int | None = await consumer.committed(partition)
        return offset
    finally:
        await consumer.stop()


@dataclass
class PlainRun:
    """What a plain Faust app made of a hundred records."""

    numbers: list[int]
    committed: int | None
    addresses: set[tuple[str, int]]


@pytest.fixture(scope="module")
def plain_run(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> PlainRun:
    """A run in which the agent raises at 25, and record 60 is no number."""
    folder = tmp_path_factory.mktemp("plain")
    kafka_topic, group, output = f"{folder.name}-numbers", f"{folder.name}-plain", folder / "numbers"
    create(Connection(kafka), [TopicSpec(kafka_topic, 1)])
    values = [str(number).encode() for number in range(N_RECORDS)]
    values[60] = b"sixty"
    asyncio.run(publish(kafka, kafka_topic, values))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, str(SCRIPT), kafka, group, kafka_topic, str(output), str(port)]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            until_s = time.monotonic() + DEADLINE_S
            offset = None
            while offset != N_RECORDS and time.monotonic() < until_s and process.poll() is None:
                offset = asyncio.run(committed(kafka, group, kafka_topic))
            addresses = listening(process.pid) if process.poll() is None else set()
        finally:
            process.kill()
    numbers = [int(line) for line in output.read_text().splitlines()] if output.exists() else []
    return PlainRun(numbers, offset, addresses)


def test_a_record_whose_agent_raised_is_acknowledged_and_lost(plain_run: PlainRun) -> None:
    assert plain_run.committed == N_RECORDS
    assert 25 not in plain_run.numbers
    assert plain_run.numbers[-1] == 99


def test_a_record_that_cannot_be_decoded_is_acknowledged_before_the_agent_sees_it(plain_run: PlainRun) -> None:
    assert plain_run.committed == N_RECORDS
    assert [number for number in range(N_RECORDS) if number not in plain_run.numbers] == [25, 60]


def test_its_web_server_listens_to_everyone(plain_run: PlainRun) -> None:
    assert "0.0.0.0" in {host for host, _ in plain_run.addresses}  # noqa: S104


def test_a_role_listens_on_its_own_port_of_loopback_and_nowhere_else(new_deployment) -> None:
    run = new_deployment()
    run.start([Role.SURGES])
    run.until_ready(Role.SURGES)
    pid, port = run.process(Role.SURGES)
    assert listening(pid) == {("127.0.0.1", port)}
