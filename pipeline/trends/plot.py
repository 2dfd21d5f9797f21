"""Draws a topic's windows: stories, and the negative share with its interval."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from pipeline.records import TrendRecord
from pipeline.trends.series import Series


def save_plot(series: Series, path: Path) -> None:
    """Draw the windows of a series into a picture, of the kind that its name ends in.

    Raises:
        ImportError: matplotlib is not installed (the extra `train`).
        ValueError: no picture is called like that.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6), layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True)
    windows = series.windows
    _draw_stories(upper, windows, timedelta(seconds=series.selection.resolution_s))
    for run in _unbroken(windows):
        _draw_share(lower, run)
    upper.set(title=series.selection.topic, ylabel="stories")
    lower.set(ylabel="negative share", xlabel="UTC", ylim=(0, 1))
    for axes in (upper, lower):
        handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))  # once each
        axes.legend(handles.values(), handles.keys(), loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.savefig(path, dpi=120)


def _draw_stories(axes: Any, windows: list[TrendRecord], width: timedelta) -> None:
    starts = [window.start_at for window in windows]
    axes.bar(starts, [window.n_stories for window in windows], width, align="edge", color="0.8", label="all")
    negative = [window.n_negative for window in windows]
    axes.bar(starts, negative, width, align="edge", color="tab:red", label="negative")


def _draw_share(axes: Any, run: list[TrendRecord]) -> None:
    middles = [window.start_at + (window.end_at - window.start_at) / 2 for window in run]
    axes.plot(middles, [window.negative_share for window in run], "o-", color="tab:red", markersize=3, label="share")
    intervals = [window.negative_interval for window in run if window.negative_interval is not None]
    if len(intervals) == len(run):
        lows, highs = zip(*intervals, strict=True)
        axes.vlines(middles, lows, highs, color="tab:red", alpha=0.2, linewidth=3, label="90 %")
    adjusted = [window.adjusted_negative_share for window in run]
    if None not in adjusted:
        axes.plot(middles, adjusted, ".--", color="tab:blue", markersize=3, label="without the policy's errors")


def _unbroken(windows: list[TrendRecord]) -> list[list[TrendRecord]]:
    """Return the windows that have stories in runs that follow each other: no line is drawn over nothing."""
    runs: list[list[TrendRecord]] = []
    for window in windows:
        if window.negative_share is None:
            continue
        if not runs or runs[-1][-1].end_at != window.start_at:
            runs.append([])
        runs[-1].append(window)
    return runs
