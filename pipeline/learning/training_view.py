"""Shows how far a training run is: a bar on a terminal, a line an epoch everywhere."""

from __future__ import annotations

from statistics import fmean
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from models.training.fitting import Progress as TrainingProgress


class TrainingView:
    """Follows a run through its stages.

    >>> with TrainingView(Console(quiet=True)) as view:
    ...     view.advance("asking teachers", 1, 2)
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._stage = ""
        self._epoch = 0
        self._losses: list[float] = []
        self._task = self._bar.add_task("reading", total=None)

    def __enter__(self) -> TrainingView:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._end_epoch()
        self._bar.stop()

    def advance(self, stage: str, n_done: int, n: int, progress: TrainingProgress | None = None) -> None:
        """Take how many of how many are done of a stage; in training, with what the step was like."""
        epoch = progress.epoch if progress else 0
        if (stage, epoch) != (self._stage, self._epoch):
            self._end_epoch()
        if stage != self._stage:
            self._bar.reset(self._task, total=n)
        self._stage, self._epoch = stage, epoch
        told = stage
        if progress is not None:
            self._losses.append(progress.loss)
            told = f"{stage}, epoch {epoch}, loss {progress.loss:.3f}"
        self._bar.update(self._task, completed=n_done, total=n, description=told)

    def _end_epoch(self) -> None:
        if self._losses:
            told = f"{self._stage}, epoch {self._epoch}: mean loss {fmean(self._losses):.4f}"
            self._console.print(told, highlight=False)
        self._losses = []
