"""Results of a rebuild on disk, until it is sure that they will count: windows, and mentions that came too late."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec

from pipeline.records import Mention, TrendRecord, decode, encode


class _Keyed(msgspec.Struct):
    topic: str


class ResultSpool:
    """Keeps results in a file that is gone at the end, however that comes.

    >>> with ResultSpool(Path(tempfile.gettempdir())) as spool:
    ...     list(spool.read())
    []
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.n_results = 0

    def __enter__(self) -> ResultSpool:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, result: TrendRecord | Mention) -> None:
        """Keep a result."""
        kafka_topic = "trends" if isinstance(result, TrendRecord) else "late"
        self._file.write(b"%s %s\n" % (kafka_topic.encode(), encode(result)))
        self.n_results += 1

    def read(self) -> Iterator[tuple[str, str, bytes]]:
        """Yield (Kafka topic, topic, value) of all results, in order."""
        self._file.seek(0)
        for line in self._file:
            kafka_topic, _, value = line.rstrip(b"\n").partition(b" ")
            yield kafka_topic.decode(), decode(_Keyed, value).topic, value
