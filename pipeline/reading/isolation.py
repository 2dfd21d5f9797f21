"""Reading documents one by one in a process of their own, after deaths that left no exception.

A document that kills its process (a fault in a native library, memory) would be redelivered for ever; here its death
is the child's, and it goes to the dead letters.
"""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

import msgspec

from models.batching import BatchStats
from models.decider import Decider
from pipeline.documents import RawDocument
from pipeline.logs.about import about
from pipeline.reading.line_up import LineUp
from pipeline.reading.reader import Reader
from pipeline.records import Decision, Origin, decode
from pipeline.rejects import RecordRejected, RejectReason

log = logging.getLogger(__name__)
MAX_DEATHS = 3
"""Starts at one head offset, without a clean end between them, after which its documents are suspects."""


class Question(msgspec.Struct, frozen=True):
    """A document on its way to the child."""

    value: bytes | None
    origin: Origin
    ingested_at: datetime


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """The child's answer for a document that it rejects."""

    reason: str
    detail: str


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """The child's answer for a document that it decides, as on the wire."""

    decision: msgspec.Raw


class IsolatedReader:
    """Asks a child process about one document at a time, and starts another when it dies.

    Args:
        command: starts the child, which answers a line for each line.
        environ: its environment; None: this process's.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        self._command = list(command)
        self._environ = environ
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start nothing yet: the first document does."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the child."""
        self._end()

    def read(self, raw: RawDocument) -> Decision | RecordRejected:
        """Return the decision, or why there is none; the death of the child is a reason."""
        question = Question(raw.value, raw.origin, raw.ingested_at)
        child = self._child = self._child or subprocess.Popen(  # noqa: S603
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environ
        )
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("the child has no pipes")
        line = b""
        try:
            child.stdin.write(msgspec.json.encode(question) + b"\n")
            child.stdin.flush()
            line = child.stdout.readline()
        except BrokenPipeError:
            pass
        if not line:
            code = self._end()
            partition, offset = raw.origin
            place = about(partition=partition, offset=offset)
            log.error("a document ended its process with code %s", code, extra=place)
            return RecordRejected(RejectReason.UNDECIDABLE, f"the process that read it ended with code {code}")
        answer = msgspec.json.decode(line, type=Refusal | Answer)
        if isinstance(answer, Refusal):
            return RecordRejected(RejectReason(answer.reason), answer.detail)
        return decode(Decision, bytes(answer.decision))

    def _end(self) -> int | None:
        child, self._child = self._child, None
        if child is None:
            return None
        if child.stdin is not None:
            child.stdin.close()
        code = child.wait(30)
        if child.stdout is not None:
            child.stdout.close()
        return code


class Deaths:
    """How often the role has been started at the same head offset of a partition; kept in a file.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "heads.json"
    >>> [Deaths(file).count(0, 700) for _ in range(3)], Deaths(file).count(0, 701)
    ([1, 2, 3], 1)
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def count(self, partition: int, head: int) -> int:
        """Count a start at `head`, and return how many there were since the head moved or a clean end."""
        heads = self._load()
        before = heads.get(partition)
        n_starts = before[1] + 1 if before is not None and before[0] == head else 1
        heads[partition] = (head, n_starts)
        self._file.write_bytes(msgspec.json.encode(heads))
        return n_starts

    def clear(self) -> None:
        """Forget all: the role ended cleanly."""
        self._file.unlink(missing_ok=True)

    def _load(self) -> dict[int, tuple[int, int]]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[int, tuple[int, int]])
        except (FileNotFoundError, msgspec.DecodeError):  # a death may have left half a file
            return {}


class CautiousReader:
    """Reads as `reader` does, but the head of a partition that has ended the process too often in isolation.

    Args:
        reader: decides the rest.
        deaths: counts the starts.
        command: starts the child.
        max_suspects: documents from the head on that are read in isolation: as many as may share a batch.
    """

    def __init__(self, reader: Reader, deaths: Deaths, *, command: Sequence[str], max_suspects: int) -> None:
        self._reader = reader
        self._deaths = deaths
        self._command = command
        self._max_suspects = max_suspects
        self._suspect_until: dict[int, int] = {}  # partition to the offset from which on all is well
        self._child_environ: dict[str, str] | None = None

    @property
    def policy(self) -> Decider:
        """The policy that serves."""
        return self._reader.policy

    def use(self, line_up: LineUp, folder: Path | None) -> None:
        """Decide with these policies from now on; in isolation with the serving one, which lies in `folder`."""
        self._child_environ = {**os.environ, "FINSURGE_POLICY": str(folder)} if folder else None
        self._reader.use(line_up)

    def read(self, raws: Sequence[RawDocument]) -> tuple[list[Decision | RecordRejected], list[BatchStats]]:
        """Return one decision or rejection for each record, in order, and what the batches cost."""
        isolated = {raw.origin for raw in raws if self._is_suspect(raw.origin)}
        trusted, batches = self._reader.read([raw for raw in raws if raw.origin not in isolated])
        if not isolated:
            return trusted, batches
        rest = iter(trusted)
        with IsolatedReader(self._command, self._child_environ) as child:
            return [self._of(child.read(raw)) if raw.origin in isolated else next(rest) for raw in raws], batches

    def _of(self, outcome: Decision | RecordRejected) -> Decision | RecordRejected:
        """Return what the child has decided, with what it cannot know of its policy."""
        if isinstance(outcome, RecordRejected):
            return outcome
        return msgspec.structs.replace(outcome, negative_ratio=self._reader.serving.negative_ratio)

    def end(self) -> None:
        """Say that the role ends cleanly."""
        self._deaths.clear()

    def _is_suspect(self, origin: Origin) -> bool:
        partition, offset = origin
        if partition not in self._suspect_until:
            n_starts = self._deaths.count(partition, offset)
            is_suspect = n_starts > MAX_DEATHS
            if is_suspect:
                place = about(partition=partition, offset=offset)
                log.error("%d starts at the same document: reading one by one", n_starts, extra=place)
            self._suspect_until[partition] = offset + self._max_suspects if is_suspect else offset
        return offset < self._suspect_until[partition]
