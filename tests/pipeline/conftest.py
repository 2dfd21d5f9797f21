"""The command line as a user has it: a process, with what it printed."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Finsurge = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def finsurge(tmp_path: Path) -> Finsurge:
    """Run `finsurge` in an empty folder; `max_file_bytes` makes the disk full beyond that size of a file."""

    def run(*arguments: str, max_file_bytes: int | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
        def limit() -> None:
            if max_file_bytes is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))

        own = {name: value for name, value in os.environ.items() if not name.startswith("FINSURGE_")}
        # a module's bytecode, cut off by the limit, would break whoever imports it next
        own |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        folder = tmp_path / "cwd"
        folder.mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *arguments],
            env=own | {f"FINSURGE_{name}": value for name, value in settings.items()},
            cwd=folder,
            capture_output=True,
            text=True,
            preexec_fn=limit,
            check=False,
            timeout=120,
        )

    return run
