"""A finsurge on the real Kafka, as it is deployed, under load, and a real Prometheus that scrapes it."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import CollectorRegistry

from pipeline.broker.topics import create, topic_specs
from pipeline.learner.drift import DriftWatch, WatchedDecision
from pipeline.learner.metrics import LearnerMetrics
from pipeline.ports import free_port, free_ports
from pipeline.records import Document, encode
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings, to_environment

ROOT = Path(__file__).resolve().parents[3]
WORKER = ROOT / "tests" / "pipeline" / "kafka" / "keyword_worker.py"
PATIENCE_S = 60.0
START_AT = datetime(2026, 3, 1, tzinfo=UTC)
PORTS = {**{role.value: role.number for role in Role}, "learner": 9, "feedback": 10, "exporter": 11}
ANALYSTS = ("ada", "bob", "cy")

NAMES = ("Binance", "Coinbase", "Kraken", "Gemini", "Celsius", "BlockFi", "Tether", "Solana", "Ethereum", "Ripple")
VERBS = ("opens office in", "hires chief for", "talks to regulator of", "lists token from", "wins licence in")
PLACES = ("Texas", "Malta", "Dubai", "Seoul", "Tokyo", "Lagos", "Zug", "Paris", "Lima", "Oslo", "Perth", "Doha")
TROUBLES = ("halts withdrawals", "faces fraud probe", "loses auditor after crash", "admits loss of funds",
            "is hacked", "files for bankruptcy", "misses payment to bank", "collapse feared by traders")  # fmt: skip


def documents(n_ordinary: int = 700) -> Iterator[Document]:
    """Four days of ordinary news, and a crisis at FTX six hours before their end."""
    rng = random.Random(7)
    end_s = 4 * 86_400.0
    entries = []
    for n in range(n_ordinary):
        name = "FTX" if n % 40 == 0 else rng.choice(NAMES)
        text = f"{name} {rng.choice(VERBS)} {rng.choice(PLACES)} {rng.choice(PLACES)} {rng.randrange(10_000)}"
        entries.append((rng.random() * end_s, text))
    for n in range(24):
        text = f"FTX {TROUBLES[n % 8]} in {rng.choice(PLACES)} and {rng.choice(PLACES)}, {rng.randrange(10_000)} say"
        entries.append((end_s - 6 * 3600 + n * 240.0, text))
    for number, (at_s, text) in enumerate(sorted(entries)):
        at = START_AT + timedelta(seconds=at_s)
        source = f"outlet-{rng.randrange(12)}"
        yield Document(schema=1, id=f"d{number}", kind="news", source=source, published_at=at, text=text)


@dataclass
class Observed:
    """What a test sees: where Prometheus and the exporter's pages answer, and since when there is data."""

    settings: Settings
    url: str
    pages: str
    began_s: float
    logs: Callable[[], str]

    def until(self, is_so: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
        """Return once that is so; processes and a scrape have nothing else to wait on."""
        until_s = time.monotonic() + patience_s
        while not is_so():
            assert time.monotonic() < until_s, f"{what}: not within {patience_s:g} s\n{self.logs()}"
            threading.Event().wait(0.5)


class Deployment:
    """The processes, each with a log."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self._folder = folder
        self._environ = {**os.environ, **to_environment(settings), "PYTHONPATH": str(ROOT)}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, command: Sequence[str]) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            started = subprocess.Popen(
                command, env=self._environ, cwd=self._folder, stdout=log, stderr=log, start_new_session=True
            )
        self._processes.append(started)

    def start_role(self, role: Role) -> None:
        self.start(role.value, [sys.executable, str(WORKER), role.value])

    def start_command(self, name: str) -> None:
        self.start(name, [sys.executable, "-m", "pipeline.cli", name])

    def stop(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def logs(self) -> str:
        return "\n".join(f"== {file.stem}\n{file.read_text()[-1500:]}" for file in self._folder.glob("*.log"))

    def metrics(self, name: str) -> str:
        """Return a process's page of metrics; empty while it does not answer."""
        port = self.settings.http_port + PORTS[name]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def value(self, name: str, sample: str) -> float:
        """Return what a process says of a sample, by its name and labels; 0 if nothing."""
        lines = [line for line in self.metrics(name).splitlines() if line.startswith(sample + " ")]
        return float(lines[0].rsplit(" ", 1)[1]) if lines else 0.0

    def publish(self, kafka_topic: str, values: Sequence[tuple[bytes, bytes]]) -> None:
        asyncio.run(self._publish(kafka_topic, values))

    async def _publish(self, kafka_topic: str, values: Sequence[tuple[bytes, bytes]]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.bootstrap, acks="all", linger_ms=5)
        await producer.start()
        try:
            name = self.settings.kafka_topic(kafka_topic)
            await asyncio.gather(*[await producer.send(name, value, key=key) for key, value in values])
        finally:
            await producer.stop()


class Taking(http.server.BaseHTTPRequestHandler):
    """A webhook that takes everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def drift_of_weeks(settings: Settings) -> None:
    """Leave what a learner has on disk that has watched for seven weeks, in which nothing changed."""
    folder = settings.state_dir / "learner"
    folder.mkdir(parents=True)
    watch = DriftWatch(folder / "drift.json", LearnerMetrics(CollectorRegistry()))
    for day in range(48):
        at = START_AT - timedelta(days=50 - day)
        label = (0.1 + day % 3 / 100, 0.8, 0.1 - day % 3 / 100)
        watch.read(
            [WatchedDecision(at + timedelta(seconds=300 * n), "news", label, [], "p-1") for n in range(210)], {}
        )
    watch.save()


def correction(number: int, document_id: str, **changes: object) -> tuple[bytes, bytes]:
    said = {
        "schema": 1, "id": f"c-{number}", "document_id": document_id, "analyst": ANALYSTS[number % 3],
        "verdict": "confirm", "corrected_at": datetime.now(UTC).isoformat(), **changes,
    }  # fmt: skip
    return document_id.encode(), msgspec.json.encode(said)


@pytest.fixture(scope="session")
def observed(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """The deployment, once documents flow through it, an episode is open, and corrections have become rounds."""
    binary = shutil.which("prometheus")
    if binary is None:
        why = "no Prometheus on the path: apt-get install prometheus"
        pytest.fail(why, pytrace=False) if os.environ.get("CI") else pytest.skip(why)
    folder = tmp_path_factory.mktemp("observed")
    (folder / "analysts.yaml").write_text(json.dumps({"analysts": [{"id": name} for name in ANALYSTS]}))
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    settings = Settings(
        broker=f"kafka://{kafka}",
        topic_prefix=f"t{os.getpid()}-",
        partitions=2,
        session_timeout_s=6.0,
        state_dir=folder / "state",
        watchlist="crypto",
        idle_s=600.0,
        http_port=free_ports(12),
        analysts=folder / "analysts.yaml",
        review_uniform=0.2,
        correction_wait_s=1.0,
        webhook_url=f"http://127.0.0.1:{hook.server_address[1]}/",
    )
    create(settings.connection, topic_specs(settings.topic_prefix, settings.partitions))
    drift_of_weeks(settings)
    deployment = Deployment(settings, folder)
    port = free_port()
    try:
        for role in Role:
            deployment.start_role(role)
        for name in ("exporter", "feedback"):
            deployment.start_command(name)
        _start_prometheus(deployment, binary, port, folder)
        found = Observed(
            settings,
            f"http://127.0.0.1:{port}",
            f"http://127.0.0.1:{settings.http_port + PORTS['exporter']}",
            time.time(),
            deployment.logs,
        )
        _load(deployment, found)
        yield found
    finally:
        deployment.stop()
        hook.shutdown()
        hook.server_close()


def _load(deployment: Deployment, observed: Observed) -> None:
    values = list(documents())
    ready = [*(role.value for role in Role), "exporter", "feedback"]
    observed.until(lambda: all(deployment.value(name, "finsurge_is_ready") for name in ready), "all are ready")
    deployment.publish("documents", [(each.id.encode(), encode(each)) for each in values[:-40]])
    deployment.publish("documents", [(b"bad", b"no document")])
    deployment.publish("documents", [(each.id.encode(), encode(replace_id(each))) for each in values[:20]])
    deployment.publish("documents", [(each.id.encode(), encode(each)) for each in values[-40:]])
    opened = 'finsurge_alerts_total{transition="opened"}'
    observed.until(lambda: deployment.value("surges", opened) > 0, "an episode opens")
    confirmed = [correction(number, values[number].id) for number in range(45)]
    crisis = next(each.id for each in values if each.text.startswith("FTX is hacked"))
    right = {"sentiment": "neutral", "mentions": [{"surface": "FTX", "sentiment": "neutral", "is_everywhere": True}]}
    corrected = correction(100, crisis, verdict="correct", labels=right)
    deployment.publish("corrections", [*confirmed, corrected, correction(200, values[0].id, analyst="eve")])
    counted = 'finsurge_feedback_corrections_total{verdict="correct"}'
    observed.until(lambda: deployment.value("feedback", counted) > 0, "corrections become rounds")
    deployment.start_command("learner")
    answers = 'finsurge_analyst_answers_total{analyst="ada"}'
    observed.until(lambda: deployment.value("learner", answers) > 0, "the learner knows the analysts")


def replace_id(document: Document) -> Document:
    """Return the same news by another outlet."""
    return msgspec.structs.replace(document, id=f"{document.id}-again", source="copyist")


def _start_prometheus(deployment: Deployment, binary: str, port: int, folder: Path) -> None:
    targets = {name: f"127.0.0.1:{deployment.settings.http_port + offset}" for name, offset in PORTS.items()}
    config = {  # JSON is YAML
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s", "external_labels": {"runbooks": ""}},
        "rule_files": [str(ROOT / "deploy" / "prometheus" / "rules" / "*.yaml")],
        "scrape_configs": [{"job_name": "finsurge", "static_configs": [{"targets": list(targets.values())}]}],
    }
    (folder / "prometheus.json").write_text(json.dumps(config))
    deployment.start("prometheus", [
        binary, f"--config.file={folder / 'prometheus.json'}", f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ])  # fmt: skip
