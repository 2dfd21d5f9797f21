"""Draws an episode: negative stories beside what is usual, their share, its alerts, and the stories of an alert."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.backtest.episode import Episode
from pipeline.backtest.series import HOUR_S, Counted, Series, Usual

_BEFORE, _AFTER, _LONGEST = timedelta(hours=36), timedelta(hours=12), timedelta(days=6)
_N_STORIES = 4
_N_CHARACTERS = 118  # of a line below the plot
_COLOURS = {"onset": "#7a7a7a", "opened": "#c0392b", "escalated": "#7b1fa2", "closed": "#2e7d32"}
_NEGATIVE, _USUAL, _HOURLY = "#c0392b", "#4c78a8", "#e6b0aa"
_STEP_S = 300
_NAME_POINTS = 62  # so long is the name of an alert beside its line


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What is drawn of an episode, on one time axis."""

    hourly: Sequence[Counted]
    current: Sequence[Counted]  # the trailing window in which surges are looked for
    usual: Sequence[Usual]
    window_s: int


def plot_name(episode: Episode) -> str:
    """Return the file name of an episode's plot."""
    subject = f"{episode.topic}-{episode.opened.rule}" if episode.opened.rule else episode.topic
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '_', subject)}-{episode.opened_at:%Y-%m-%d-%H%M}.png"


