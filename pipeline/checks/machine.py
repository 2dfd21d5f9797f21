"""This machine: Python, Faust, Java, the clock, the state folder, the ports."""

from __future__ import annotations

import errno
import json
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from importlib.metadata import version
from pathlib import Path

from pipeline.broker.jars import KafkaUnavailable, find_tools
from pipeline.checks.check import Check, Level
from pipeline.settings import Settings

MIN_PYTHON = (3, 11)
MIN_FREE_BYTES = 1 << 30  # a role's state and a local Kafka's segments of some days
_PROBE_BYTES = 1 << 20
_TIMEOUT_S = 2.0


def check_python(settings: Settings) -> Iterator[Check]:  # noqa: ARG001
    """Say which Python runs this, and whether it is new enough."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < MIN_PYTHON:
        yield Check("python", Level.FAIL, f"{found} is older than 3.11; make setup PYTHON=python3.11")
    else:
        yield Check("python", Level.OK, found)


def check_faust(settings: Settings) -> Iterator[Check]:  # noqa: ARG001
    """Say whether Faust is the release whose private method is overridden."""
    from pipeline.roles.consumer import GUARDED_VERSION

    found = version("faust-streaming")
    if found == GUARDED_VERSION:
        yield Check("faust", Level.OK, f"faust-streaming {found}")
    else:
        mend = f"pip install faust-streaming=={GUARDED_VERSION}"
        yield Check("faust", Level.FAIL, f"faust-streaming {found} is not the guarded {GUARDED_VERSION}; {mend}")


def check_java(settings: Settings) -> Iterator[Check]:  # noqa: ARG001
    """Say whether `finsurge kafka` could run; only a warning, for most have a Kafka elsewhere."""
    try:
        java, maven = find_tools()
    except KafkaUnavailable as reason:
        yield Check("java", Level.WARN, f"`finsurge kafka` cannot run: {reason}")
    else:
        yield Check("java", Level.OK, f"{java}, {maven}")


def check_clock(settings: Settings) -> Iterator[Check]:  # noqa: ARG001
    """Say whether the clock can be right: later than the files that are running."""
    written_at = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    now = datetime.now(UTC)
    if now < written_at:
        problem = f"it says {now:%Y-%m-%d %H:%M} UTC, before finsurge was installed ({written_at:%Y-%m-%d %H:%M})"
        yield Check("clock", Level.FAIL, f"{problem}; set it, and keep it by NTP")
    else:
        yield Check("clock", Level.OK, f"{now:%Y-%m-%d %H:%M:%S} UTC")


def check_state_dir(settings: Settings) -> Iterator[Check]:
    """Say whether the state folder, or the one it would be made in, takes a file, and what room there is."""
    folder = settings.state_dir.absolute()
    existing = next(above for above in (folder, *folder.parents) if above.exists())
    mend = "set FINSURGE_STATE_DIR to a folder that can be written"
    try:
        with tempfile.TemporaryFile(dir=existing) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
        free_bytes = shutil.disk_usage(existing).free
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        yield Check("state_dir", Level.FAIL, f"cannot write to {existing}: {reason}; {mend}")
        return
    room = f"{folder}, {free_bytes / (1 << 30):.1f} GiB free"
    if free_bytes < MIN_FREE_BYTES:
        yield Check("state_dir", Level.WARN, f"{room}; make room before it is full")
    else:
        yield Check("state_dir", Level.OK, room)


def check_ports(settings: Settings) -> Iterator[Check]:
    """Say of each role whether its port is free, or its own already."""
    from pipeline.roles.faust_app import Role

    for role in Role:
        name, port = f"port {role.value}", settings.http_port + role.number
        reason = _why_not_free(settings.http_host, port)
        if reason is None:
            yield Check(name, Level.OK, f"{port} is free")
        elif reason == errno.EADDRINUSE and _is_ours(settings.http_host, port):
            yield Check(name, Level.OK, f"{port} is served by a finsurge worker")
        elif reason == errno.EADDRINUSE:
            mend = "stop what listens there, or set FINSURGE_HTTP_PORT to another"
            yield Check(name, Level.FAIL, f"{port} on {settings.http_host} is taken; {mend}")
        else:
            mend = "set FINSURGE_HTTP_HOST to an address of this machine and FINSURGE_HTTP_PORT above 1023"
            yield Check(name, Level.FAIL, f"cannot listen on {settings.http_host}:{port}; {mend}")


def _why_not_free(host: str, port: int) -> int | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # as the worker does: a port that only waits out old connections is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.errno or -1
    return None


def _is_ours(host: str, port: int) -> bool:
    connection = HTTPConnection(host, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        answer = json.loads(connection.getresponse().read(65_536))
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return isinstance(answer, dict) and set(answer) == {"ok", "reasons"}
