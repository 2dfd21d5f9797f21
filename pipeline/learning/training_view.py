"""Shows how far a training run is: a bar on a terminal, a line an epoch everywhere."""

from __future__ import annotations

import statistics
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from models.training.trainer import Progress as TrainingProgress


class TrainingView:
    """Follows a run; keeps each step's loss for the plot.

    >>> with TrainingView(Console(quiet=True)) as view:
    ...     view.advance(TrainingProgress(step=1, n_steps=2, epoch=1, loss=0.9, learning_rate=0.001))
    >>> view.losses
    [0.9]
    """

    def __init__(self, console: Console) -> None:
        self.losses: list[float] = []
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
        self._task = self._bar.add_task("reading", total=None)
        self._epoch = 1
        self._epoch_starts_at = 0  # step

    def __enter__(self) -> TrainingView:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self.losses:
            self._end_epoch()
        self._bar.stop()

    def advance(self, progress: TrainingProgress) -> None:
        """Take one step's progress."""
        if progress.epoch != self._epoch:
            self._end_epoch()
            self._epoch = progress.epoch
        self.losses.append(progress.loss)
        self._bar.update(
            self._task,
            completed=progress.step,
            total=progress.n_steps,
            description=f"epoch {progress.epoch}, loss {progress.loss:.3f}",
        )

    def _end_epoch(self) -> None:
        mean = statistics.fmean(self.losses[self._epoch_starts_at :])
        self._epoch_starts_at = len(self.losses)
        self._console.print(f"epoch {self._epoch}: mean loss {mean:.4f}", highlight=False)
