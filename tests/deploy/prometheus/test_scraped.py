"""The rules in a real Prometheus, which scrapes what the processes' own code shows."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from prometheus_client import CollectorRegistry

from pipeline.exporter.collector import Shown, TopicCollector
from pipeline.feedback.metrics import FeedbackMetrics
from pipeline.health import HealthServer
from pipeline.learner.metrics import LearnerMetrics
from pipeline.metrics import Metrics
from pipeline.metrics.outcomes import DeliveryOutcome, DocumentOutcome
from pipeline.metrics.vitals import Vitals
from pipeline.ports import free_port
from rl.analysts.guard import GuardReason

RULES = sorted((Path(__file__).resolve().parents[3] / "deploy" / "prometheus" / "rules").glob("*.yaml"))
PATIENCE_S = 60.0
RUNBOOKS = "https://git.example.com/finsurge/blob/main/"


class Deployment:
    """Eight processes' metrics, without the processes."""

    def __init__(self, folder: Path) -> None:
        self.roles = {name: Metrics(CollectorRegistry()) for name in ("read", "link", "trends", "surges", "notify")}
        self.spare = Metrics(CollectorRegistry())  # another read, which has seen no document
        self.learner = LearnerMetrics(CollectorRegistry())
        self.feedback = FeedbackMetrics(CollectorRegistry())
        registries = [(name, metrics.registry) for name, metrics in self.roles.items()]
        registries += [("read", self.spare.registry), ("learner", self.learner.registry)]
        exporter = CollectorRegistry()
        self.exporter = TopicCollector(exporter)
        registries += [("feedback", self.feedback.registry), ("exporter", exporter)]
        self.servers = []
        for name, registry in registries:
            Vitals(registry, name, "dev-", folder, stuck=list, unready=list)
            self.servers.append(HealthServer(registry, stuck=list, unready=list, port=0))

    def work(self) -> None:
        """Go on as a healthy deployment does on a stream that is two years old."""
        now = datetime.now(UTC)
        delay = timedelta(days=730)
        for metrics in self.roles.values():
            metrics.set_windows(bin_s=300, disorder_s=120)
            metrics.set_lag("dev-documents", 0, 0)
            metrics.set_lag_age(0.0)
            metrics.progress(now)
        read = self.roles["read"]
        read.count_documents(DocumentOutcome.DECIDED, 20)
        read.observe_batch(n_documents=20, padding_ratio=0.1, policy_s=0.2, queue_age_s=0.02)
        read.set_stream_delay(delay.total_seconds())
        read.set_policy(version="p-1", device="cpu", precision="bf16")
        read.set_promoted(now - timedelta(days=3))
        self.spare.set_policy(version="p-1", device="cpu", precision="bf16")
        for name in ("link", "trends", "surges"):
            self.roles[name].set_watermark(0, now - delay - timedelta(seconds=120))
        self.roles["link"].count_mentions(30)
        notify = self.roles["notify"]
        for receiver in ("log", "desk"):
            notify.count_delivery(receiver, DeliveryOutcome.DELIVERED)
            notify.observe_delivery(receiver, 0.2)
        notify.set_waiting("log", 0, None)
        notify.set_waiting("desk", 1, now)
        self.learner.read(now)
        self.learner.set_wanted(200)
        self.learner.set_fresh({GuardReason.COUNTED: 40})
        self.feedback.step(now)
        self.exporter.show(Shown(at=now - delay - timedelta(seconds=120)))


@pytest.fixture
async def deployment(tmp_path: Path) -> AsyncIterator[Deployment]:
    made = Deployment(tmp_path)
    made.roles["notify"].add_receiver("log")
    made.roles["notify"].add_receiver("desk")
    async with AsyncExitStack() as servers:
        for server in made.servers:
            await servers.enter_async_context(server)
        yield made


@asynccontextmanager
async def scraping(program: str, folder: Path, ports: list[int]) -> AsyncIterator[Callable[..., Any]]:
    """Run a Prometheus that looks each second, and yield what asks its API."""
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s", "external_labels": {"runbooks": RUNBOOKS}},
        "rule_files": [str(file) for file in RULES],
        "scrape_configs": [
            {"job_name": "any", "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}]}
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address={address}"], stdout=log, stderr=log)
    try:
        async with aiohttp.ClientSession() as session:

            async def ask(path: str, **parameters: str) -> Any:
                assert process.poll() is None, (folder / "prometheus.log").read_text()
                async with session.get(f"http://{address}/api/v1/{path}", params=parameters) as answer:
                    return json.loads(await answer.text())["data"]

            yield ask
    finally:
        process.terminate()
        process.wait(20)


async def until(holds: Callable[[], Any], beside: Callable[[], None]) -> Any:
    """Return the first true answer; `beside` goes on meanwhile, as often as Prometheus looks."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            beside()
            try:
                if answer := await holds():
                    return answer
            except aiohttp.ClientError:
                pass  # it is starting
            await asyncio.sleep(1.0)


async def test_every_rule_can_be_asked_of_what_processes_show(
    prometheus: str, deployment: Deployment, tmp_path: Path
) -> None:
    async with scraping(prometheus, tmp_path, [server.port for server in deployment.servers]) as ask:
        recorded: dict[str, Any] = {}

        async def all_recorded() -> bool:
            missing = []
            for group in (await ask("rules"))["groups"]:
                for rule in group["rules"]:
                    assert rule["health"] != "err", f"{rule['name']}: {rule['lastError']}"
                    if rule["type"] == "recording":
                        recorded[rule["name"]] = (await ask("query", query=rule["name"]))["result"]
                        missing += [] if recorded[rule["name"]] else [rule["name"]]
            return bool(recorded) and not missing

        try:
            await until(all_recorded, deployment.work)
        except TimeoutError:
            pytest.fail(f"nothing is recorded of {[name for name, found in recorded.items() if not found]}")

        [delay] = recorded["deployment:finsurge_stream_delay_seconds:min"]
        assert (delay["metric"]["deployment"], float(delay["value"][1])) == ("dev-", 730 * 86_400.0)
        lags = {each["metric"]["process"]: each for each in recorded["process:finsurge_event_time_lag:seconds"]}
        assert set(lags) == {"link", "trends", "surges"}
        # the disorder, and what passes between setting, scraping and looking
        assert all(110 < float(each["value"][1]) < 180 for each in lags.values())
        assert [float(each["value"][1]) for each in recorded["deployment:finsurge_fresh:bool"]] == [1.0]
        counts = {
            each["metric"]["process"]: each["value"][1] for each in recorded["process:finsurge_process_info:count"]
        }
        assert (counts["read"], counts["notify"]) == ("2", "1")
        alerts = {alert["labels"]["alertname"] for alert in (await ask("alerts"))["alerts"]}
        assert alerts <= {"FinsurgeDiskLow", "FinsurgeDiskFull"}  # of this machine

        deployment.roles["trends"].count_gap("dev-documents")
        [alert] = await until(lambda: firing(ask, "FinsurgeGap"), deployment.work)
        assert (alert["labels"]["deployment"], alert["labels"]["process"]) == ("dev-", "trends")
        assert alert["annotations"]["runbook_url"] == f"{RUNBOOKS}docs/runbooks/alerts/FinsurgeGap.md"


async def firing(ask: Callable[..., Any], name: str) -> list[Any]:
    """Return the alerts of this name that fire now."""
    alerts = (await ask("alerts"))["alerts"]
    return [alert for alert in alerts if (alert["labels"]["alertname"], alert["state"]) == (name, "firing")]
