"""Shows how far an evaluation is: a bar on a terminal, which leaves nothing behind; nothing elsewhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from models.evaluation.judgement import OnProgress


class EvaluationView:
    """Follows the steps of an evaluation.

    >>> with EvaluationView(Console(quiet=True)) as view:
    ...     view.following("deciding")(1, 2)
    """

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> EvaluationView:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def following(self, what: str) -> OnProgress:
        """Return what is to be told how many of how many are done."""
        task = self._bar.add_task(what, total=None)

        def advance(n_done: int, n_total: int) -> None:
            self._bar.update(task, completed=n_done, total=n_total)

        return advance
