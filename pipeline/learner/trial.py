"""The candidate on its way into service: which it is, where it stands, since when; kept in a file."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import msgspec

from rl.learner.rollout import RolloutStage


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A version on trial.

    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> trial = Trial(version="p-2", serving="p-1", began_at=at, stage=RolloutStage.SHADOW, since_at=at)
    >>> trial.at(RolloutStage.CANARY, at).stage.value
    'canary'
    """

    version: str
    serving: str  # what it is to take the place of, or has
    began_at: datetime
    stage: RolloutStage
    since_at: datetime  # in that stage

    def at(self, stage: RolloutStage, now: datetime) -> Trial:
        """Return it in another stage."""
        return msgspec.structs.replace(self, stage=stage, since_at=now)


class TrialFile:
    """Remembers the trial over restarts.

    >>> import tempfile
    >>> TrialFile(Path(tempfile.mkdtemp()) / "trial.json").read() is None
    True
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Trial | None:
        """Return the trial under way."""
        return msgspec.json.decode(self._path.read_bytes(), type=Trial) if self._path.is_file() else None

    def write(self, trial: Trial | None) -> None:
        """Keep it; None: there is none any more."""
        if trial is None:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_name(f"{self._path.name}.part")
        unfinished.write_bytes(msgspec.json.encode(trial))
        os.replace(unfinished, self._path)
