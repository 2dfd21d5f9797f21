"""What a back-test leaves in its folder: a plot per episode, and the report as JSON and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from pipeline.backtest.markdown import markdown
from pipeline.backtest.plot import plot_name, save_plot
from pipeline.backtest.report import Report
from pipeline.backtest.run import Outcome
from pipeline.errors import CommandFailed

REPORT_FILE = "report.json"
PAGE_FILE = "report.md"
_PLOTS = "plots"


def plot_names(outcome: Outcome) -> dict[tuple[str, str], str]:
    """Return the plot of each episode of each rule set, from the report's folder."""
    return {
        (trial.rules.name, episode.id): f"{_PLOTS}/{trial.rules.name}/{plot_name(episode)}"
        for trial in outcome.trials
        for episode in trial.episodes
    }


def save_plots(outcome: Outcome, folder: Path, on_plot: Callable[[], None]) -> None:
    """Draw every episode; plots of an earlier back-test are taken away.

    Raises:
        ImportError: matplotlib is not installed (the extra `train`).
        CommandFailed: the folder cannot be written.
    """
    names = plot_names(outcome)
    with _writing(folder):
        for old in sorted((folder / _PLOTS).glob("*/*.png")):
            old.unlink()
        for trial in outcome.trials:
            for episode in trial.episodes:
                save_plot(episode, outcome.series, folder / names[trial.rules.name, episode.id])
                on_plot()


def save_report(report: Report, folder: Path) -> None:
    """Write the report, as JSON and as a page.

    Raises:
        CommandFailed: the folder cannot be written.
    """
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        json = msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
        for name, content in ((REPORT_FILE, json), (PAGE_FILE, markdown(report).encode())):
            unfinished = folder / f"{name}.part"
            unfinished.write_bytes(content)
            unfinished.replace(folder / name)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandFailed(f"cannot write to {folder}: {reason}; make room, or name another folder") from None
