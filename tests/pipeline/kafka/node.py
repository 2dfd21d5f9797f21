"""One process of Kafka with settings of the test's own, for clusters and for what a broker may demand."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pipeline.broker.connection import BrokerUnavailable, Connection
from pipeline.broker.jars import KafkaJars, KafkaUnavailable, deploy_folder, find_tools

CLUSTER = "finsurgeTestClusterAAA"
"""An id as Kafka wants it: 22 characters of base64."""
_POLL_S = 0.3


def await_reached(connection: Connection, within_s: float) -> None:
    """Return when a Kafka takes the connection."""
    until_s = time.monotonic() + within_s
    while True:
        try:
            return connection.reach(5.0)
        except BrokerUnavailable:
            if time.monotonic() > until_s:
                raise
            time.sleep(_POLL_S)


class Node:
    """A process on loopback, which keeps its data when it is killed and started again.

    Args:
        home: its folder.
        cache: where the class path of Kafka is remembered.
        properties: all of server.properties.
        users: who may log in by SCRAM-SHA-512, with their passwords.
    """

    def __init__(self, home: Path, cache: Path, properties: str, users: dict[str, str] | None = None) -> None:
        self._java = _java(cache)
        self._home = home
        self._properties = properties
        self._users = users or {}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, with the data that it had."""
        file = self._home / "server.properties"
        if not file.exists():
            self._home.mkdir(parents=True, exist_ok=True)
            file.write_text(self._properties, encoding="utf-8")
            tool = [*self._java, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(file)]
            for user, password in self._users.items():
                tool += ["--add-scram", f"SCRAM-SHA-512=[name={user},password={password}]"]
            subprocess.run(tool, cwd=self._home, check=True, capture_output=True)
        with (self._home / "kafka.log").open("ab") as log:
            command = [*self._java, "kafka.Kafka", str(file)]
            self._process = subprocess.Popen(command, cwd=self._home, stdout=log, stderr=log, start_new_session=True)

    def kill(self) -> None:
        """Kill it without a word, if it runs."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None


def _java(cache: Path) -> list[str]:
    try:
        java, maven = find_tools()
        classpath = KafkaJars(cache).classpath(maven)
    except KafkaUnavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"the tests on a real Kafka must run in CI: {reason}", pytrace=False)
        pytest.skip(f"left out: {reason}")
    options = ["-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    return [java, *options, f"-Dlog4j2.configurationFile={deploy_folder() / 'log4j2.properties'}", "-cp", classpath]
