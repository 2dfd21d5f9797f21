"""Decisions that a back-test starts from: read from a log, or kept in a folder beside what they were made of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import msgspec

from pipeline.errors import CommandFailed
from pipeline.records import Decision, Kind, Origin, decode, encode

DECISIONS_FILE = "decisions.jsonl"
_FACTS_FILE = "decisions.json"
_UNFINISHED = ".part"
_Record = TypeVar("_Record")


class MadeOf(msgspec.Struct, frozen=True, kw_only=True):
    """What decides decisions: while all of it is the same, they need not be made again."""

    file_sha256: str
    policy_version: str
    code_sha256: str  # of what reads
    file_format: str
    columns: dict[str, str]
    kind: Kind
    source: str
    max_padded_tokens: int
    max_batch_documents: int
    device: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Decisions that lie in a folder."""

    made_of: MadeOf
    n_decided: int
    n_rejected: int


class _FromSource(msgspec.Struct):
    origin: Origin


class DecisionLog:
    """A file of decisions, as `finsurge replay` writes it.

    Raises:
        CommandFailed: it cannot be read, or holds something else.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def n_bytes(self) -> int:
        """Return the length of the file."""
        return self.file.stat().st_size

    def n_sources(self) -> int:
        """Return the number of source partitions that the decisions are from."""
        return max((each.origin.partition for each, _ in self._records(_FromSource)), default=0) + 1

    def decisions(self) -> Iterator[tuple[Decision, int]]:
        """Yield the decisions in order, each with the bytes that it takes up."""
        return self._records(Decision)

    def _records(self, kind: type[_Record]) -> Iterator[tuple[_Record, int]]:
        try:
            with self.file.open("rb") as raw:
                for number, line in enumerate(raw, start=1):
                    try:
                        yield decode(kind, line), len(line)
                    except msgspec.DecodeError as error:
                        raise CommandFailed(
                            f"{self.file}:{number}: is no decision: {error}; name a file that `finsurge replay` wrote"
                        ) from None
        except OSError as error:
            raise CommandFailed(f"cannot read {self.file}: {(error.strerror or str(error)).lower()}") from None


def find_log(name: str) -> DecisionLog | None:
    """Return the decisions that a name stands for: a folder with some, or such a file; None for documents."""
    path = Path(name)
    if path.is_dir():
        if not (path / DECISIONS_FILE).is_file():
            raise CommandFailed(
                f"no {DECISIONS_FILE} in {path}; name a folder that `finsurge replay` wrote, or a file"
            )
        return DecisionLog(path / DECISIONS_FILE)
    return DecisionLog(path) if path.is_file() and _holds_decisions(path) else None


def _holds_decisions(file: Path) -> bool:
    with file.open("rb") as raw:
        first = raw.readline(1_000_000)
    try:
        decode(Decision, first)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


class DecisionStore:
    """The decisions of one file of documents, in a folder, whole or not at all.

    Raises:
        CommandFailed: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.log = DecisionLog(folder / DECISIONS_FILE)

    def kept(self, made_of: MadeOf) -> Kept | None:
        """Return what is kept, if it was made of the same.

        Raises:
            CommandFailed: the folder holds decisions that something else wrote there.
        """
        if self.log.file.is_file() and not (self._folder / _FACTS_FILE).is_file():
            raise CommandFailed(f"{self._folder} holds the decisions of a replay; name another folder with --out")
        try:
            kept = decode(Kept, (self._folder / _FACTS_FILE).read_bytes())
        except (OSError, msgspec.DecodeError):
            return None
        return kept if kept.made_of == made_of and self.log.file.is_file() else None

    def keep(self, made_of: MadeOf, decisions: Iterator[Decision], n_rejected: Callable[[], int]) -> Kept:
        """Write decisions, and what they were made of once they are all there.

        Args:
            made_of: what decides them.
            decisions: in order.
            n_rejected: tells, when they are at an end, how many rows gave none.
        """
        n_decided = 0
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            facts = self._folder / _FACTS_FILE
            unfinished = self.log.file.with_name(f"{DECISIONS_FILE}{_UNFINISHED}")
            with unfinished.open("wb") as raw:
                for decision in decisions:
                    raw.write(encode(decision) + b"\n")
                    n_decided += 1
            facts.unlink(missing_ok=True)
            unfinished.replace(self.log.file)
            kept = Kept(made_of=made_of, n_decided=n_decided, n_rejected=n_rejected())
            facts.write_bytes(encode(kept))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise CommandFailed(
                f"cannot write to {self._folder}: {reason}; make room, or name another folder with --out"
            ) from None
        return kept


def sha256_of_code(*packages: str) -> str:
    """Return the hex digest of the modules of packages: what another release reads may differ.

    >>> sha256_of_code("models.topics") == sha256_of_code("models")
    False
    """
    digest = hashlib.sha256()
    for package in packages:
        root = Path(str(files(package)))
        for module in sorted(root.rglob("*.py")):
            digest.update(module.relative_to(root).as_posix().encode() + b"\0" + module.read_bytes())
    return digest.hexdigest()


def sha256_of_file(file: Path) -> str:
    """Return the hex digest of a file's bytes."""
    with file.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()
