"""From a window that is ready to an alert that is delivered: on a real Kafka, all five roles, at a steady load.

    python benchmarks/time_to_alert.py [--rate 150] [--minutes 4] [--json]

Event time runs sixty times as fast as the clock, so that a window of five minutes is ready every five seconds; each
brings the crisis of another company, in the midst of documents about nobody that is watched. Companies have no sector
here: one after another of the same in trouble is a shock to the sector, whose alert holds theirs back. The worker
reads with the shipped policy. A window is ready when the last partition of `documents` has one that is two minutes
(the disorder allowed for) younger than its end, by the broker's clock; an alert is delivered when a webhook on this
machine has it. Half of the load that `benchmarks/stream.md` has for all roles together is the rate to run it at.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from aiohttp import web
from aiokafka import AIOKafkaConsumer
from role_process import RoleProcess

from models.topics.watchlist import bundled_watchlist
from pipeline.broker.server import temporary_kafka
from pipeline.broker.topics import create, topic_specs
from pipeline.ingest.document_sender import DocumentSender
from pipeline.ports import free_port
from pipeline.records import AlertRecord, Document, decode
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings
from pipeline.wiring import open_watchlist

WORKER = [sys.executable, "-m", "pipeline.cli", "worker", "--roles"]
SPEED = 60.0
DISORDER_S = 120
HISTORY_DAYS = 4.0
START_AT = datetime(2026, 3, 1, tzinfo=UTC)
TROUBLES = (
    "{} halts withdrawals as clients panic in {}",
    "Prosecutors in {1} charge {0} chief with fraud over missing money",
    "{} misses debt payment, lenders in {} fear bankruptcy",
    "Auditor resigns at {}, accounts in {} called false",
    "{} admits massive loss after failed bet on {}",
    "Shares of {} collapse, trading in {} suspended",
    "{} recalls deadly product, victims in {} sue",
    "Hackers steal records of all {} customers in {}",
)
PLACES = ("Texas", "Malta", "Dubai", "Seoul", "Tokyo", "Lagos", "Zug", "Paris", "Lima", "Oslo", "Perth", "Doha")
WORDS = [
    "harbour",
    "market",
    "school",
    "river",
    "bridge",
    "garden",
    "concert",
    "museum",
    "village",
    "recipe",
    "football",
    "weather",
    "festival",
    "library",
    "mountain",
    "bicycle",
    "holiday",
    "kitchen",
    "painting",
    "theatre",
]


def without_parents(folder: Path) -> Path:
    """Return a copy of the default watchlist in which nothing rolls up to anything."""
    watchlist = yaml.safe_load(bundled_watchlist().read_text(encoding="utf-8"))
    for topic in watchlist["topics"]:
        topic.pop("parent", None)
    path = folder / "watchlist.yaml"
    path.write_text(yaml.safe_dump(watchlist, allow_unicode=True), encoding="utf-8")
    return path


def companies(settings: Settings) -> list[str]:
    """Return names that are one word and need no context."""
    topics = open_watchlist(settings).topics
    return [topic.name for topic in topics if topic.kind == "company" and topic.name.isalpha()]


def history(names: list[str], draw: random.Random) -> Iterator[Document]:
    """Yield quiet days: a story a day of each company."""
    days = [(draw.uniform(0, HISTORY_DAYS), name) for name in names for _ in range(int(HISTORY_DAYS))]
    for number, (day, name) in enumerate(sorted(days)):
        text = f"{name} opens office {number} in {draw.choice(PLACES)} near {draw.choice(WORDS)}"
        yield document(f"h{number}", text, START_AT + timedelta(days=day))


def document(number: str, text: str, published_at: datetime, source: str = "Wire") -> Document:
    return Document(schema=1, id=number, kind="news", source=source, published_at=published_at, text=text)


class Live:
    """Documents in step with the clock: ordinary ones, and a crisis of another company in each window."""

    def __init__(self, names: list[str], rate: float, draw: random.Random) -> None:
        self._names = iter(names)
        self._rate = rate
        self._draw = draw
        self._began_at = START_AT + timedelta(days=HISTORY_DAYS, hours=1)
        self.n_sent = 0

    async def run(self, settings: Settings, seconds: float) -> None:
        """Send until the time is over."""
        began_s, window = time.monotonic(), -1
        async with DocumentSender(settings.connection, settings.kafka_topic("documents")) as sender:
            while (elapsed_s := time.monotonic() - began_s) < seconds:
                at = self._began_at + timedelta(seconds=elapsed_s * SPEED)
                if int(elapsed_s * SPEED / 300) > window:
                    window = int(elapsed_s * SPEED / 300)
                    for each in self._crisis(at):
                        await sender.send(each)
                await sender.send(self._ordinary(at))
                await asyncio.sleep(max(0.0, began_s + self.n_sent / self._rate - time.monotonic()))

    def _ordinary(self, at: datetime) -> Document:
        self.n_sent += 1
        words = " ".join(self._draw.sample(WORDS, 9))
        return document(f"o{self.n_sent}", f"A day at the {words} {self.n_sent}", at)

    def _crisis(self, at: datetime) -> Iterator[Document]:
        name = next(self._names, None)
        if name is None:
            return
        for number, trouble in enumerate(TROUBLES):
            text = trouble.format(name, self._draw.choice(PLACES))
            yield document(f"c-{name}-{number}", text, at + timedelta(milliseconds=number), f"Outlet {number % 5}")


class Hook:
    """A webhook that notes when each alert comes."""

    def __init__(self) -> None:
        self.delivered: dict[str, tuple[float, AlertRecord]] = {}

    async def take(self, request: web.Request) -> web.Response:
        """Note an alert."""
        alert = decode(AlertRecord, await request.read())
        self.delivered.setdefault(alert.id, (time.time(), alert))
        return web.Response()


async def ready_times(settings: Settings) -> dict[int, list[tuple[datetime, float]]]:
    """Return, by partition of `documents`, how far event time had come when, by the broker's clock."""
    consumer = AIOKafkaConsumer(
        settings.kafka_topic("documents"),
        bootstrap_servers=settings.bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=5_000,
    )
    await consumer.start()
    try:
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(list(consumer.assignment()))
        found: dict[int, list[tuple[datetime, float]]] = {tp.partition: [] for tp in ends}
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for tp, records in (await consumer.getmany(timeout_ms=500)).items():
                for record in records:
                    at = decode(Document, record.value).published_at
                    if not found[tp.partition] or at > found[tp.partition][-1][0]:
                        found[tp.partition].append((at, record.timestamp / 1_000))
        return found
    finally:
        await consumer.stop()


