"""An update's run folder: what is asked of it, the rounds it learns from, and what came of it.

Owns the files and their names. Everything is written whole or not at all, so that a kill leaves an update to go on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pipeline.feedback.records import RoundRecord
from pipeline.feedback.round_record import round_of
from pipeline.records import encode
from rl.learner.update import CANDIDATE_FOLDER
from rl.learner.wake import WakeReason
from rl.rounds.round import Round
from rl.tuning import STEPS_FILE

_REQUEST, _OUTCOME = "request.json", "outcome.json"
_FRESH, _OLDER = "fresh.jsonl", "older.jsonl"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What an update is to do.

    >>> from datetime import UTC
    >>> request = Request(number=1, why=WakeReason.ASKED, parent="runs/p", parent_version="p-1", algorithm="rloo",
    ...                   device="cpu", seed=7, asked_at=datetime(2026, 1, 2, tzinfo=UTC))
    >>> msgspec.json.decode(msgspec.json.encode(request), type=Request) == request
    True
    """

    number: int  # of the deployment's updates, from 1
    why: WakeReason
    parent: str  # folder of the serving policy
    parent_version: str
    algorithm: str  # a name of rl.algorithms.catalogue
    device: str  # as torch names it
    seed: int
    asked_at: datetime


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an update: a candidate, or why there is none.

    >>> Outcome(version="p-2").failure is None
    True
    """

    version: str | None = None
    failure: str | None = None  # one line


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One update's folder.

    >>> RunFolder(Path("updates/3")).candidate
    PosixPath('updates/3/policy')
    """

    path: Path

    @property
    def candidate(self) -> Path:
        """The candidate's checkpoint, once there is an outcome with a version."""
        return self.path / CANDIDATE_FOLDER

    @property
    def steps(self) -> Path:
        """A line for each step."""
        return self.path / STEPS_FILE

    def ask(self, request: Request, fresh: Iterable[RoundRecord], older: Iterable[RoundRecord]) -> None:
        """Write down what is to be done; the request last, so that with it all is there."""
        self.path.mkdir(parents=True, exist_ok=True)
        for name, records in ((_FRESH, fresh), (_OLDER, older)):
            _write(self.path / name, b"".join(encode(record) + b"\n" for record in records))
        _write(self.path / _REQUEST, msgspec.json.encode(request))

    def request(self) -> Request | None:
        """Return what is to be done; None before it was asked."""
        path = self.path / _REQUEST
        return msgspec.json.decode(path.read_bytes(), type=Request) if path.is_file() else None

    def rounds(self) -> tuple[list[Round], list[Round]]:
        """Return the fresh rounds and the older ones."""
        fresh, older = ((self.path / name).read_bytes().splitlines() for name in (_FRESH, _OLDER))
        return _rounds(fresh), _rounds(older)

    def end(self, outcome: Outcome) -> None:
        """Write down what came of it."""
        _write(self.path / _OUTCOME, msgspec.json.encode(outcome))

    def outcome(self) -> Outcome | None:
        """Return what came of it; None while it is on its way."""
        path = self.path / _OUTCOME
        return msgspec.json.decode(path.read_bytes(), type=Outcome) if path.is_file() else None

    def ended_at(self) -> datetime | None:
        """Return when the outcome was written; None while there is none."""
        path = self.path / _OUTCOME
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.is_file() else None


def _rounds(lines: Iterable[bytes]) -> list[Round]:
    return [round_of(msgspec.json.decode(line, type=RoundRecord)) for line in lines]


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)
