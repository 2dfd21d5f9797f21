"""The audit log: who did what, when, in a file of JSON lines that is only ever appended to.

Each entry holds the hash of the one before, so that a change of what was written shows. Knows neither corrections nor
policies: what is worth an entry is the caller's to say, and so is the time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType

import msgspec

from pipeline.records import AwareDatetime

NO_HASH = "0" * 64
"""What the first entry holds for the hash of the one before."""


class AuditAction(StrEnum):
    """What was done."""

    CORRECTION_ACCEPTED = "correction_accepted"
    CORRECTION_REFUSED = "correction_refused"
    QUARANTINED = "quarantined"
    QUARANTINE_RELEASED = "quarantine_released"
    GATED = "gated"
    SHADOWED = "shadowed"
    CANARIED = "canaried"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    WITHDRAWN = "withdrawn"  # a candidate, before it served all
    SETTLED = "settled"  # a new policy: its watch is over
    TORN_LINE_DROPPED = "torn_line_dropped"  # by the log itself: the last line was not wholly written


class AuditBroken(Exception):
    """The log is not as it was written, or cannot be written now; the message says where, and the mend."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One deed.

    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> entry = AuditEntry(number=0, at=at, who="ada", action=AuditAction.PROMOTED, subject="p-2", previous=NO_HASH)
    >>> entry.sealed().hash[:8], entry.is_sealed, entry.sealed().is_sealed
    ('1b9acdf9', False, True)
    """

    schema: int = 1
    number: int  # from 0, without a gap
    at: AwareDatetime
    who: str  # an analyst, an operator, or the process that did it by itself
    action: AuditAction
    subject: str  # what it was done to: a correction's id, a policy version, an analyst and a topic
    details: dict[str, str] = {}
    previous: str  # hash of the entry before
    hash: str = ""  # SHA-256 of all the fields above as canonical JSON

    def sealed(self) -> AuditEntry:
        """Return the entry with its hash."""
        return msgspec.structs.replace(self, hash=self._digest())

    @property
    def is_sealed(self) -> bool:
        """Whether its hash is that of its fields."""
        return self.hash == self._digest()

    def _digest(self) -> str:
        unsealed = msgspec.structs.replace(self, hash="")
        return hashlib.sha256(msgspec.json.encode(unsealed, order="deterministic")).hexdigest()


@dataclass(frozen=True, slots=True)
class AuditHead:
    """How far a log has come. Kept elsewhere too, it shows that whole lines were cut off the end, which no chain can.

    >>> AuditHead().n_entries
    0
    """

    n_entries: int = 0
    hash: str = NO_HASH  # of the last entry


@dataclass(frozen=True, slots=True)
class Deed:
    """What a caller asks to be written."""

    at: datetime
    who: str
    action: AuditAction
    subject: str
    details: Mapping[str, str] | None = None


class AuditLog:
    """An audit log, open to be appended to by this process only.

    Opening reads the whole file and refuses one whose chain is broken. A last line that a crash left incomplete was
    never acknowledged: it is dropped, and an entry with its length and hash says so.

    >>> import tempfile
    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> with tempfile.TemporaryDirectory() as folder, AuditLog(Path(folder) / "audit.jsonl", opened_at=at) as log:
    ...     entry = log.append(Deed(at, "ada", AuditAction.CORRECTION_ACCEPTED, "c-1"))
    ...     log.head == AuditHead(1, entry.hash), verify(log.path, log.head).n_entries
    (True, 1)
    """

    def __init__(self, path: Path, opened_at: datetime) -> None:
        """Open or create the file.

        Raises:
            AuditBroken: the chain is broken, or another process has the log open.
        """
        self.path = path
        self._head, self._n_bytes = AuditHead(), 0
        is_new = not path.exists()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            self._lock()
            if is_new:
                _sync_folder(path.parent)
            self._resume(opened_at)
        except BaseException:
            os.close(self._file)
            raise

    @property
    def head(self) -> AuditHead:
        """How far the log has come."""
        return self._head

    def append(self, deed: Deed) -> AuditEntry:
        """Write one entry; when this returns, it is on disk."""
        return self.append_all((deed,))[0]

    def append_all(self, deeds: Iterable[Deed]) -> list[AuditEntry]:
        """Write entries in order, with one wait for the disk; all of them are on it when this returns.

        Raises:
            OSError: the disk did not take them; the log is as it was.
        """
        head, entries = self._head, []
        for deed in deeds:
            entry = AuditEntry(
                number=head.n_entries,
                at=deed.at,
                who=deed.who,
                action=deed.action,
                subject=deed.subject,
                details=dict(deed.details or {}),
                previous=head.hash,
            ).sealed()
            head = AuditHead(head.n_entries + 1, entry.hash)
            entries.append(entry)
        self._write(b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries))
        self._head = head
        return entries

    def close(self) -> None:
        """Let another process open the log."""
        os.close(self._file)

    def __enter__(self) -> AuditLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AuditBroken(
                f"{self.path}: another process writes this audit log; end it, or name another file"
            ) from error

    def _resume(self, opened_at: datetime) -> None:
        reading = _read(self.path)
        self._head, self._n_bytes = reading.head, reading.n_bytes
        if not reading.torn:
            return
        os.ftruncate(self._file, reading.n_bytes)
        details = {"n_bytes": str(len(reading.torn)), "sha256": hashlib.sha256(reading.torn).hexdigest()}
        self.append(Deed(opened_at, "audit log", AuditAction.TORN_LINE_DROPPED, self.path.name, details))

    def _write(self, lines: bytes) -> None:
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(self._file, left) :]
            os.fsync(self._file)
        except OSError:
            # a half line would be glued to the next one
            os.ftruncate(self._file, self._n_bytes)
            raise
        self._n_bytes += len(lines)


def verify(path: Path, head: AuditHead | None = None) -> AuditHead:
    """Return how far a log has come, if it is as it was written; a torn last line does not count.

    Args:
        path: the file.
        head: what is known, from elsewhere, to have been in it.

    Raises:
        AuditBroken: an entry was changed, moved, put in or taken out.
    """
    reached = AuditHead()
    is_met = head is None or head == reached
    for entry in entries_of(path):
        reached = AuditHead(entry.number + 1, entry.hash)
        is_met = is_met or reached == head
    if not is_met and head is not None:
        raise AuditBroken(
            f"{path}: the {head.n_entries} entries that are known to have been written are not all there "
            f"(it holds {reached.n_entries}); restore the file from a copy"
        )
    return reached


def entries_of(path: Path) -> Iterator[AuditEntry]:
    """Yield the entries in order, each after it was checked against the one before.

    Raises:
        AuditBroken: as `verify`.
    """
    head = AuditHead()
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            entry = _checked(path, line, head)
            head = AuditHead(entry.number + 1, entry.hash)
            yield entry


@dataclass(frozen=True, slots=True)
class _Reading:
    head: AuditHead
    n_bytes: int  # of whole lines
    torn: bytes


def _read(path: Path) -> _Reading:
    head, n_bytes = AuditHead(), 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return _Reading(head, n_bytes, line)
            entry = _checked(path, line, head)
            head, n_bytes = AuditHead(entry.number + 1, entry.hash), n_bytes + len(line)
    return _Reading(head, n_bytes, b"")


def _checked(path: Path, line: bytes, head: AuditHead) -> AuditEntry:
    where = f"{path}: line {head.n_entries + 1} of the audit log"
    mend = "restore the file from a copy, or put it aside and begin a new one"
    try:
        entry = msgspec.json.decode(line, type=AuditEntry)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AuditBroken(f"{where} is not an entry ({error}); {mend}") from error
    if entry.number != head.n_entries or entry.previous != head.hash:
        raise AuditBroken(f"{where} does not follow the one before; {mend}")
    # byte by byte: JSON has other ways to write the same, in which two readers may see two things
    if not entry.is_sealed or msgspec.json.encode(entry) + b"\n" != line:
        raise AuditBroken(f"{where} was changed after it was written; {mend}")
    return entry


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
