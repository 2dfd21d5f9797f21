"""Shows how far a study is, and what it found: bars while it runs, tables at its end."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipeline.learning.study_run import Step
from rl.study.plan import StudyPart

if TYPE_CHECKING:
    from rl.study.resampling import Estimate
    from rl.study.results import ArmResult, StudyResult

_HOSTILE = {StudyPart.HOSTILE: "where asked", StudyPart.FINDING: "and unasked"}
_NAMES = {"reward": "reward", "document_macro_f1": "document macro F1", "joint_f1": "joint F1"}


class StudyView:
    """Follows a study, one bar for the whole and one for each course on its way.

    >>> with StudyView(Console(quiet=True), n=2) as view:
    ...     view.advance(Step("start", 1, 1))
    """

    def __init__(self, console: Console, n: int) -> None:
        """Follow a study of `n` parts: the start policy, the ceiling, and each course."""
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._whole = self._bar.add_task("study", total=n)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> StudyView:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self, step: Step) -> None:
        """Take a step of a part."""
        if step.n_done == step.n:
            self._end(step.name)
            return
        if step.name not in self._tasks:
            self._tasks[step.name] = self._bar.add_task(step.name, total=step.n)
        self._bar.update(self._tasks[step.name], completed=step.n_done, total=step.n)

    def _end(self, name: str) -> None:
        if name in self._tasks:
            self._bar.remove_task(self._tasks.pop(name))
        self._bar.advance(self._whole)
        if not self._console.is_terminal:
            done = self._bar.tasks[0]
            self._console.print(f"{name} is done, {done.completed:.0f} of {done.total:.0f}", highlight=False)


def tables_of(result: StudyResult) -> Iterator[Table]:
    """Yield the tables of a study: the arms by part, then what hostile analysts did."""
    for part in dict.fromkeys(arm.part for arm in result.arms):
        table = Table("arm", *_NAMES.values(), "share of the distance", "of joint F1's", "reward over supervised")
        table.title = f"{part.value}: {len(result.seeds)} seeds, {result.n_held_out} held-out documents"
        table.add_row("none", *(f"{result.without_update[name]:.3f}" for name in _NAMES), "0", "0", "")
        for arm in (arm for arm in result.arms if arm.part is part):
            table.add_row(*_row(arm))
        table.add_row("ceiling", *(f"{result.ceiling[name]:.3f}" for name in _NAMES), "1", "1", "")
        yield table
    if result.hostile:
        table = Table(
            "hostile",
            "arm",
            "joint F1 lost",
            "reward lost",
            "polarity moved",
            "hostile quarantined",
            "honest held somewhere",
        )
        table.title = "hostile, against the same without them"
        for hostile in result.hostile:
            table.add_row(
                _HOSTILE[hostile.part],
                hostile.arm,
                _signed(hostile.joint_f1_lost),
                _signed(hostile.reward_lost),
                _signed(hostile.polarity_moved),
                f"{hostile.n_quarantined} of {hostile.n_hostile}",
                str(hostile.n_honest_held),
            )
        yield table


def _row(arm: ArmResult) -> list[str]:
    over = "" if arm.over_yardstick is None else _signed(arm.over_yardstick["reward"])
    figures = [f"{arm.figures[name].value:.3f}" for name in _NAMES]
    return [arm.arm, *figures, _share(arm.share["reward"]), _share(arm.share["joint_f1"]), over]


def _share(share: Estimate) -> str:
    return f"{share.value:.2f} ({share.low:.2f} to {share.high:.2f})"


def _signed(estimate: Estimate) -> str:
    return f"{estimate.value:+.4f} ({estimate.low:+.4f} to {estimate.high:+.4f})"
