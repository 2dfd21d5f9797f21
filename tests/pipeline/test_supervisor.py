from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.roles.faust_app import Role
from pipeline.settings import Settings, to_environment
from pipeline.supervisor import EXIT_MISTAKE, run_roles, start_role, stop_all

NOBODY = "kafka://127.0.0.1:1"  # a port that only root could listen on
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


@pytest.fixture
def signals() -> Iterator[None]:
    """Put back the handlers that the supervisor replaces."""
    held = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in held.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals", "logging_put_back")
def test_when_a_role_ends_by_itself_the_worker_ends_with_its_code(tmp_path: Path) -> None:
    settings = Settings(broker=NOBODY, state_dir=tmp_path)
    assert run_roles(settings, [Role.LINK, Role.SURGES]) == EXIT_MISTAKE


def test_what_a_role_prints_can_go_to_a_file(tmp_path: Path) -> None:
    environ = {**os.environ, **to_environment(Settings(broker=NOBODY, state_dir=tmp_path))}
    with (tmp_path / "log").open("wb") as log, start_role(Role.LINK, environ, log) as process:
        assert process.wait(60) == EXIT_MISTAKE
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert "no Kafka at 127.0.0.1:1" in line


def test_a_process_that_does_not_end_when_asked_is_killed() -> None:
    stubborn = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    with stubborn, ended:
        assert stubborn.stdout is not None
        assert stubborn.stdout.readline() == b"up\n"
        ended.wait(60)
        stop_all([stubborn, ended], deadline_s=0.1)
        assert (stubborn.returncode, ended.returncode) == (-signal.SIGKILL, 0)
