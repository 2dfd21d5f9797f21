"""Rows out of files: JSON lines, CSV, plain lines; a bad row is a row, and the rest goes on.

Knows file formats and how to stay within memory, not what a document is.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal, TypeVar

import msgspec

from pipeline.documents import split_fields
from pipeline.rejects import RecordRejected, RejectReason

FileFormat = Literal["jsonl", "csv", "lines"]
Fields = Mapping[str, msgspec.Raw | str]

_SUFFIXES: dict[str, FileFormat] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".txt": "lines"}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_Source = TypeVar("_Source")


class FileUnreadable(ValueError):
    """A whole file cannot be read; the message says what is wrong with it and the mend.

    >>> format_of("feed.xml")
    Traceback (most recent call last):
    pipeline.ingest.document_files.FileUnreadable: unknown kind of file: say --format jsonl, csv or lines
    """


@dataclass(frozen=True, slots=True)
class Row:
    r"""What one row of a file holds, or why it cannot be read.

    >>> import io
    >>> [row.number for row in read_rows(io.BytesIO(b"first\n\nthird\n"), "lines")]
    [1, 3]
    """

    number: int  # of its first line, from 1
    fields: Fields | RecordRejected


def format_of(name: str) -> FileFormat:
    """Return the format that a file's name tells, `.gz` aside."""
    for suffix, file_format in _SUFFIXES.items():
        if name.lower().removesuffix(".gz").endswith(suffix):
            return file_format
    raise FileUnreadable("unknown kind of file: say --format jsonl, csv or lines")


def read_rows(
    stream: BinaryIO,
    file_format: FileFormat,
    *,
    max_bytes: int = 1_000_000,
    check_columns: Callable[[list[str]], None] | None = None,
) -> Iterator[Row]:
    """Yield the rows of a stream in order; blank lines are passed over, but counted.

    Args:
        stream: open for reading; it is neither rewound nor closed.
        file_format: how to read it.
        max_bytes: of a line or a CSV field; longer ones are rejected and never held in memory.
        check_columns: is shown the names in a CSV's first row, and raises if they will not do.

    Raises:
        FileUnreadable: a CSV without a header.
    """
    lines = _Lines(stream, max_bytes)
    if file_format == "jsonl":
        return _rows(lines, lines, _read_json)
    if file_format == "lines":
        return _rows(lines, lines, _read_plain)
    return _read_csv(lines, max_bytes, check_columns)


class _Lines:
    """Lines with their number; raising for one leaves the next ones readable, unlike a generator."""

    def __init__(self, stream: BinaryIO, max_bytes: int) -> None:
        self.number = 0
        self._stream = stream
        self._max_bytes = max_bytes

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        line = self._stream.readline(self._max_bytes + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > self._max_bytes and not line.endswith(b"\n"):
            while (rest := self._stream.readline(self._max_bytes)) and not rest.endswith(b"\n"):
                pass
            detail = f"the line has more than {self._max_bytes} bytes"
            raise RecordRejected(RejectReason.TOO_LARGE, detail)
        return line.removeprefix(_BYTE_ORDER_MARK) if self.number == 1 else line


def _rows(lines: _Lines, source: Iterator[_Source], convert: Callable[[_Source], Fields | None]) -> Iterator[Row]:
    while True:
        number = lines.number + 1
        try:
            fields: Fields | RecordRejected | None = convert(next(source))
        except StopIteration:
            return
        except RecordRejected as rejected:
            fields = rejected
        except csv.Error as error:
            fields = RecordRejected(RejectReason.MALFORMED_ROW, str(error))
        if fields is not None:
            yield Row(number, fields)


def _read_json(line: bytes) -> Fields | None:
    return split_fields(line) if line.strip() else None


def _read_plain(line: bytes) -> Fields | None:
    try:
        text = line.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise RecordRejected(RejectReason.BAD_UNICODE, f"not UTF-8 at byte {error.start}") from None
    return {"text": text} if text.strip() else None


def _read_csv(lines: _Lines, max_bytes: int, check_columns: Callable[[list[str]], None] | None) -> Iterator[Row]:
    # the module's limit is the only way to take fields over 128 KiB; raised, never lowered
    csv.field_size_limit(max(csv.field_size_limit(), max_bytes))
    # surrogateescape: one cell that is not UTF-8 must reject its row, not the file
    cells = csv.reader((map(_decode, lines)), strict=True)
    try:
        header = next(cells)
    except (StopIteration, csv.Error, RecordRejected):
        header = []
    columns = [name.strip() for name in header]
    if not any(columns):
        raise FileUnreadable("has no header: its first row must name the columns")
    if check_columns:
        check_columns(columns)
    yield from _rows(lines, cells, lambda row: _name_cells(columns, row))


def _decode(line: bytes) -> str:
    return line.decode(errors="surrogateescape")


def _name_cells(columns: list[str], cells: list[str]) -> Fields | None:
    if not cells:
        return None
    if len(cells) != len(columns):
        detail = f"the row has {len(cells)} cells, the header {len(columns)}"
        raise RecordRejected(RejectReason.MALFORMED_ROW, detail)
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        raise RecordRejected(RejectReason.BAD_UNICODE, "a cell is not UTF-8") from None
    return dict(zip(columns, cells, strict=True))
