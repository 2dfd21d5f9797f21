"""What a terminal shows during an ingest: a bar for each file, a line for each bad row."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from pipeline.ingest.input_file import InputFile
from pipeline.rejects import RecordRejected

_ROWS_PER_UPDATE = 200


class IngestView:
    """Prints to a console, with bars only where it is a terminal.

    >>> from pipeline.rejects import RejectReason
    >>> console = Console(width=60)
    >>> rejected = RecordRejected(RejectReason.EMPTY_TEXT, "text has no visible character")
    >>> with IngestView(console, max_shown=1) as view:
    ...     view.reject("a.csv", 7, rejected)
    ...     view.reject("a.csv", 8, rejected)
    a.csv:7: empty_text: text has no visible character
    … and 1 more; --all-errors shows every one

    Args:
        console: where to print.
        max_shown: rejected rows that get a line; None for all.
    """

    def __init__(self, console: Console, *, max_shown: int | None) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._console = console
        self._max_shown = max_shown
        self._n_rejected = 0
        self._n_rows = 0
        self._open: list[tuple[InputFile, TaskID]] = []

    def __enter__(self) -> Self:
        """Show the bars."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bars away, and say how many rejected rows got no line."""
        self._progress.stop()
        n_hidden = self._n_rejected - self._max_shown if self._max_shown is not None else 0
        if n_hidden > 0:
            self.tell(f"… and {n_hidden:,} more; --all-errors shows every one")

    def tell(self, line: str) -> None:
        """Print one line above the bars, as it is."""
        self._console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def reject(self, name: str, number: int, rejected: RecordRejected) -> None:
        """Print file, line, reason and detail, until there were too many."""
        self._n_rejected += 1
        if self._max_shown is None or self._n_rejected <= self._max_shown:
            self.tell(f"{name}:{number}: {rejected}")

    def open(self, file: InputFile) -> None:
        """Begin a bar for the file; several may be read in turn."""
        self._open.append((file, self._progress.add_task(Path(file.name).name, total=file.size)))

    def advance(self) -> None:
        """Count a row of an open file."""
        self._n_rows += 1
        if self._n_rows % _ROWS_PER_UPDATE == 0:
            self._move()

    def close(self) -> None:
        """End the open files' bars where their reading ended."""
        self._move()
        self._open.clear()

    def _move(self) -> None:
        for file, task in self._open:
            self._progress.update(task, completed=file.position)
