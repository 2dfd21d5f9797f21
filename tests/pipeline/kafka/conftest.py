"""A finsurge on the real Kafka, as processes that a test may kill, and what it left on Kafka."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry

from pipeline import wiring
from pipeline.broker.decision_log import read_decisions
from pipeline.broker.rule_log import rules_taken
from pipeline.broker.topics import create, topic_specs
from pipeline.metrics import Metrics
from pipeline.ports import free_port
from pipeline.records import AlertRecord, Decision, Document, Mention, TrendRecord, decode, encode
from pipeline.replay.flow import Replay
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings, to_environment

WORKER = Path(__file__).parent / "keyword_worker.py"
FLOW = (Role.READ, Role.LINK, Role.TRENDS, Role.SURGES)
DEADLINE_S = 150.0

NAMES = ("Binance", "Coinbase", "Kraken", "Gemini", "Celsius", "BlockFi", "Tether", "Solana", "Ethereum", "Ripple")
VERBS = ("opens office in", "hires chief for", "talks to regulator of", "lists token from", "beats rivals in",
         "misses target in", "cuts fees in", "wins licence in")  # fmt: skip
PLACES = ("Texas", "Malta", "Dubai", "Seoul", "Tokyo", "Lagos", "Zug", "Paris", "Lima", "Oslo", "Perth", "Doha")
TROUBLES = ("halts withdrawals", "faces fraud probe", "loses auditor after crash", "sues former chief in scandal",
            "token plunge", "admits loss of funds", "is hacked", "files for bankruptcy", "misses payment to bank",
            "freeze angers lenders", "collapse feared by traders", "warning sent by regulator")  # fmt: skip
START_AT = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Outcome:
    """What a run left on Kafka, and what a replay of its decisions gives."""

    n_documents: int
    decided: set[tuple[int, int]]  # (partition, offset) of `documents`
    dead: dict[tuple[int, int], str]  # the same, with the reason
    n_decisions: int
    trends: dict[bytes, int] = field(default_factory=dict)
    alerts: dict[str, AlertRecord] = field(default_factory=dict)
    replayed_trends: set[bytes] = field(default_factory=set)
    replayed_alerts: dict[str, AlertRecord] = field(default_factory=dict)

    def check(self) -> None:
        """Every document is decided or in the dead letters; trends and alerts are those of the replay."""
        assert len(self.decided | self.dead.keys()) == self.n_documents
        assert not self.decided & self.dead.keys()
        self.check_results()

    def check_results(self) -> None:
        """Trends and alerts are those of the replay."""
        assert self.replayed_trends
        missing = self.replayed_trends - self.trends.keys()
        wrong = self.trends.keys() - self.replayed_trends
        assert not missing, (
            f"{len(missing)} windows of {len(self.replayed_trends)} are missing: {sorted(missing)[:3]}"
        )
        assert not wrong, f"{len(wrong)} windows are not the replay's: {sorted(wrong)[:3]}"
        assert self.alerts == self.replayed_alerts
        assert any(alert.transition == "opened" for alert in self.alerts.values())


class Deployment:
    """Roles as processes against one Kafka; what ends is started again, as an orchestrator would."""

    def __init__(self, settings: Settings, kills: str = "") -> None:
        self.settings = settings
        self.exits: list[tuple[str, int]] = []
        self._environ = {**os.environ, **to_environment(settings), "FINSURGE_TEST_KILL": kills}
        self._processes: list[tuple[Role, int, subprocess.Popen[bytes]]] = []
        self._started: set[Role] = set()
        self._ports: dict[Role, int] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        settings.state_dir.mkdir(parents=True, exist_ok=True)

    def start(self, roles: Sequence[Role] = FLOW, *, number: int = 0) -> None:
        """Start a process for each role; `number` tells several workers of a role apart."""
        with self._lock:
            self._started.update(roles)
            for role in roles:
                self._processes.append((role, number, self._spawn(role, number)))
        if not self._keeper.is_alive():
            self._keeper.start()

    def leave(self, role: Role, number: int, sign: signal.Signals) -> None:
        """Send a worker away for good."""
        with self._lock:
            found = next(entry for entry in self._processes if entry[:2] == (role, number))
            self._processes.remove(found)
        found[2].send_signal(sign)
        found[2].wait(30)

    @contextmanager
    def suspended(self, role: Role, number: int) -> Iterator[None]:
        """Stop a worker in its tracks, so that its group gives it up, and let it go on at the end."""
        with self._lock:
            process = next(entry[2] for entry in self._processes if entry[:2] == (role, number))
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def kill(self, role: Role) -> None:
        """Kill a worker, which is then started again."""
        with self._lock:
            process = next(process for of_role, _, process in self._processes if of_role is role)
        process.kill()
        process.wait(10)

    def stop(self) -> None:
        """End all processes."""
        self._stopping.set()
        if self._keeper.is_alive():
            self._keeper.join(10)
        for _, _, process in self._processes:
            process.terminate()
        for _, _, process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def publish(self, values: Sequence[bytes | None], *, keys: Sequence[bytes] | None = None) -> None:
        """Put values into `documents`, in order, spread by key."""
        asyncio.run(self._publish("documents", values, keys))

    def publish_raw(self, kafka_topic: str, values: Sequence[bytes], *, keys: Sequence[bytes] | None = None) -> None:
        """Put bytes into a Kafka topic; they may be what no producer of ours would send."""
        asyncio.run(self._publish(kafka_topic, values, keys))

    def process(self, role: Role) -> tuple[int, int]:
        """Return the process id of a role's first worker, and the port of its metrics and health."""
        with self._lock:
            index = next(n for n, (of_role, _, _) in enumerate(self._processes) if of_role is role)
            return self._processes[index][2].pid, self._ports[role]

    def until_ready(self, role: Role) -> None:
        """Return when a role's first worker says that it is ready."""
        until_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < until_s:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._ports[role]}/readyz", timeout=5):
                    return
            except OSError:  # not listening yet, or 503
                self._stopping.wait(0.2)
        raise AssertionError(f"{role.value} not ready within {DEADLINE_S:g} s: {self.exits}, {self.logs()}")

    def until_windows(self, hold: Callable[[list[TrendRecord]], bool]) -> None:
        """Return when `hold` says yes to what lies in `trends`."""
        until_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < until_s:
            records = asyncio.run(self._read("trends"))
            if hold([decode(TrendRecord, record.value) for record in records]):
                return
            self._stopping.wait(1.0)
        raise AssertionError(f"not within {DEADLINE_S:g} s: {len(records)} windows, {self.exits}, {self.logs()}")

    def until_decided(self, n_documents: int) -> None:
        """Return when so many decisions lie in `decisions`."""
        until_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < until_s:
            if len(asyncio.run(self._read("decisions"))) >= n_documents:
                return
            self._stopping.wait(0.5)
        raise AssertionError(f"not decided within {DEADLINE_S:g} s: {self.exits}, {self.logs()}")

    def settle(self) -> None:
        """Return when every group has acknowledged all there is, and nothing new came for a while."""
        until_s = time.monotonic() + DEADLINE_S
        previous: object = None
        n_same = 0
        while time.monotonic() < until_s:
            lags, ends = asyncio.run(self._lags())
            is_settled = not any(lags.values())
            n_same = n_same + 1 if is_settled and ends == previous else 0
            previous = ends
            if n_same >= 3:
                return
            self._stopping.wait(1.0)
        raise AssertionError(f"not settled within {DEADLINE_S:g} s: lags {lags}, exits {self.exits}, {self.logs()}")

    def read(self, kafka_topic: str) -> list:
        """Return the records that lie in a Kafka topic."""
        return asyncio.run(self._read(kafka_topic))

    def outcome(self) -> Outcome:
        """Return what lies on Kafka, beside a replay of the decisions there."""
        return asyncio.run(self._outcome())

    def logs(self) -> str:
        """Return the ends of the processes' logs."""
        files = sorted(self.settings.state_dir.glob("*.log"))
        return "\n".join(f"== {file.name}\n{file.read_text(errors='replace')[-1500:]}" for file in files)

    def _spawn(self, role: Role, number: int) -> subprocess.Popen[bytes]:
        self._ports[role] = free_port()
        environ = {**self._environ, "FINSURGE_HTTP_PORT": str(self._ports[role] - role.number)}
        with (self.settings.state_dir / f"{role.value}-{number}.log").open("ab") as log:
            command = [sys.executable, str(WORKER), role.value]
            return subprocess.Popen(command, env=environ, stdout=log, stderr=log, start_new_session=True)

    def _keep(self) -> None:
        while not self._stopping.wait(0.2):
            with self._lock:
                for index, (role, number, process) in enumerate(self._processes):
                    code = process.poll()
                    if code is not None:
                        self.exits.append((role.value, code))
                        self._processes[index] = (role, number, self._spawn(role, number))

    async def _publish(self, kafka_topic: str, values: Sequence[bytes | None], keys: Sequence[bytes] | None) -> None:
        producer = self.settings.connection.producer(linger_ms=5)
        await producer.start()
        try:
            name = self.settings.kafka_topic(kafka_topic)
            sent = []
            for index, value in enumerate(values):
                key = keys[index] if keys else str(index).encode()
                sent.append(await producer.send(name, value, key=key))
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    async def _lags(self) -> tuple[dict[str, int], dict[TopicPartition, int]]:
        lags, every_end = {}, {}
        for role in self._started:
            consumer = self.settings.connection.consumer(group_id=self.settings.group(role.value))
            await consumer.start()
            try:
                n_partitions = 1 if role is Role.SURGES else self.settings.partitions
                name = self.settings.kafka_topic(role.inbound)
                partitions = [TopicPartition(name, number) for number in range(n_partitions)]
                consumer.assign(partitions)
                ends = await consumer.end_offsets(partitions)
                every_end.update(ends)
                lags[role.value] = sum([ends[tp] - (await consumer.committed(tp) or 0) for tp in partitions])
            finally:
                await consumer.stop()
        return lags, every_end

    async def _outcome(self) -> Outcome:
        documents = await self._read("documents")
        dead = {}
        for record in await self._read("documents.dlq"):
            headers = dict(record.headers)
            if headers["finsurge.stage"] == b"read":
                origin = (int(headers["finsurge.partition"]), int(headers["finsurge.offset"]))
                dead[origin] = headers["finsurge.reason"].decode()
        replay = Replay(self.settings, wiring.open_watchlist(self.settings), Metrics(CollectorRegistry()))
        outcome = Outcome(len(documents), set(), dead, 0)
        for taken in await rules_taken(self.settings):
            replay.change_rules(taken)
        async for partition, record in read_decisions(self.settings):
            if isinstance(record, Decision):
                outcome.n_decisions += 1
                outcome.decided.add((record.origin.partition, record.origin.offset))
            for result in replay.feed(record, partition):
                _keep_result(result, outcome.replayed_trends, outcome.replayed_alerts)
        for record in await self._read("trends"):
            outcome.trends[record.value] = outcome.trends.get(record.value, 0) + 1
        for record in await self._read("alerts"):
            alert = decode(AlertRecord, record.value)
            assert outcome.alerts.setdefault(alert.id, alert) == alert
        return outcome

    async def _read(self, kafka_topic: str) -> list:
        consumer = self.settings.connection.consumer(
            self.settings.kafka_topic(kafka_topic), auto_offset_reset="earliest", max_poll_records=5000
        )
        await consumer.start()
        try:
            await consumer.seek_to_beginning()
            ends = await consumer.end_offsets(list(consumer.assignment()))
            records = []
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for fetched in (await consumer.getmany(timeout_ms=500)).values():
                    records += fetched
            return records
        finally:
            await consumer.stop()


