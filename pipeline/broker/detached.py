"""A process that outlives whoever started it: begun with a log and a pid file, recognised, ended.

Knows nothing of what the process does.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_S = 0.1
_EXEC_S, _EXEC_POLL_S = 10.0, 0.005


@dataclass(frozen=True)
class DetachedProcess:
    """The process whose number is in `pid_file`, if its command line still has all of `marks`.

    >>> DetachedProcess(Path("nowhere/kafka.pid"), marks=("kafka.Kafka",)).pid() is None
    True
    """

    pid_file: Path
    marks: tuple[str, ...]  # the number may have gone to a stranger: these words say that it has not

    def start(self, command: Sequence[str], cwd: Path, log: Path) -> None:
        """Start `command` in a session of its own; what it prints is appended to `log`."""
        # The shell ends at once, so the process is nobody's child: no zombie, and Ctrl-C does not reach it.
        script = f"{shlex.join(command)} >>{shlex.quote(str(log))} 2>&1 </dev/null & echo $!"
        shell = subprocess.run(  # noqa: S603 -- the command is the caller's, quoted
            ["/bin/sh", "-c", script],
            cwd=cwd,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            start_new_session=True,
        )
        self.pid_file.write_text(shell.stdout, encoding="ascii")
        # The number is the shell's own child at first, which has the shell's command line until it is the process.
        pid, until_s = int(shell.stdout), time.monotonic() + _EXEC_S
        while self.pid() is None and not _is_gone(pid) and time.monotonic() < until_s:
            time.sleep(_EXEC_POLL_S)

    def pid(self) -> int | None:
        """Return the process's number while it lives."""
        try:
            pid = int(self.pid_file.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None
        words = _command_line(pid)
        return pid if all(mark in words for mark in self.marks) else None

    def stop(self, grace_s: float) -> bool:
        """End the process, by force after `grace_s` (0 kills at once), and return whether it lived."""
        pid = self.pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):  # it may end by itself meanwhile
                if grace_s > 0:
                    os.kill(pid, signal.SIGTERM)
                if not _ended(pid, grace_s):
                    os.kill(pid, signal.SIGKILL)
                    _ended(pid, 10.0)
        self.pid_file.unlink(missing_ok=True)
        return pid is not None

    @contextlib.contextmanager
    def bound_to_this_process(self) -> Iterator[None]:
        """End it with the block, or with this process if that is killed."""
        # The guard's input ends when this process does, however it does.
        guard = subprocess.Popen(  # noqa: S603 -- a fixed script, the path an argument
            ["/bin/sh", "-c", 'read -r _ || kill "$(cat "$0")"', str(self.pid_file)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            yield
        finally:
            guard.communicate(b"\n")
            self.stop(grace_s=30.0)


def _ended(pid: int, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while not _is_gone(pid):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # no such process, or a stranger by now
        return True
    # In a container whose first process reaps nothing it stays as a zombie; while it has other threads, its ports
    # are still open.
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Path("/proc/self").is_dir()
    return "\nState:\tZ" in status and "\nThreads:\t1\n" in status


def _command_line(pid: int) -> list[str]:
    if Path("/proc/self").is_dir():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "surrogateescape").split("\0")
        except OSError:
            return []
    told = subprocess.run(  # noqa: S603 -- a number, where there is no /proc
        ["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return told.stdout.split()
