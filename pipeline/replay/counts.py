"""Files of counts, `timestamp,value`, through the volume detector: what each row is scored.

Owns how they are read and written. Knows no terminal: what is wrong with a row is a callback.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from alerts.surges.volume import VolumeConfig, VolumeDetector
from pipeline.errors import CommandFailed

RejectRow = Callable[[int, str], None]
"""Told the number of a line and what is wrong with it."""

_UNFINISHED = ".part"
_COLUMNS = ("timestamp", "value")
_MAX_STEPS = 1_000  # between which rows follow each other; the rest follow alike


@dataclass(frozen=True, slots=True)
class CountRow:
    """A row of a file.

    >>> CountRow(2, "2015-02-26 21:42:53", None, None).value is None
    True
    """

    line: int
    timestamp: str  # as the file spells it
    at: datetime | None  # None: it cannot be read
    value: float | None  # None: it is missing or cannot be read


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """What a row is scored.

    >>> ScoredRow("2015-02-26 21:42:53", 0.5, is_alert=True).cells
    ('2015-02-26 21:42:53', '0.500000', '1')
    """

    timestamp: str
    score: float  # in [0, 1); 0.5 and more only where a surge begins
    is_alert: bool

    @property
    def cells(self) -> tuple[str, str, str]:
        """The row as it is written."""
        return self.timestamp, f"{self.score:.6f}", str(int(self.is_alert))


def read_counts(file: Path, reject: RejectRow) -> list[CountRow]:
    """Return the rows of a file; of those that cannot be used the reason is told.

    Raises:
        CommandFailed: the file cannot be read, or has not both columns.
    """
    try:
        with file.open(newline="", encoding="utf-8") as raw:
            reader = csv.DictReader(raw)
            if missing := [name for name in _COLUMNS if name not in (reader.fieldnames or ())]:
                raise CommandFailed(
                    f"{file} has no column {missing[0]!r}; its first line must name timestamp and value"
                )
            return [_row(reader.line_num, fields, reject) for fields in reader]
    except OSError as error:
        raise CommandFailed(f"cannot read {file}: {(error.strerror or str(error)).lower()}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise CommandFailed(f"{file} is no CSV file: {error}") from None


def scored(rows: Sequence[CountRow], config: VolumeConfig, reject: RejectRow) -> Iterator[ScoredRow]:
    """Yield what each row is scored, by itself and the rows before it; a row that says nothing is scored 0.

    Args:
        rows: in order of time.
        config: of the detector; the length of a bin is the file's own.
        reject: told of rows that are not after the one before.
    """
    config = config.with_bins(bin_of(rows, config.bin_s))
    detector = VolumeDetector(config)
    last: int | None = None
    for row in rows:
        if row.at is None or row.value is None:
            yield ScoredRow(row.timestamp, 0.0, is_alert=False)
            continue
        number = round(row.at.timestamp() / config.bin_s)
        if last is not None and number <= last:
            reject(row.line, f"timestamp {row.timestamp} is not after the row before")
            yield ScoredRow(row.timestamp, 0.0, is_alert=False)
            continue
        last = number
        evidence = detector.update(number, row.value)
        score = evidence.score(config)
        # told already: only the bin in which a surge begins scores above the line
        yield ScoredRow(row.timestamp, score if evidence.is_alert else min(score, 0.499999), evidence.is_alert)


def bin_of(rows: Sequence[CountRow], usual_s: int) -> int:
    """Return the commonest time between the first rows, in seconds; `usual_s` where there is none."""
    times = [row.at for row in rows[:_MAX_STEPS] if row.at is not None]
    steps = Counter(round((after - before).total_seconds()) for before, after in pairwise(times))
    positive = [(n, step) for step, n in steps.items() if step > 0]
    return max(positive)[1] if positive else usual_s


def write_scores(file: Path, rows: Iterator[ScoredRow]) -> tuple[int, int]:
    """Write rows to a file, whole or not at all; return how many there are, and how many alerts.

    Raises:
        CommandFailed: it cannot be written.
    """
    unfinished = file.with_name(f"{file.name}{_UNFINISHED}")
    n_rows = n_alerts = 0
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("w", newline="", encoding="utf-8") as raw:
            writer = csv.writer(raw, lineterminator="\n")
            writer.writerow(("timestamp", "anomaly_score", "alert"))
            for row in rows:
                writer.writerow(row.cells)
                n_rows += 1
                n_alerts += row.is_alert
        unfinished.replace(file)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandFailed(f"cannot write {file}: {reason}; name another folder with --out") from None
    return n_rows, n_alerts


def _row(line: int, fields: dict[str, str | None], reject: RejectRow) -> CountRow:
    timestamp, value = (fields.get("timestamp") or "").strip(), (fields.get("value") or "").strip()
    at: datetime | None = None
    count: float | None = None
    try:
        at = datetime.fromisoformat(timestamp)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
    except ValueError:
        reject(line, f"timestamp must be ISO 8601, got {timestamp!r}")
    if value:
        try:
            count = float(value)
        except ValueError:
            count = math.nan
        if not (count >= 0 and math.isfinite(count)):
            reject(line, f"value must be a number >= 0, or empty where nobody counted, got {value!r}")
            count = None
    return CountRow(line, timestamp, at, count)
