"""Differences with their intervals as a small picture: a dot and a bar a line. Knows no report."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

_LABEL_WIDTH, _PLOT_WIDTH, _TEXT_WIDTH = 230, 420, 170
_ROW_HEIGHT, _AXIS_HEIGHT = 26, 34


@dataclass(frozen=True, slots=True)
class Row:
    """One difference, in units of reward.

    >>> Row("short", 0.001, -0.004, 0.006, kind="good").label
    'short'
    """

    label: str
    value: float
    low: float
    high: float
    kind: str = ""  # class of the dot: good, bad, or neither


def dots_and_bars(rows: Sequence[Row], *, margin: float) -> str:
    """Return an SVG picture of differences in points; lines mark no difference and the margin.

    >>> dots_and_bars([Row("a < b", 0.0, -0.005, 0.005)], margin=0.01).count("a &lt; b")
    1
    """
    reach = max([margin * 1.5, *(abs(end) for row in rows for end in (row.low, row.high) if math.isfinite(end))])
    step = _step(reach * 100)
    reach = math.ceil(reach * 100 / step) * step / 100
    height = len(rows) * _ROW_HEIGHT + _AXIS_HEIGHT

    def x(value: float) -> str:
        return f"{_LABEL_WIDTH + (max(-reach, min(reach, value)) + reach) / (2 * reach) * _PLOT_WIDTH:.1f}"

    bottom = len(rows) * _ROW_HEIGHT + 4
    parts = [
        f'<svg viewBox="0 0 {_LABEL_WIDTH + _PLOT_WIDTH + _TEXT_WIDTH} {height}" role="img" '
        'aria-label="differences with 95 % intervals, in points">',
        f'<line class="margin" x1="{x(-margin)}" x2="{x(-margin)}" y1="0" y2="{bottom}"/>',
        f'<line class="zero" x1="{x(0)}" x2="{x(0)}" y1="0" y2="{bottom}"/>',
    ]
    for tick in range(-round(reach * 100 / step), round(reach * 100 / step) + 1):
        at = tick * step / 100
        parts.append(f'<text class="tick" x="{x(at)}" y="{bottom + 16}">{_number(at, 1 if step < 1 else 0)}</text>')
    for number, row in enumerate(rows):
        parts += _row(row, number * _ROW_HEIGHT + _ROW_HEIGHT / 2, x(row.low), x(row.value), x(row.high))
    return "".join([*parts, "</svg>"])


def _row(row: Row, y: float, low: str, value: str, high: str) -> list[str]:
    said = f"{_number(row.value, 2)} ({_number(row.low, 2)} to {_number(row.high, 2)})"
    return [
        f'<text class="label" x="{_LABEL_WIDTH - 10}" y="{y + 4:.0f}">{html.escape(row.label)}</text>',
        f'<line class="bar" x1="{low}" x2="{high}" y1="{y:.0f}" y2="{y:.0f}"/>',
        f'<circle class="dot {html.escape(row.kind)}" cx="{value}" cy="{y:.0f}" r="5"/>',
        f'<text class="said" x="{_LABEL_WIDTH + _PLOT_WIDTH + 10}" y="{y + 4:.0f}">{said}</text>',
    ]


def _number(value: float, n_digits: int) -> str:
    text = f"{value * 100:+.{n_digits}f}"
    return "0" if float(text) == 0 else text.replace("-", "−")


def _step(reach: float) -> float:
    """Return the distance of ticks, in points, for at most five on either side."""
    exponent = math.floor(math.log10(reach / 5))
    return next(nice * 10.0**exponent for nice in (1, 2, 5, 10) if nice * 10.0**exponent >= reach / 5 - 1e-12)
