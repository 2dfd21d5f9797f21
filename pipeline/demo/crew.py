"""The worker's roles, feedback and learner as the demo runs them: a process each, what they print in a file each."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from pipeline.roles.faust_app import Role
from pipeline.settings import Settings, to_environment
from pipeline.supervisor import start_command, start_role, stop_all

BESIDE = ("feedback", "learner")
"""What runs beside the roles, each by the name of its command."""


class Crew:
    """All processes, for as long as the block lasts.

    Args:
        settings: theirs.
        environ: this process's environment; settings in it do not reach them, which have the demo's alone.
        folder: where their output goes, `<name>.log`.

    >>> Crew(Settings(), {"HOME": "x", "FINSURGE_WEBHOOK_URL": "http://a"}, Path("logs")).environ["FINSURGE_CONFIG"]
    '/dev/null'
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str], folder: Path) -> None:
        # many threads on few cores: one that waits for another must not burn what that one needs
        patient = {"OMP_WAIT_POLICY": "PASSIVE"}
        kept = {name: value for name, value in environ.items() if not name.startswith("FINSURGE_")}
        # a finsurge.yaml that lies about must not send the demo's alerts to real receivers
        self.environ = {**patient, **kept, **to_environment(settings), "FINSURGE_CONFIG": os.devnull}
        self._folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Crew:
        """Start them."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as failing:
            failing.callback(self._stop)
            for role in Role:
                with self.log(role.value).open("wb") as output:
                    self.processes[role.value] = start_role(role, self.environ, output)
            for name in BESIDE:
                with self.log(name).open("wb") as output:
                    self.processes[name] = start_command(name, self.environ, output)
            failing.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop them."""
        self._stop()

    def ended(self) -> str | None:
        """Return one line on a process that has ended, if any has."""
        for name, process in self.processes.items():
            code = process.poll()
            if code is not None:
                what = name if name in BESIDE else f"role {name}"
                return f"{what} ended with code {code}: {_last_line(self.log(name))}; see {self.log(name)}"
        return None

    def log(self, name: str) -> Path:
        """Return the file with what a process prints."""
        return self._folder / f"{name}.log"

    def _stop(self) -> None:
        stop_all(list(self.processes.values()))


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "it printed nothing")
