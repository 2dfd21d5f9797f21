"""A role as a process that is measured: its rate from outside, its memory by the system.

What it has acknowledged is asked of the broker, so that a role cannot flatter itself.
"""

from __future__ import annotations

import http.client
import math
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kafka import TopicPartition
from kafka.admin import OffsetSpec

from pipeline.ports import free_port
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings, to_environment

DEADLINE_S = 600.0
POLL_S = 0.05


@dataclass(frozen=True)
class RoleFigures:
    """What a role did, between the first commit that was seen and its last acknowledgement."""

    role: str
    n_records: int  # in its Kafka topic
    records_per_s: float  # NaN where one commit covers all
    cpu_us: float  # of the process, all threads, for each record
    peak_mib: float = math.nan  # from the start on

    def row(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)


class RoleProcess:
    """Starts a role, watches its consumer group, ends it."""

    def __init__(self, role: Role, settings: Settings, command: Sequence[str]) -> None:
        self.role = role
        self._port = free_port()
        self._group = settings.group(role.value)
        n_partitions = 1 if role is Role.SURGES else settings.partitions
        self._partitions = [TopicPartition(settings.kafka_topic(role.inbound), n) for n in range(n_partitions)]
        environ = {**os.environ, **to_environment(replace(settings, http_port=self._port - role.number))}
        self._log = settings.state_dir / f"{settings.topic_prefix}{role.value}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([*command, role.value], env=environ, stdout=log, stderr=log)
        self._first: tuple[float, int, float] | None = None  # seconds, records and CPU seconds of the first commit

    def await_ready(self) -> None:
        """Return once it has its partitions and its state."""
        until_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < until_s:
            self._check_alive()
            try:
                status, _ = self._ask("/readyz")
            except OSError:  # not listening yet
                status = 0
            if status == 200:
                return
            time.sleep(POLL_S)
        raise TimeoutError(f"{self.role.value} was not ready within {DEADLINE_S:g} s")

    def poll(self, admin: Any) -> int:
        """Return how many records are acknowledged, and remember the first time that there were some."""
        self._check_alive()
        committed = admin.list_group_offsets({self._group: self._partitions}).get(self._group, {})
        n_done = int(sum(max(0, offset.offset) for offset in committed.values()))
        if n_done and self._first is None:
            self._first = (time.time(), n_done, self._measure("process_cpu_seconds_total"))
        return n_done

    def n_inbound(self, admin: Any) -> int:
        """Return how many records there are for it."""
        ends = admin.list_partition_offsets(dict.fromkeys(self._partitions, OffsetSpec.LATEST))
        return int(sum(end.offset for end in ends.values()))

    def figures(self, n_inbound: int) -> RoleFigures:
        """Return what was measured, once all is acknowledged."""
        if self._first is None:
            raise RuntimeError(f"{self.role.value} has acknowledged nothing")
        first_s, n_first, first_cpu_s = self._first
        n_timed = n_inbound - n_first
        if n_timed <= 0:  # all within the first commit
            return RoleFigures(self.role.value, n_inbound, math.nan, math.nan)
        cpu_us = 1e6 * (self._measure("process_cpu_seconds_total") - first_cpu_s) / n_timed
        return RoleFigures(self.role.value, n_inbound, n_timed / (self.last_progress() - first_s), cpu_us)

    def first_commit(self) -> tuple[float, int]:
        """Return when the first commit was seen, and how many records it covered."""
        if self._first is None:
            raise RuntimeError(f"{self.role.value} has acknowledged nothing")
        return self._first[:2]

    def last_progress(self) -> float:
        """Return when it was last done with a record, in seconds since 1970: commits are half a second apart."""
        return self._measure("finsurge_last_progress_timestamp_seconds")

    def total(self, name: str) -> float:
        """Return a metric, summed over its labels."""
        _, text = self._ask("/metrics")
        samples = [line.split() for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(sample[-1]) for sample in samples)

    def stop(self) -> float:
        """End it, and return the most memory that it ever held, in MiB."""
        if self._process.poll() is not None:  # it died, which is told where that is noticed
            return math.nan
        self._process.terminate()
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)

    def _measure(self, name: str) -> float:
        _, text = self._ask("/metrics")
        return next((float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} ")), math.nan)

    def _ask(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def _check_alive(self) -> None:
        if self._process.poll() is not None:
            said = self._log.read_text(errors="replace")[-1500:]
            raise RuntimeError(f"{self.role.value} ended with code {self._process.returncode}: {said}")


def settle(processes: Sequence[RoleProcess], admin: Any) -> list[int]:
    """Return, once each has acknowledged all there is, how many records each had.

    Acknowledgements are read before ends, in the order of the flow: a role that is done has sent all it will send.
    """
    until_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < until_s:
        done = [process.poll(admin) for process in processes]
        ends = [process.n_inbound(admin) for process in processes]
        if done == ends:
            return ends
        time.sleep(POLL_S)
    raise TimeoutError(f"not settled within {DEADLINE_S:g} s: acknowledged {done} of {ends}")


def python(script: str) -> list[str]:
    """Return the command that runs a file beside this one."""
    return [sys.executable, str(Path(__file__).with_name(script))]
