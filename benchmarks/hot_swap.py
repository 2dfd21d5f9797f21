"""What swaps of policies cost documents on their way: 100 swaps under load on a real Kafka, some to damaged versions.

    python benchmarks/hot_swap.py [--swaps 100] [--json]

One `read` worker with the shipped policy gets documents at a steady, light rate. Blocks with swaps take turns with
blocks without, so that whatever else the machine does falls on both. Each swap is to a version that the worker has
never had: fetched from the registry, verified, loaded and warmed up aside; one in five is damaged there, and must not
serve. A document's latency is from the broker's timestamp in `documents` to that of its decision in `decisions`. At
the end it is counted that each document was decided once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from role_process import RoleProcess

from models.checkpoint import SHIPPED, TRAINED_FILE, read_manifest, write_manifest
from pipeline.broker.preflight import partitions_of
from pipeline.broker.server import temporary_kafka
from pipeline.broker.topics import create, topic_specs
from pipeline.policies.changes import Author, promoted, registered
from pipeline.policies.release_log import ReleaseLog
from pipeline.records import Decision, Document, decode, encode
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings
from rl.registry.registry import Registry

WORKER = [sys.executable, "-m", "pipeline.cli", "worker", "--roles"]
DAMAGED_EVERY = 5
PATIENCE_S = 300.0
NAMES = ("Acme", "Bolt", "Coda", "Dunlin", "Egret", "Fathom", "Garnet", "Harrow", "Indigo", "Juniper")
VERBS = ("recalls", "praises", "sues", "buys", "leaves", "hires", "warns of", "halts", "opens", "doubts")


@dataclass
class Load:
    """Documents at a steady rate, each in the block in which it was sent; None: before, between and after."""

    rate: float
    block: int | None = None
    blocks: list[int | None] = field(default_factory=list)  # of each document
    is_over: bool = False

    async def run(self, settings: Settings) -> None:
        """Send until it is over."""
        producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap, acks="all", linger_ms=0)
        await producer.start()
        began_s = time.monotonic()
        try:
            while not self.is_over:
                number = len(self.blocks)
                self.blocks.append(self.block)
                await producer.send(settings.kafka_topic("documents"), document(number), key=str(number).encode())
                await asyncio.sleep(max(0.0, began_s + (number + 1) / self.rate - time.monotonic()))
        finally:
            await producer.stop()


def document(number: int) -> bytes:
    """Return a document that no other equals."""
    name, verb, other = NAMES[number % 10], VERBS[number // 10 % 10], NAMES[number // 100 % 10]
    text = f"{name} {verb} {other} after talks in room {number}, people close to the matter say on day {number // 7}"
    published_at = datetime.now(UTC)
    return encode(
        Document(schema=1, id=f"d{number}", kind="news", source="Wire", published_at=published_at, text=text)
    )


class Releases:
    """Versions, made one by one, and promoted."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._registry = Registry(str(folder / "registry"))
        self.serving = read_manifest(SHIPPED).version

    async def swap(self, number: int) -> tuple[str, bool]:
        """Promote a version that nobody has seen, and return it and whether it is damaged."""
        is_damaged = number % DAMAGED_EVERY == DAMAGED_EVERY - 1
        version = await asyncio.to_thread(self._made, number, is_damaged)
        author = Author("benchmark", datetime.now(UTC), reason="a swap")
        name = self._settings.kafka_topic("policies")
        async with ReleaseLog(self._settings.connection, name) as log:
            await log.write(lambda board: registered(board, self._stored, None, author), None)
            before = self.serving
            await log.write(
                lambda board: promoted(
                    board, version, author, serving=before, negative_ratio=1.0, is_forced=True, watch_s=0
                ),
                None,
            )
        self.serving = version
        return version, is_damaged

    def _made(self, number: int, is_damaged: bool) -> str:
        folder = self._folder / "made"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copy(SHIPPED / TRAINED_FILE, folder)
        changes = {"document_temperature": 1.0 + number / 1000, "version": "", "parent_version": None}
        write_manifest(folder, replace(read_manifest(SHIPPED), **changes))
        self._stored = self._registry.put(folder)
        if is_damaged:
            weights = self._folder / "registry" / self._stored.version / TRAINED_FILE
            content = bytearray(weights.read_bytes())
            content[len(content) // 2] ^= 1
            weights.write_bytes(content)
        return self._stored.version


@dataclass
class Seen:
    """What the worker has decided so far, read as it comes."""

    versions: Counter[str] = field(default_factory=Counter)

    async def run(self, settings: Settings) -> None:
        """Follow `decisions` until cancelled."""
        consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap, auto_offset_reset="earliest")
        partitions = await partitions_of(settings.connection, settings.kafka_topic("decisions"))
        await consumer.start()
        consumer.assign(partitions)
        try:
            async for record in consumer:
                self.versions[decode(Decision, record.value).policy_version] += 1
        finally:
            await consumer.stop()


