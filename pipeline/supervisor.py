"""A process for each role; when one ends, the others are ended and the whole with it.

Restarting is the orchestrator's work: what was not acknowledged comes again.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import IO

from pipeline.logs.setup import set_up_logs
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings, child_environment

log = logging.getLogger(__name__)
STOP_DEADLINE_S = 20.0
EXIT_MISTAKE = 2
"""How a role ends that has told the user's mistake in one line; there is nothing to add."""


def run_roles(settings: Settings, roles: Sequence[Role]) -> int:
    """Run the roles until one ends or a signal comes, and return the exit code: 0 only after a signal."""
    set_up_logs(settings, "worker")
    environ = child_environment(settings, os.environ)
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    processes = {role: start_role(role, environ) for role in roles}
    try:
        while not asked:
            ended = {role: code for role, process in processes.items() if (code := process.poll()) is not None}
            if ended:
                unexplained = {role: code for role, code in ended.items() if code != EXIT_MISTAKE}
                for role, code in unexplained.items():
                    log.error("role %s ended with code %s: ending the worker", role.value, code)
                return next((code for code in ended.values() if code > 0), 1)
            time.sleep(0.2)
        return 0
    finally:
        stop_all(list(processes.values()))


def stop_all(processes: Sequence[subprocess.Popen[bytes]], deadline_s: float = STOP_DEADLINE_S) -> None:
    """Ask processes to end, and kill those that have not by the deadline."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    until_s = time.monotonic() + deadline_s
    for process in processes:
        try:
            process.wait(max(0.1, until_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def start_role(role: Role, environ: Mapping[str, str], output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """Start a process for the role; what it prints goes to `output`, or where this process prints."""
    return _start(["worker", "--roles", role.value], environ, output)


def start_command(name: str, environ: Mapping[str, str], output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """Start a process for another command that runs until it is stopped, such as `learner`; as `start_role`."""
    return _start([name], environ, output)


def _start(arguments: Sequence[str], environ: Mapping[str, str], output: IO[bytes] | None) -> subprocess.Popen[bytes]:
    # a session of its own, so that Ctrl-C in a terminal reaches the supervisor alone, which then stops them in order
    command = [sys.executable, "-m", "pipeline.cli", *arguments]
    return subprocess.Popen(command, env=environ, start_new_session=True, stdout=output, stderr=output)  # noqa: S603
