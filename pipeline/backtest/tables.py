"""A back-test's report on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.backtest import wording
from pipeline.backtest.report import EpisodeRow, Report, TrialReport

_MAX_TOPICS = 10


def show(report: Report, console: Console) -> None:
    """Print the comparison, then what each rule set found."""
    for line in wording.stream_lines(report):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(_table("", ("rules", *(trial.rules for trial in report.trials)), wording.compared(report)))
    for trial in report.trials:
        for table in _trial(trial):
            console.print(table)


def _trial(trial: TrialReport) -> Iterator[RenderableType]:
    if trial.events:
        yield _table(f"{trial.rules}: known events", wording.EVENT_COLUMNS, map(wording.event, trial.events))
    if trial.topics:
        shown = trial.topics[:_MAX_TOPICS]
        n_more = len(trial.topics) - len(shown)
        title = f"{trial.rules}: episodes opened" + (f" ({n_more} more topics in report.md)" if n_more else "")
        rows = ((row.topic_name, str(row.n_opened), wording.by_month(row)) for row in shown)
        yield _table(title, ("topic", "all", "by month"), rows)
    listed: Sequence[EpisodeRow] = [row for row in trial.episodes if row.is_other is not False]
    if listed:
        what = "alerts about no known event" if trial.events else "alerts"
        yield _table(f"{trial.rules}: {what}", wording.EPISODE_COLUMNS, map(wording.episode, listed))


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(*columns, title=title or None, title_justify="left")
    for row in rows:
        table.add_row(*map(Text, row))  # texts from outside are no markup
    return table
