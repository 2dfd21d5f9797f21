"""A replay's input and output: documents of a file through the policy, results into JSON lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

import msgspec

from pipeline.documents import RawDocument
from pipeline.errors import CommandFailed
from pipeline.ingest.document_files import Row
from pipeline.ingest.mapping import FieldMapping
from pipeline.records import AlertRecord, Decision, Mention, Origin, TrendRecord, encode
from pipeline.rejects import RecordRejected

if TYPE_CHECKING:
    from pipeline.reading.reader import Reader  # loads torch

_UNFINISHED = ".part"
Reject = Callable[[int, RecordRejected], None]
_ANY_TIME = datetime(9999, 1, 1, tzinfo=UTC)  # nothing in a file of the past is "in the future"


@dataclass
class Totals:
    """What a replay went through."""

    n_decided: int = 0
    n_rejected: int = 0
    n_windows: int = 0
    n_late: int = 0
    n_alerts: int = 0
    n_opened: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the totals by name."""
        return asdict(self)


def decide_rows(
    rows: Iterator[Row], mapping: FieldMapping, reader: Reader, reject: Reject, chunk_size: int
) -> Iterator[Decision]:
    """Yield the decisions on a file's rows, in order; a document counts as ingested when it was published."""
    offset = 0
    while chunk := list(islice(rows, chunk_size)):
        raws, numbers = [], []
        for row in chunk:
            try:
                if isinstance(row.fields, RecordRejected):
                    raise row.fields
                document = mapping.document(row.fields, _ANY_TIME)
            except RecordRejected as rejected:
                reject(row.number, rejected)
                continue
            raws.append(RawDocument(encode(document), Origin(0, offset), document.published_at))
            numbers.append(row.number)
            offset += 1
        outcomes, _ = reader.read(raws)
        for number, outcome in zip(numbers, outcomes, strict=True):
            if isinstance(outcome, RecordRejected):
                reject(number, outcome)
            else:
                yield outcome


class ReplayWriter:
    """Writes `decisions.jsonl`, `trends.jsonl`, `late.jsonl` and `alerts.jsonl` into a folder.

    Raises:
        CommandFailed: the folder or a file cannot be written, for instance because the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self.totals = Totals()
        self._folder = folder
        self._stack = ExitStack()
        self._files: dict[type, IO[bytes]] = {}

    def __enter__(self) -> ReplayWriter:
        """Make the folder, and files beside the last results, which stay until these are whole."""
        names = {Decision: "decisions", TrendRecord: "trends", Mention: "late", AlertRecord: "alerts"}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for kind, name in names.items():
                file = (self._folder / f"{name}.jsonl{_UNFINISHED}").open("wb")
                self._files[kind] = self._stack.enter_context(file)
        except OSError as error:
            self._stack.close()
            raise self._failed(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files; if all went well they take the place of the last results."""
        try:
            self._stack.close()
            for file in self._files.values():
                unfinished = Path(file.name)
                if kind is None:
                    unfinished.replace(unfinished.with_suffix(""))
                else:
                    unfinished.unlink()
        except OSError as failed:
            raise self._failed(failed) from None

    def write(self, record: msgspec.Struct) -> None:
        """Append the record to its file."""
        try:
            self._files[type(record)].write(encode(record) + b"\n")
        except OSError as error:
            raise self._failed(error) from None
        if isinstance(record, Decision):
            self.totals.n_decided += 1
        elif isinstance(record, TrendRecord):
            self.totals.n_windows += 1
        elif isinstance(record, Mention):
            self.totals.n_late += 1
        elif isinstance(record, AlertRecord):
            self.totals.n_alerts += 1
            self.totals.n_opened += record.transition == "opened"

    def _failed(self, error: OSError) -> CommandFailed:
        reason = (error.strerror or str(error)).lower()
        return CommandFailed(
            f"cannot write to {self._folder}: {reason}; make room, or name another folder with --out"
        )
