"""The file that remembers how often each held-out set was asked, so that reuse is paid for.

Append-only JSON lines under a lock: a use is on disk before the data are looked at, and counts in full if the
process dies before its answer is written.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from rl.gate.spending import SpendingConfig, level_of_next


class LedgerDamaged(ValueError):
    """The ledger holds a line that is not its own: nobody can say how often a held-out set was used."""


class Use(msgspec.Struct, frozen=True, kw_only=True, tag="use"):
    """One question to a held-out set, at the level it is answered at.

    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> Use(held_out="h", question="q", number=1, level=0.03, candidate="p-2", at=at).number
    1
    """

    held_out: str  # fingerprint
    question: str  # fingerprint of candidate, serving policy and anchor on this set
    number: int  # from 1, on this held-out set
    level: float  # probability of error that it may have
    candidate: str  # policy version
    at: datetime


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag="answer"):
    """What a use came to."""

    held_out: str
    question: str
    is_promoted: bool
    at: datetime


_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Use | Answer] = msgspec.json.Decoder(Use | Answer)


@dataclass(frozen=True, slots=True)
class History:
    """What was asked of one held-out set.

    >>> History().next_level(SpendingConfig()) == level_of_next([])
    True
    """

    uses: tuple[Use, ...] = ()
    promoted: frozenset[str] = frozenset()  # questions

    def next_level(self, config: SpendingConfig) -> float | None:
        """Return the level of the next question; a use without an answer was no promotion."""
        return level_of_next([use.question in self.promoted for use in self.uses], config)

    def use_of(self, question: str) -> Use | None:
        """Return the use in which the same question was asked before."""
        return next((use for use in self.uses if use.question == question), None)


class SpendingLedger:
    """Spends the error that held-out sets may cause.

    >>> import tempfile
    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ledger = SpendingLedger(Path(folder) / "ledger.jsonl")
    ...     first = ledger.spend("h", question="q1", candidate="p-2", at=at)
    ...     again = ledger.spend("h", question="q1", candidate="p-2", at=at)
    ...     ledger.settle(first, is_promoted=True, at=at)
    ...     second = ledger.spend("h", question="q2", candidate="p-3", at=at)
    >>> first == again, first.number, second.number, second.level > first.level
    (True, 1, 2, True)
    """

    def __init__(self, path: Path, config: SpendingConfig | None = None) -> None:
        self._path = path
        self._config = config or SpendingConfig()

    def spend(self, held_out: str, *, question: str, candidate: str, at: datetime) -> Use | None:
        """Write down a use and return it, or None where the held-out set is used up.

        The same question again has the same answer, and costs nothing.

        Raises:
            LedgerDamaged: if what is in the file is not a ledger.
        """
        with self._locked():
            history = self.history(held_out)
            if (before := history.use_of(question)) is not None:
                return before
            level = history.next_level(self._config)
            if level is None:
                return None
            number = len(history.uses) + 1
            use = Use(held_out=held_out, question=question, number=number, level=level, candidate=candidate, at=at)
            self._append(use)
            return use

    def settle(self, use: Use, *, is_promoted: bool, at: datetime) -> None:
        """Write down what a use came to; a promotion hands its level on."""
        with self._locked():
            self._append(Answer(held_out=use.held_out, question=use.question, is_promoted=is_promoted, at=at))

    def history(self, held_out: str) -> History:
        """Return what was asked of a held-out set."""
        entries = [entry for entry in self._entries() if entry.held_out == held_out]
        uses = tuple(entry for entry in entries if isinstance(entry, Use))
        promoted = (entry.question for entry in entries if isinstance(entry, Answer) and entry.is_promoted)
        return History(uses, frozenset(promoted))

    def _entries(self) -> Iterator[Use | Answer]:
        if not self._path.exists():
            return
        lines = self._path.read_bytes().split(b"\n")
        for number, line in enumerate(lines, start=1):
            is_torn = number == len(lines)  # what follows the last newline was cut off by a crash, before any look
            if line and not is_torn:
                try:
                    yield _DECODER.decode(line)
                except msgspec.DecodeError as error:
                    raise LedgerDamaged(f"{self._path}: line {number} is not of a ledger: {error}") from error

    def _append(self, entry: Use | Answer) -> None:
        with self._path.open("ab+") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            is_torn = size > 0 and file.read(1) != b"\n"
            if is_torn:  # a whole line begins after the last newline
                whole = self._path.read_bytes().rfind(b"\n") + 1
                file.truncate(whole)
            file.write(_ENCODER.encode(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(self._path.suffix + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