def save_plot(episode: Episode, series: Series, file: Path) -> None:
    """Draw an episode into a PNG.

    Raises:
        ImportError: matplotlib is not installed (the extra `train`).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    begin, end = _span(episode)
    drawn = _drawn(episode, series, begin, end)
    figure = Figure(figsize=(10, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    counts, shares, below = figure.subplots(3, 1, height_ratios=(3, 1.5, 0.85))
    shares.sharex(counts)
    _draw_counts(counts, drawn)
    _draw_shares(shares, drawn)
    _draw_alerts(episode, counts, shares, begin, end)
    counts.set_title(_title(episode), loc="left", fontsize=11, fontweight="bold")
    counts.set_xlim(begin, end)
    _draw_times(counts, shares)
    below.axis("off")
    # as it is: "$FTT falls 5$" is no formula
    below.text(
        0, 1, _caption(episode), va="top", fontsize=8, transform=below.transAxes, parse_math=False, linespacing=1.35
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)


def _span(episode: Episode) -> tuple[datetime, datetime]:
    """Return whole hours around an episode, of a long one around its beginning."""
    first = min(filter(None, (episode.opened.onset_at, episode.opened_at)))
    begin = (first - _BEFORE).replace(minute=0, second=0, microsecond=0)
    last = episode.closed_at or episode.told[-1].alert.at + _AFTER
    end = min(last + _AFTER, episode.opened_at + _LONGEST).replace(minute=0, second=0, microsecond=0)
    return begin, end + timedelta(hours=1)


def _drawn(episode: Episode, series: Series, begin: datetime, end: datetime) -> _Drawn:
    topic, window_s = episode.topic, 4 * HOUR_S
    usual = series.usual(topic, begin, end)
    if usual:  # it moves slowly: before anything was notable it was about the same
        first, last = usual[0], usual[-1]
        usual = [
            Usual(begin, first.expected, first.low, first.high, first.share),
            *usual,
            Usual(end, last.expected, last.low, last.high, last.share),
        ]
    return _Drawn(
        hourly=series.hourly(topic, begin, end),
        current=series.trailing(topic, begin, end, window_s, _STEP_S),
        usual=usual,
        window_s=window_s,
    )


def _draw_counts(axes: Any, drawn: _Drawn) -> None:
    axes.bar(
        [each.at for each in drawn.hourly],
        [each.n_negative for each in drawn.hourly],
        width=timedelta(seconds=HOUR_S * 0.9),
        align="edge",
        color=_HOURLY,
        label="negative stories in the hour",
    )
    axes.plot(
        [each.at for each in drawn.current],
        [each.n_negative for each in drawn.current],
        color=_NEGATIVE,
        linewidth=1.4,
        drawstyle="steps-post",
        label=f"in the last {drawn.window_s // HOUR_S} h",
    )
    times = [each.at for each in drawn.usual]
    axes.fill_between(
        times,
        [each.low for each in drawn.usual],
        [each.high for each in drawn.usual],
        step="post",
        color=_USUAL,
        alpha=0.25,
        linewidth=0,
        label=f"usual in {drawn.window_s // HOUR_S} h, 5 to 95 %",
    )
    axes.plot(times, [each.expected for each in drawn.usual], color=_USUAL, linewidth=1, linestyle="--")
    axes.set_ylabel("negative stories")
    axes.set_ylim(bottom=0, top=1.45 * max(4, *(each.n_negative for each in drawn.current)))
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="upper left", fontsize=8, framealpha=0.9)


def _draw_shares(axes: Any, drawn: _Drawn) -> None:
    share = [float("nan") if each.share is None else each.share for each in drawn.current]
    axes.plot([each.at for each in drawn.current], share, color=_NEGATIVE, linewidth=1.4, drawstyle="steps-post")
    axes.plot(
        [each.at for each in drawn.usual],
        [each.share for each in drawn.usual],
        color=_USUAL,
        linewidth=1,
        linestyle="--",
        label="usual",
    )
    axes.set(ylabel=f"negative share, {drawn.window_s // HOUR_S} h", ylim=(-0.03, 1.4))
    axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axes.legend(loc="upper left", fontsize=8, framealpha=0.9)


def _draw_alerts(episode: Episode, counts: Any, shares: Any, begin: datetime, end: datetime) -> None:
    lines = [("onset", episode.opened.onset_at)] + [(each.alert.transition, each.alert.at) for each in episode.told]
    top, n_crowded, last_at = counts.get_ylim()[1], 0, begin
    for name, at in lines:
        if at is None or not begin <= at <= end:
            continue
        is_onset = name == "onset"
        for axes in (counts, shares):
            axes.axvline(at, color=_COLOURS[name], linewidth=1.2, linestyle=":" if is_onset else "-")
        if not is_onset:  # names that would lie on each other go below each other
            n_crowded = n_crowded + 1 if at - last_at < (end - begin) / 40 else 0
            last_at = at
        counts.annotate(
            f"{name} {at:%H:%M}",
            (at, top),
            xytext=(-3 if is_onset else 3, -4 - (0 if is_onset else _NAME_POINTS * n_crowded)),
            textcoords="offset points",
            rotation=90,
            ha="right" if is_onset else "left",
            va="top",
            fontsize=8,
            color=_COLOURS[name],
        )


def _draw_times(counts: Any, shares: Any) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=4, maxticks=12)
    days = ["%Y", "%b", "%d %b"]
    clock = ["%H:%M", "%H:%M", "%S"]
    formatter = ConciseDateFormatter(
        locator, formats=[*days, *clock], zero_formats=["", "%Y", "%d %b", "%d %b", *clock[1:]], show_offset=False
    )
    shares.xaxis.set_major_locator(locator)
    shares.xaxis.set_major_formatter(formatter)
    counts.tick_params(labelbottom=False)
    for axes in (counts, shares):
        axes.grid(axis="y", linewidth=0.4, alpha=0.5)
        axes.spines[["top", "right"]].set_visible(False)
    shares.set_xlabel("UTC", loc="right", fontsize=8)


def _title(episode: Episode) -> str:
    opened = episode.opened
    rule = f", rule {opened.rule}" if opened.rule else ""
    return f"{opened.topic_name}{rule}: opened {opened.at:%Y-%m-%d %H:%M} UTC, {episode.severity}"


def _caption(episode: Episode) -> str:
    """Return the stories that the gravest alert rests on, in their order; of one that names none, what it says."""
    alert = episode.raising[-1].alert
    if not alert.stories:
        return textwrap.fill(alert.summary, _N_CHARACTERS)
    stories = sorted(alert.stories[:_N_STORIES], key=lambda story: story.published_at)
    lines = [
        f"{story.published_at:%d %b %H:%M}  {_shortened(story.excerpt)}  ({story.source}"
        + (f", {story.copies} copies)" if story.copies > 1 else ")")
        for story in stories
    ]
    return "\n".join(lines)


def _shortened(excerpt: str) -> str:
    return textwrap.shorten(excerpt, _N_CHARACTERS, placeholder="…")
