"""A file, or standard input, as rows: opening, unpacking, and how far the reading has come."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

from pipeline.ingest.document_files import FileFormat, FileUnreadable, Row, format_of, read_rows
from pipeline.ingest.mapping import FieldMapping

STANDARD_INPUT = "-"


class InputFile:
    """One file to ingest.

    >>> InputFile("feed.jsonl.gz", None).file_format
    'jsonl'

    Args:
        name: path, or `-` for standard input.
        file_format: how to read it; by its name unless given, standard input as lines.

    Attributes:
        position: bytes of the file that have been read; packed ones, in a packed file.

    Raises:
        FileUnreadable: the name does not tell the format.
    """

    def __init__(self, name: str, file_format: FileFormat | None) -> None:
        self.name = name
        self.is_standard_input = name == STANDARD_INPUT
        self.file_format = file_format or ("lines" if self.is_standard_input else format_of(name))
        self.position = 0

    @property
    def size(self) -> int | None:
        """Bytes in the file, or None where nobody knows."""
        path = Path(self.name)
        return path.stat().st_size if not self.is_standard_input and path.is_file() else None

    def rows(self, mapping: FieldMapping) -> Iterator[Row]:
        """Yield the rows in order.

        Raises:
            FileUnreadable: it cannot be opened, is damaged, or lacks columns that `mapping` needs.
        """
        # by its number, not sys.stdin: the interpreter's end would wait for a thread that reads that
        target = sys.stdin.fileno() if self.is_standard_input else self.name
        is_packed = self.name.lower().endswith(".gz")
        number = 0
        try:
            with ExitStack() as stack:
                raw = stack.enter_context(open(target, "rb", closefd=not self.is_standard_input))
                stream = stack.enter_context(gzip.GzipFile(fileobj=raw)) if is_packed else raw
                rows = read_rows(cast(BinaryIO, stream), self.file_format, check_columns=mapping.check_columns)
                is_seekable = raw.seekable()
                for row in rows:
                    number = row.number
                    self.position = raw.tell() if is_seekable else 0
                    yield row
        except OSError as error:
            raise FileUnreadable(_after(number, error.strerror or str(error))) from None
        except (EOFError, zlib.error) as error:
            raise FileUnreadable(_after(number, f"damaged: {error}")) from None

    def with_defaults(self, mapping: FieldMapping) -> FieldMapping:
        """Return the mapping for this file: plain lines say nothing but their text."""
        if self.file_format != "lines":
            return mapping
        return FieldMapping(
            columns=mapping.columns,
            kind=mapping.kind or "social",
            source=mapping.source or ("stdin" if self.is_standard_input else Path(self.name).stem),
            published_at=mapping.published_at or "now",
            is_utc_assumed=mapping.is_utc_assumed,
        )


def _after(number: int, detail: str) -> str:
    return f"{detail.lower()} (after line {number})" if number else detail.lower()
