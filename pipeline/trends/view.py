"""Shows a topic's windows as a table; "NA" where there is nothing."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table

from pipeline.records import ChangeRecord, Interval, TrendRecord
from pipeline.trends.series import Series

NA = "NA"
_COLUMNS = (
    *("docu-\nments", "stories", "nega-\ntive", "90 %", "ad-\njusted", "posi-\ntive", "pola-\nrity", "sour-\nces"),
    *("nov-\nelty", "day\nbefore", "week\nbefore", "status"),
)


def table_of(series: Series, max_rows: int) -> Table:
    """Return the last windows of a series.

    Args:
        series: the windows.
        max_rows: more are left out, the oldest first.
    """
    rows = list(series.with_gaps())
    left_out = sum(isinstance(row, TrendRecord) for row in rows[:-max_rows])
    # a narrow terminal gets its figures on several lines, but all of them
    table = Table(
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title=series.selection.topic,
        caption=f"{left_out} earlier windows left out" if left_out else None,
    )
    table.add_column("from, UTC", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name == "status" else "right", overflow="fold")
    for row in rows[-max_rows:]:
        if isinstance(row, TrendRecord):
            table.add_row(f"{row.start_at:%Y-%m-%d %H:%M}", *_cells(row))
        else:
            table.add_row(f"… {row} without", *[NA] * (len(_COLUMNS) - 1), "", style="dim")
    return table


def _cells(window: TrendRecord) -> tuple[str, ...]:
    return (
        str(window.n_documents),
        str(window.n_stories),
        _share(window.negative_share),
        _interval(window.negative_interval),
        _share(window.adjusted_negative_share),
        _share(window.positive_share),
        NA if window.polarity is None else f"{window.polarity:+.2f}",
        str(window.n_sources),
        _share(window.novelty),
        _change(window.day_before),
        _change(window.week_before),
        window.status,
    )


def _share(share: float | None) -> str:
    return NA if share is None else f"{share:.0%}"


def _interval(interval: Interval | None) -> str:
    return NA if interval is None else f"{interval[0]:.0%}-{interval[1]:.0%}"


def _change(change: ChangeRecord | None) -> str:
    if change is None:
        return NA
    points = NA if change.share_difference is None else f"{100 * change.share_difference:+.0f}"
    return f"×{change.stories_ratio:.2g}, {points}"
