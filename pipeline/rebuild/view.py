"""What a terminal shows during a rebuild: a bar for each step."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

_RECORDS_PER_UPDATE = 200


class RebuildView:
    """Shows bars, where the console is a terminal.

    >>> with RebuildView(Console(width=60)) as view:
    ...     view.begin("reading", 1)
    ...     view.advance()
    >>> view.step
    'reading'
    """

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task: TaskID | None = None
        self._n_records = 0
        self.step = ""

    def __enter__(self) -> Self:
        """Show the bars."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take them away."""
        self._show()
        self._progress.stop()

    def begin(self, name: str, total: int) -> None:
        """Begin a step of so many records."""
        self._show()
        self.step, self._n_records = name, 0
        self._task = self._progress.add_task(name, total=total)

    def advance(self) -> None:
        """Count a record of it."""
        self._n_records += 1
        if self._n_records % _RECORDS_PER_UPDATE == 0:
            self._show()

    def _show(self) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=self._n_records)