async def until(holds: Any, what: str) -> float:
    """Wait until something holds, and return the seconds that took."""
    began_s = time.monotonic()
    while not await asyncio.to_thread(holds):
        if time.monotonic() - began_s > PATIENCE_S:
            raise TimeoutError(f"not within {PATIENCE_S:g} s: {what}")
        await asyncio.sleep(0.1)
    return time.monotonic() - began_s


async def drive(
    settings: Settings, worker: RoleProcess, folder: Path, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Run the blocks, and return what was measured."""
    load, seen, releases = Load(arguments.rate), Seen(), Releases(settings, folder)
    tasks = [asyncio.create_task(load.run(settings)), asyncio.create_task(seen.run(settings))]
    await until(lambda: sum(seen.versions.values()) > 5 * arguments.rate, "the worker decides")
    took: list[float] = []
    damaged: list[str] = []
    until_s = time.monotonic() + 60.0 * arguments.minutes
    for pair in range(arguments.swaps // arguments.swaps_per_block):
        if time.monotonic() > until_s:
            break
        print(f"pair {pair} of blocks", file=sys.stderr)
        for with_swaps in (pair % 2 == 0, pair % 2 == 1):  # which comes first takes turns
            load.block = 2 * pair + with_swaps
            began_s = time.monotonic()
            for index in range(arguments.swaps_per_block if with_swaps else 0):
                failures = await asyncio.to_thread(worker.total, "finsurge_policy_swap_failures_total")
                version, is_damaged = await releases.swap(pair * arguments.swaps_per_block + index)
                if is_damaged:
                    damaged.append(version)
                    await until(
                        lambda known=failures: worker.total("finsurge_policy_swap_failures_total") > known,
                        f"the damaged {version} is refused",
                    )
                else:
                    took.append(await until(lambda name=version: seen.versions[name] > 0, f"{version} serves"))
            # a block without swaps lasts as long as the least: percentiles do not hang on their number
            await asyncio.sleep(max(0.0, arguments.block_s - (time.monotonic() - began_s)))
            load.block = None
            await asyncio.sleep(1.0)
    load.is_over = True
    await tasks[0]
    await until(lambda: sum(seen.versions.values()) >= len(load.blocks), "all is decided")
    tasks[1].cancel()
    latencies, n_twice = await measured(settings, len(load.blocks))
    return {
        "n_swaps": len(took) + len(damaged),
        "n_damaged": len(damaged),
        "n_decided_by_damaged": sum(seen.versions[version] for version in damaged),
        "n_taken_over": len(took),
        "swap_s": {"median": float(np.median(took)), "greatest": max(took)},
        "n_documents": len(load.blocks),
        "n_lost": len(load.blocks) - len(latencies),
        "n_decided_twice": n_twice,
        **compared(latencies, load.blocks),
    }


async def measured(settings: Settings, n_documents: int) -> tuple[dict[int, float], int]:
    """Return the latency of each document in milliseconds, and how many were decided more than once."""
    sent = {(r.partition, r.offset): (r.timestamp, int(r.key)) for r in await every(settings, "documents")}
    latencies: dict[int, float] = {}
    n_twice = 0
    for record in await every(settings, "decisions"):
        origin = decode(Decision, record.value).origin
        sent_ms, number = sent[origin.partition, origin.offset]
        n_twice += number in latencies
        latencies.setdefault(number, float(record.timestamp - sent_ms))
    assert len(sent) == n_documents  # noqa: S101 - else the load did not arrive
    return latencies, n_twice


async def every(settings: Settings, name: str) -> list[Any]:
    """Return every record of a Kafka topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap, auto_offset_reset="earliest")
    partitions = await partitions_of(settings.connection, settings.kafka_topic(name))
    await consumer.start()
    consumer.assign(partitions)
    try:
        ends = await consumer.end_offsets(partitions)
        records: list[Any] = []
        while any([await consumer.position(each) < end for each, end in ends.items()]):
            for fetched in (await consumer.getmany(timeout_ms=500)).values():
                records += fetched
        return records
    finally:
        await consumer.stop()


