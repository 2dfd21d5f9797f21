"""How a demo is shown: live on a terminal, or as plain lines. Knows nothing of how it is run."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.demo.loop.facts import LoopFacts, LoopStage
from pipeline.demo.progress import Phase, Progress
from pipeline.roles.faust_app import Role

LINE_EVERY_S = 5.0
SHOWN_ALERTS = 4


class View(Protocol):
    """Shows progress."""

    def tell(self, line: str) -> None:
        """Show a line that stays."""

    def show(self, progress: Progress) -> None:
        """Show how far things are."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last picture as it is."""


class PlainView:
    """A line every few seconds, and one for each alert.

    >>> from pipeline.demo.progress import Phase
    >>> import sys
    >>> with PlainView(Console(file=sys.stdout, width=99)) as view:
    ...     view.show(Progress(phase=Phase.STARTING, elapsed_s=3.2, n_sent=0))
       3 s  the worker starts: 0 of 0 documents read, 0/s, lag – – – – –, 0 windows, 0 dead letters
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next_s = 0.0
        self._doing = ""
        self._n_alerts = 0

    def tell(self, line: str) -> None:
        """Print a line."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def show(self, progress: Progress) -> None:
        """Print a line if it is time for one, and new alerts at once."""
        for alert in progress.alerts[self._n_alerts :]:
            self.tell(f"{progress.elapsed_s:4.0f} s  ALERT {alert.record.transition}: {alert.record.summary}")
        self._n_alerts = len(progress.alerts)
        if progress.elapsed_s >= self._next_s or progress.doing != self._doing:
            self.tell(_line(progress))
            self._doing, self._next_s = progress.doing, progress.elapsed_s + LINE_EVERY_S

    def __enter__(self) -> Self:
        """Do nothing."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing."""


class LiveView:
    """A picture that is drawn anew a few times a second."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=4, transient=False)
        self._n_topics = max(5, console.height - 20)

    def tell(self, line: str) -> None:
        """Print a line above the picture."""
        self._live.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def show(self, progress: Progress) -> None:
        """Draw the picture anew."""
        self._live.update(
            Group(
                _head(progress),
                _flow(progress),
                *_loop(progress.loop),
                _topics(progress, self._n_topics),
                _alerts(progress),
            )
        )

    def __enter__(self) -> Self:
        """Take the terminal."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back; the last picture stays."""
        self._live.stop()


def _line(progress: Progress) -> str:
    lag = " ".join(progress.lag(role) for role in Role)
    event = "" if progress.event_at is None else f" to {progress.event_at:%m-%d %H:%M}"
    return (
        f"{progress.elapsed_s:4.0f} s  {progress.doing}{_so_far(progress.loop)}: "
        f"{progress.n_read:,} of {progress.n_sent:,} documents read, {progress.documents_per_s:.0f}/s, lag {lag}, "
        f"{progress.n_windows:,} windows{event}, {sum(progress.dead_letters.values())} dead letters"
    )


def _head(progress: Progress) -> RenderableType:
    text = Text.assemble((" finsurge demo ", "reverse bold"), f" {progress.elapsed_s:.0f} s · {progress.doing}")
    if progress.phase is Phase.LIVE:
        text.append(f" · 1 s of the demo = {progress.speed / 60:.0f} min of news")
    if progress.event_at is not None:
        text.append(f" · news until {progress.event_at:%Y-%m-%d %H:%M} UTC")
    return text


def _flow(progress: Progress) -> RenderableType:
    read = progress.gauges.get(Role.READ)
    columns = {
        "documents/s": f"{progress.documents_per_s:.0f}",
        "read": f"{progress.n_read:,} of {progress.n_sent:,}",
    }
    if read is not None and read.batch_documents is not None:
        columns["batch"] = f"{read.batch_documents:.0f} documents"
    if read is not None and read.queue_age_s is not None:
        columns["queue"] = f"{read.queue_age_s:.1f} s"
    columns |= {"windows": f"{progress.n_windows:,}", "dead letters": str(sum(progress.dead_letters.values()))}
    return Group(_row(columns), _row({f"lag {role.value}": progress.lag(role) for role in Role}))


def _so_far(loop: LoopFacts) -> str:
    """Return how far the loop's present stage is."""
    update = loop.update
    if loop.stage is LoopStage.CORRECTING:
        return f", {loop.n_corrections} of {loop.n_wanted}, {loop.n_rounds} rounds"
    if loop.stage is LoopStage.UPDATING:
        return f", step {update.step} of {update.n_steps}, reward {update.reward or 0.0:.2f}"
    if loop.stage is LoopStage.SHADOW:
        return f", {loop.n_shadow} documents"
    return f", {loop.n_canary} documents" if loop.stage is LoopStage.CANARY else ""


def _loop(loop: LoopFacts) -> Iterator[RenderableType]:
    """Yield what has come of the corrections."""
    if loop.stage is LoopStage.WAITING:
        return
    columns = {"corrections": f"{loop.n_corrections} of {loop.n_wanted}", "rounds": f"{loop.n_rounds}"}
    if loop.update.step:
        columns["update"] = f"step {loop.update.step} of {loop.update.n_steps}"
        columns["reward"] = f"{loop.first_reward or 0.0:.2f} → {loop.update.reward or 0.0:.2f}"
    if loop.new_version is not None:
        columns["gate"] = "judges" if loop.gate is None else loop.gate.reason
        columns["shadow"] = f"{loop.n_shadow} documents"
        columns["canary"] = f"{loop.n_canary} documents"
        columns["policy"] = f"{loop.old_version} → {loop.new_version}" if loop.is_swapped else f"{loop.old_version}"
    if loop.exam is not None:
        columns["red flags read right"] = f"{loop.exam.p_before:.0%} → {loop.exam.p_after:.0%}"
    yield _row(columns)


def _row(columns: dict[str, str]) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name, justify="right", header_style="dim", no_wrap=True)
    table.add_row(*columns.values())
    return table


def _topics(progress: Progress, n_topics: int) -> RenderableType:
    table = Table(title="topics, last 4 h of news", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in ("topic", "documents", "stories", "negative", "polarity", "negative share", ""):
        table.add_column(name, justify="left" if name in ("topic", "") else "right", header_style="dim", no_wrap=True)
    alerting = {alert.record.topic for alert in progress.alerts if alert.record.transition != "closed"}
    for row in progress.rows[:n_topics]:
        share = row.negative_share
        table.add_row(
            row.topic,
            str(row.n_documents),
            str(row.n_stories),
            str(row.n_negative),
            "–" if row.polarity is None else f"{row.polarity:+.2f}",
            "–" if share is None else f"{share:.0%}",
            "█" * round(20 * (share or 0)),
            style="bold red" if row.topic in alerting else "",
        )
    return table


def _alerts(progress: Progress) -> RenderableType:
    if not progress.alerts:
        return Text("no alert so far", style="dim")
    lines = []
    for alert in progress.alerts[-SHOWN_ALERTS:]:
        head = f" {alert.record.transition} · {alert.record.severity} "
        lines.append(Text.assemble((head, "bold white on red"), f" {alert.record.summary}"))
    return Group(*lines)