def _keep_result(result: msgspec.Struct, trends: set[bytes], alerts: dict[str, AlertRecord]) -> None:
    if isinstance(result, TrendRecord):
        trends.add(encode(result))
    elif isinstance(result, AlertRecord):
        alerts[result.id] = result
    else:
        assert isinstance(result, Mention)


@pytest.fixture
def new_deployment(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator:
    """Makes one deployment with Kafka topics of its own."""
    made: list[Deployment] = []

    def make(kills: str = "", **changes: Any) -> Deployment:
        settings = Settings(
            broker=f"kafka://{kafka}",
            topic_prefix=topic_prefix,
            partitions=4,
            session_timeout_s=6.0,
            state_dir=tmp_path / "state",
            watchlist="crypto",
            idle_s=600.0,
        )
        settings = dataclasses.replace(settings, **changes)
        create(settings.connection, topic_specs(topic_prefix, settings.partitions))
        made.append(Deployment(settings, kills))
        return made[-1]

    yield make
    for deployment in made:
        deployment.stop()


def _documents(n_ordinary: int = 1500, seed: int = 7) -> Iterator[bytes]:
    """Four days of ordinary news, then a crisis at FTX within hours of ordinary news; two minutes out of order."""
    rng = random.Random(seed)
    days = 4.0
    entries: list[tuple[float, str, str]] = []
    for n in range(n_ordinary):
        at_s = rng.random() * days * 86_400
        name = "FTX" if n % 40 == 0 else rng.choice(NAMES)
        text = f"{name} {rng.choice(VERBS)} {rng.choice(PLACES)} {rng.choice(PLACES)} {rng.randrange(10_000)}"
        entries.append((at_s, text, f"outlet-{rng.randrange(12)}"))
    for n, trouble in enumerate(TROUBLES * 2):
        text = f"FTX {trouble} in {rng.choice(PLACES)} and {rng.choice(PLACES)}, {rng.randrange(10_000)} clients say"
        entries.append((days * 86_400 - 6 * 3600 + n * 240.0, text, f"outlet-{n % 12}"))
    for number, (at_s, text, source) in enumerate(sorted(entries, key=lambda entry: entry[0] + rng.random() * 120)):
        yield encode(
            Document(
                schema=1,
                id=f"d{number}",
                kind="news",
                source=source,
                published_at=START_AT + timedelta(seconds=at_s),
                text=text,
            )
        )


@pytest.fixture
def documents() -> Callable[..., Iterator[bytes]]:
    """Makes the documents that the deployments read."""
    return _documents