def compared(latencies: dict[int, float], blocks: list[int | None]) -> dict[str, Any]:
    """Return latencies with and without swaps, and what swaps add, with an interval over pairs of blocks."""
    by_block: dict[int, list[float]] = {}
    for number, latency in latencies.items():
        block = blocks[number]
        if block is not None:
            by_block.setdefault(block, []).append(latency)
    arms = {"with_swaps": 1, "without": 0}
    found: dict[str, Any] = {name: figures(by_block, arm) for name, arm in arms.items()}
    found["added_p99_ms"] = found["with_swaps"]["p99_ms"] - found["without"]["p99_ms"]
    draw = np.random.default_rng(0)
    pairs = sorted({block // 2 for block in by_block})
    resampled = []
    for _ in range(2_000):
        chosen = draw.choice(pairs, len(pairs))
        p99 = [np.percentile(np.concatenate([by_block[2 * pair + arm] for pair in chosen]), 99) for arm in (1, 0)]
        resampled.append(p99[0] - p99[1])
    found["added_p99_interval_ms"] = [float(end) for end in np.percentile(resampled, (2.5, 97.5))]
    return found


def figures(by_block: dict[int, list[float]], arm: int) -> dict[str, float]:
    values = np.concatenate([latencies for block, latencies in by_block.items() if block % 2 == arm])
    p50, p90, p99, greatest = np.percentile(values, (50, 90, 99, 100))
    return {"n": len(values), "p50_ms": p50, "p90_ms": p90, "p99_ms": p99, "greatest_ms": greatest}


def show(found: dict[str, Any]) -> None:
    swap_s = found["swap_s"]
    print(f"{found['n_swaps']} swaps, {found['n_damaged']} of them to damaged versions, each of which was refused")
    print(f"{found['n_decided_by_damaged']} documents were decided by a damaged version")
    print(f"from release to first decision {swap_s['median']:.1f} s (median), {swap_s['greatest']:.1f} s (greatest)")
    print(f"{found['n_documents']} documents: {found['n_lost']} lost, {found['n_decided_twice']} decided twice\n")
    print("| latency, ms | documents | p50 | p90 | p99 | greatest |\n|---|---:|---:|---:|---:|---:|")
    for name, shown in (("with_swaps", "with swaps"), ("without", "without")):
        row = found[name]
        values = " | ".join(f"{row[key]:.0f}" for key in ("p50_ms", "p90_ms", "p99_ms", "greatest_ms"))
        print(f"| {shown} | {row['n']} | {values} |")
    low, high = found["added_p99_interval_ms"]
    print(f"\nadded p99: {found['added_p99_ms']:.0f} ms (95 %, over pairs of blocks: {low:.0f} to {high:.0f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--swaps", type=int, default=100)
    parser.add_argument("--swaps-per-block", type=int, default=5)
    parser.add_argument("--block-s", type=float, default=20.0, help="least length of a block")
    parser.add_argument("--minutes", type=float, default=60.0, help="no pair of blocks begins after that")
    parser.add_argument("--rate", type=float, default=10.0, help="documents a second")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    with temporary_kafka(cache=Path(".finsurge/cache")) as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(
            broker=f"kafka://{server.bootstrap}",
            partitions=4,
            state_dir=folder / "state",
            registry=str(folder / "registry"),
            idle_s=3600.0,  # no ticks meanwhile: only documents lie in `decisions`
        )
        settings.state_dir.mkdir()
        create(settings.connection, topic_specs("", settings.partitions))
        worker = RoleProcess(Role.READ, settings, WORKER)
        try:
            worker.await_ready()
            found = asyncio.run(drive(settings, worker, folder, arguments))
        finally:
            worker.stop()
    found["load_average"] = os.getloadavg()[1]
    if not arguments.json:
        show(found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
