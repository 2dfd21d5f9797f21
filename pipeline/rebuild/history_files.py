"""Documents of the past out of files, merged by time of publication; knows no Kafka and no policy."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.errors import CommandFailed
from pipeline.ingest.document_files import FileUnreadable
from pipeline.ingest.input_file import InputFile
from pipeline.ingest.mapping import FieldMapping
from pipeline.records import Document
from pipeline.rejects import RecordRejected

Reject = Callable[[str, int, RecordRejected], None]


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A document, and where it was found."""

    document: Document
    file: str
    number: int  # of its line


@dataclass
class HistoryReport:
    """What became of the rows."""

    n_decided: int = 0
    n_before: int = 0  # decided by an interrupted run
    n_known: int = 0  # whose id is live, or came before in the files
    n_left: int = 0  # published after the hand-over, and not live
    n_rejected: Counter[str] = field(default_factory=Counter)
    last_at: datetime | None = None  # of those that count


def read_files(
    files: Sequence[InputFile], mapping: FieldMapping, read_at: datetime, reject: Reject
) -> Iterator[HistoryRow]:
    """Yield the documents of all files in the order of their publication, if each file is in that order.

    Raises:
        CommandFailed: a file cannot be read; says which.
    """
    rows = [_read_file(file, mapping, read_at, reject) for file in files]
    return heapq.merge(*rows, key=lambda row: row.document.published_at)


def _read_file(file: InputFile, mapping: FieldMapping, read_at: datetime, reject: Reject) -> Iterator[HistoryRow]:
    try:
        for row in file.rows(mapping):
            try:
                if isinstance(row.fields, RecordRejected):
                    raise row.fields
                yield HistoryRow(mapping.document(row.fields, read_at), file.name, row.number)
            except RecordRejected as rejected:
                reject(file.name, row.number, rejected)
    except FileUnreadable as error:
        raise CommandFailed(f"{file.name}: {error}") from None


class HandOver:
    """Picks the documents that history is made of: each id once, none that is live, none after the hand-over.

    >>> from datetime import UTC
    >>> report = HistoryReport()
    >>> hand_over = HandOver(datetime(2026, 1, 2, tzinfo=UTC), {"live"}, set(), report)
    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> [hand_over.takes(id, at) for id in ("a", "a", "live")], report.n_known
    ([True, False, False], 2)

    Args:
        until: the first time of publication that is no history; None: all of them are.
        live: ids of live documents.
        decided: ids that an interrupted run has decided.
        report: counts what is not taken.
    """

    def __init__(self, until: datetime | None, live: set[str], decided: set[str], report: HistoryReport) -> None:
        self._until = until
        self._live = live
        self._decided = decided
        self._seen: set[str] = set()
        self._report = report

    def takes(self, document_id: str, published_at: datetime) -> bool:
        """Return whether a document has still to be decided."""
        report = self._report
        if document_id in self._live or document_id in self._seen:
            report.n_known += 1
            return False
        if self._until is not None and published_at >= self._until:
            report.n_left += 1
            return False
        self._seen.add(document_id)
        report.last_at = max(published_at, report.last_at or published_at)
        if document_id in self._decided:
            report.n_before += 1
            return False
        return True
