"""What the chart runs does run: its command lines and variables on a real Kafka, asked as its probes ask, ended as pods are."""  # fmt: skip  # noqa: E501

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.ports import free_ports

from .conftest import WORKLOADS, Object, environment_of, of_kind, pod_of

DEADLINE_S = 180.0
FIRST_PORT = 8600


class Container:
    """A container of the chart as a process of this machine."""

    def __init__(self, workload: Object, folder: Path, first_port: int) -> None:
        self._pod = pod_of(workload)
        (self._container,) = self._pod["containers"]
        self._first_port = first_port
        self._log = folder / "log"
        environ = environment_of(workload)
        environ |= {
            "FINSURGE_STATE_DIR": str(folder),
            "FINSURGE_HTTP_HOST": "127.0.0.1",
            "FINSURGE_HTTP_PORT": str(first_port),
        }
        if "FINSURGE_REGISTRY" in environ:
            environ["FINSURGE_REGISTRY"] = str(folder / "policies")
        folder.mkdir(parents=True)
        command = [sys.executable, "-m", "pipeline.cli", *self._container["args"]]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, env=os.environ | environ, stdout=log, stderr=log)

    def until(self, probe: str) -> None:
        """Return when a probe succeeds; fail if the process ends before."""
        get: dict[str, Any] = self._container[probe]["httpGet"]
        (port,) = [each["containerPort"] for each in self._container["ports"] if each["name"] == get["port"]]
        url = f"http://127.0.0.1:{port - FIRST_PORT + self._first_port}{get['path']}"
        until_s, answer = time.monotonic() + DEADLINE_S, ""
        while time.monotonic() < until_s and self.process.poll() is None:
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return
            except urllib.error.HTTPError as error:
                answer = error.read().decode()
            except OSError:
                answer = "nobody listens"
            time.sleep(0.3)
        raise AssertionError(f"{self._container['args']}: {probe}: {answer}: {self._log.read_text()[-2000:]}")

    def end(self) -> int:
        """End it as a pod is ended, and return its exit code."""
        self.process.terminate()
        return self.process.wait(self._pod["terminationGracePeriodSeconds"])


@pytest.fixture
def containers(tmp_path) -> Iterator[dict[str, Container]]:
    started: dict[str, Container] = {}
    yield started
    for container in started.values():
        if container.process.poll() is None:
            container.process.kill()
            container.process.wait()


@pytest.mark.kafka
@pytest.mark.timeout(400)
def test_every_component_starts_is_ready_and_ends(kafka, topic_prefix, rendered, tmp_path, containers):
    changes = (
        f'kafka={{"broker": "kafka://{kafka}", "topicPrefix": "{topic_prefix}", "partitions": 2}}',
        "learner.enabled=true",
        "exporter.enabled=true",
        'registry.claim="policies"',
    )  # fmt: skip
    objects = rendered("default", *changes)
    job, check = of_kind(objects, "Job")["topics"], of_kind(objects, "Pod")["topics"]
    for workload in (job, check):
        first = Container(workload, tmp_path / workload["kind"], free_ports(12))
        assert first.process.wait(DEADLINE_S) == 0, (tmp_path / workload["kind"] / "log").read_text()

    first_port = free_ports(12)
    for name, workload in of_kind(objects, *WORKLOADS).items():
        containers[name] = Container(workload, tmp_path / name, first_port)
    assert containers.keys() == {"read", "link", "trends", "surges", "notify", "feedback", "learner", "exporter"}
    for container in containers.values():
        container.until("startupProbe")
    for container in containers.values():
        container.until("readinessProbe")
        container.until("livenessProbe")
    assert {name: container.end() for name, container in containers.items()} == dict.fromkeys(containers, 0)