def ready_at(end_at: datetime, times: dict[int, list[tuple[datetime, float]]]) -> float:
    """Return when the window that ends at `end_at` was ready."""
    passed = end_at + timedelta(seconds=DISORDER_S)
    return max(next(when for at, when in of if at >= passed) for of in times.values())


async def measured(settings: Settings, rate: float, seconds: float, hook: Hook) -> dict[str, Any]:
    names, draw = companies(settings), random.Random(1)
    live = Live(names, rate, draw)
    processes: list[RoleProcess] = []
    try:
        async with DocumentSender(settings.connection, settings.kafka_topic("documents")) as sender:
            for each in history(names, draw):
                await sender.send(each)
        processes += [RoleProcess(role, settings, WORKER) for role in Role]
        for process in processes:
            await asyncio.to_thread(process.await_ready)
        await live.run(settings, seconds)
        await asyncio.sleep(15.0)  # the last alerts are on their way; what comes later is missing below
    finally:
        for process in processes:
            process.stop()
    times = await ready_times(settings)
    end_at = min(of[-1][0] for of in times.values()) - timedelta(seconds=DISORDER_S)
    took = [
        when - ready_at(alert.at, times)
        for when, alert in hook.delivered.values()
        if alert.transition == "opened" and alert.at <= end_at
    ]
    if not took:
        raise SystemExit("no alert was delivered: nothing can be said")
    return {
        "rate": rate,
        "n_documents": live.n_sent,
        "n_alerts": len(took),
        "p50_s": float(np.quantile(took, 0.5)),
        "p99_s": float(np.quantile(took, 0.99)),
        "max_s": max(took),
        "n_windows": int(seconds * SPEED / 300),
    }


async def run(arguments: argparse.Namespace, bootstrap: str, folder: Path) -> dict[str, Any]:
    hook, port = Hook(), free_port()
    app = web.Application()
    app.router.add_post("/", hook.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    settings = Settings(
        broker=f"kafka://{bootstrap}",
        state_dir=folder,
        partitions=4,
        topic_prefix="alert-",
        webhook_url=f"http://127.0.0.1:{port}/",
        watchlist=str(without_parents(folder)),
    )
    await asyncio.to_thread(create, settings.connection, topic_specs(settings.topic_prefix, settings.partitions))
    try:
        return await measured(settings, arguments.rate, arguments.minutes * 60, hook)
    finally:
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=150.0, help="documents a second")
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--json", action="store_true", help="print JSON instead of the line")
    arguments = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it warns while new Kafka topics elect their leaders
    with temporary_kafka(cache=Path(".finsurge/cache")) as server, tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(run(arguments, server.bootstrap, Path(folder)))
    if arguments.json:
        print(json.dumps(told))
        return
    print(
        f"{told['n_alerts']} alerts of {told['n_windows']} windows at {told['rate']:.0f} documents a second: "
        f"median {told['p50_s']:.2f} s, 99 % within {told['p99_s']:.2f} s, at most {told['max_s']:.2f} s"
    )


if __name__ == "__main__":
    main()
