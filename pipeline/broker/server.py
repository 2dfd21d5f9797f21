"""A single-node Apache Kafka in a folder: started, found again by another process, stopped.

Owns the folder: settings, data, log, pid file. Knows no Kafka topic of finsurge.
"""

from __future__ import annotations

import base64
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from pipeline.broker.connection import BrokerUnavailable, Connection
from pipeline.broker.detached import DetachedProcess
from pipeline.broker.jars import KafkaJars, KafkaUnavailable, deploy_folder, find_tools
from pipeline.ports import free_port

__all__ = ["KafkaServer", "KafkaStatus", "KafkaUnavailable", "temporary_kafka"]

_LISTENER = "advertised.listeners=PLAINTEXT://"
_POLL_S = 0.1


@dataclass(frozen=True)
class KafkaStatus:
    """Whether the server of a folder runs, and where.

    >>> KafkaStatus(pid=None, bootstrap="127.0.0.1:9092", home=Path("k")).is_running
    False
    """

    pid: int | None
    bootstrap: str
    home: Path

    @property
    def is_running(self) -> bool:
        """Whether its process is alive."""
        return self.pid is not None


class KafkaServer:
    """The Kafka whose settings, data and log are in `home`; data survive stop and start.

    Args:
        home: Folder of this server alone.
        port: Where it listens on 127.0.0.1; 0 picks a free one and keeps it for this object's life.
        version: A Kafka other than the one pinned in `deploy/kafka/pom.xml`.
        cache: Where the resolved class path is remembered; `home` by default.
        heap_mb: Java's heap.

    >>> import tempfile
    >>> server = KafkaServer(Path(tempfile.mkdtemp()), port=9092)
    >>> server.bootstrap, server.status().is_running, server.stop()
    ('127.0.0.1:9092', False, False)
    """

    def __init__(
        self,
        home: Path,
        port: int = 0,
        *,
        version: str | None = None,
        cache: Path | None = None,
        heap_mb: int = 512,
    ) -> None:
        if not 0 <= port < 65536:
            raise ValueError(f"port must be between 0 and 65535, got {port}")
        if heap_mb < 128:
            raise ValueError(f"heap_mb must be >= 128, got {heap_mb}")
        self.home = home.resolve()
        self.port = port or free_port()
        self.log = self.home / "kafka.log"
        self._properties = self.home / "server.properties"
        self._jars = KafkaJars(cache or self.home, version)
        self._heap_mb = heap_mb
        marks = ("kafka.Kafka", str(self._properties))
        self._process = DetachedProcess(self.home / "kafka.pid", marks)

    @property
    def connection(self) -> Connection:
        """The way to it."""
        return Connection(self.bootstrap)

    @property
    def bootstrap(self) -> str:
        """The address that clients take."""
        return f"127.0.0.1:{self.port}"

    def start(self, deadline_s: float = 60.0) -> KafkaStatus:
        """Start the server and return once it takes requests; a running one is left as it is.

        Raises:
            KafkaUnavailable: Java, Maven, the jars or the port cannot be had, or the server ended or hung.
        """
        running = self.status()
        if running.is_running:
            if running.bootstrap == self.bootstrap:
                return running
            where = f"already runs at {running.bootstrap}, not {self.bootstrap}"
            raise KafkaUnavailable(f"the Kafka of {self.home} {where}: stop it first")
        java, maven = find_tools()
        self._check_port()
        self._write_properties()
        command = [java, f"-Xmx{self._heap_mb}m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"]
        command.append(f"-Dlog4j2.configurationFile={deploy_folder() / 'log4j2.properties'}")
        command += ["-cp", self._jars.classpath(maven)]
        if not (self.home / "data" / "meta.properties").is_file():
            self._format(command)
        printed = self.log.stat().st_size if self.log.exists() else 0
        self._process.start([*command, "kafka.Kafka", str(self._properties)], cwd=self.home, log=self.log)
        self._await_ready(time.monotonic() + deadline_s, printed)
        return self.status()

    def status(self) -> KafkaStatus:
        """Return whether the server runs, whoever started it."""
        pid = self._process.pid()
        return KafkaStatus(pid, self.bootstrap if pid is None else self._started_at(), self.home)

    def stop(self, grace_s: float = 30.0) -> bool:
        """End the server, by force after `grace_s` (0 kills at once), and return whether it ran."""
        return self._process.stop(grace_s)

    def _check_port(self) -> None:
        with socket.socket() as probe:
            # As Java does: a port that only waits out old connections is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                mend = "free it, or choose another port"
                raise KafkaUnavailable(f"port {self.port} of 127.0.0.1 cannot be had, {why}: {mend}") from None

    def _write_properties(self) -> None:
        template = (deploy_folder() / "server.properties.template").read_text(encoding="utf-8")
        while (controller_port := free_port()) == self.port:
            pass
        filled = Template(template).substitute(port=self.port, controller_port=controller_port)
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self._properties.write_text(filled, encoding="utf-8")
        except OSError as error:
            raise KafkaUnavailable(f"cannot write to {self.home}: {(error.strerror or '').lower()}") from None

    def _format(self, java: list[str]) -> None:
        # An id that began with a dash would be read as an option.
        cluster = "k" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:].rstrip("=")
        command = [*java, "kafka.tools.StorageTool", "format", "--cluster-id", cluster]
        ended = subprocess.run(  # noqa: S603 -- java as found on the path
            [*command, "--config", str(self._properties)],
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            said = (ended.stderr.strip() or ended.stdout.strip() or "no reason given").splitlines()[-1]
            raise KafkaUnavailable(f"cannot prepare {self.home / 'data'}: {said[:300]}")

    def _await_ready(self, deadline: float, printed: int) -> None:
        while self._process.pid() is not None:
            try:
                self.connection.reach(1.0)
                with self.connection.admin(max(1.0, deadline - time.monotonic())) as client:
                    client.describe_cluster()
            except BrokerUnavailable:
                if time.monotonic() > deadline:
                    self.stop(grace_s=5.0)
                    raise KafkaUnavailable(f"kafka did not answer in time; see {self.log}") from None
                time.sleep(_POLL_S)
            else:
                return
        raise KafkaUnavailable(f"kafka ended before it answered: {self._complaint(printed)}; see {self.log}")

    def _complaint(self, printed: int) -> str:
        lines = self.log.read_bytes()[printed:].decode("utf-8", "replace").splitlines()
        bad = [line for line in lines if " ERROR " in line or " FATAL " in line or "Exception" in line]
        return (bad or lines or ["it printed nothing"])[0].strip()[:300]

    def _started_at(self) -> str:
        lines = self._properties.read_text(encoding="utf-8").splitlines()
        return next(line.removeprefix(_LISTENER) for line in lines if line.startswith(_LISTENER))


@contextmanager
def temporary_kafka(
    home: Path | None = None, *, version: str | None = None, cache: Path | None = None
) -> Iterator[KafkaServer]:
    """Give a fresh running Kafka on free ports; it ends with the block, or with this process if that is killed.

    Raises:
        KafkaUnavailable: as `KafkaServer.start`.
    """
    with TemporaryDirectory(prefix="finsurge-kafka-", ignore_cleanup_errors=True) as folder:
        server = KafkaServer(home or Path(folder), version=version, cache=cache)
        with server._process.bound_to_this_process():
            server.start()
            yield server
