"""Runs one role as `finsurge worker` does, with a policy that costs nothing; started by the tests as a process.

Documents whose text holds a fault's word make it happen, once: a file named after the fault says that it has.
FINSURGE_TEST_KILL names a point of the stateful recipe (`sent`, `written`) and after how many chunks to die there.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.action import Action
from models.decider import MAX_PADDED_TOKENS
from models.keyword import KeywordPolicy
from models.tokens import Tokens
from pipeline.app import Parts
from pipeline.roles.faust_app import Role
from pipeline.roles.logged_states import LoggedStates
from pipeline.settings import Settings, load_settings
from pipeline.worker import run_role


class FaultyPolicy:
    """A keyword policy that meets with accidents."""

    version = f"keyword-{os.getpid()}"  # each process decides as another version: repeats differ
    device = "cpu"
    precision = "exact"

    def __init__(self, settings: Settings) -> None:
        self._policy = KeywordPolicy()
        self._flags = settings.state_dir

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        return self._policy.tokenize(texts)

    def decide(self, batch: Sequence[Tokens], max_padded_tokens: int = MAX_PADDED_TOKENS) -> list[Action]:
        text = " ".join(tokens.text for tokens in batch)
        if self._is_due("raise", text):
            raise KeyError("an accident")
        if self._is_due("sigkill", text):
            os.kill(os.getpid(), signal.SIGKILL)
        if self._is_due("sigterm", text):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1.0)
        if "murder" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if "poison" in text:
            raise RuntimeError("this one cannot be decided")
        return self._policy.decide(batch, max_padded_tokens)

    def _is_due(self, fault: str, text: str) -> bool:
        flag: Path = self._flags / f"{fault}.done"
        if f"accident-{fault}" not in text or flag.exists():
            return False
        flag.touch()
        return True


def die_at(point: str, n_chunks: int, flag: Path) -> None:
    """Have this process killed at the n-th commit of its state, before (`sent`) or after (`written`) it."""
    commit = LoggedStates.commit
    counted = 0

    async def commit_or_die(self: LoggedStates[Any]) -> None:
        nonlocal counted
        counted += 1
        is_due = counted == n_chunks and not flag.exists()
        if is_due:
            flag.touch()
        if is_due and point == "sent":
            os.kill(os.getpid(), signal.SIGKILL)
        await commit(self)
        if is_due and point == "written":
            os.kill(os.getpid(), signal.SIGKILL)

    LoggedStates.commit = commit_or_die  # type: ignore[method-assign]


if __name__ == "__main__":
    settings = load_settings(os.environ)
    if sys.argv[1] == "isolated":
        from pipeline.reading.isolated import (
            serve,  # here, not above: these load torch, which the other roles go without
        )
        from pipeline.roles.read import new_reader

        serve(new_reader(settings, FaultyPolicy), sys.stdin.buffer, sys.stdout.buffer)
        sys.exit(0)
    role = Role(sys.argv[1])
    for kill in filter(None, os.environ.get("FINSURGE_TEST_KILL", "").split(",")):
        at_role, at_point, at_chunk = kill.split(":")
        if at_role == role.value:
            die_at(at_point, int(at_chunk), settings.state_dir / f"{kill.replace(':', '-')}.done")
    run_role(settings, role, Parts(policy=FaultyPolicy, isolated=[sys.executable, __file__, "isolated"]))
