"""Series as lines, areas and bars over time, as their panel's defaults and overrides have them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from matplotlib.axes import Axes
from matplotlib.dates import date2num

from deploy.grafana.drawing import colors
from deploy.grafana.drawing.answers import Named
from deploy.grafana.drawing.units import written

Json = dict[str, Any]


class Styled:
    """A series with the colours and lines that defaults and overrides give it; `number` is its place."""

    def __init__(self, panel: Json, series: Named, number: int) -> None:
        config = panel["fieldConfig"]
        properties = dict(config["defaults"]["custom"])
        color = colors.classic(number)
        for override in config["overrides"]:
            if override["matcher"]["options"] == series.name:
                for each in override["properties"]:
                    properties[each["id"].removeprefix("custom.")] = each["value"]
        if isinstance(properties.get("color"), dict):
            color = colors.named(properties["color"]["fixedColor"])
        self.series, self.color = series, color
        self.width = properties["lineWidth"]
        self.opacity = properties["fillOpacity"] / 100
        self.below = properties.get("fillBelowTo")
        self.is_dashed = properties.get("lineStyle", {}).get("fill") == "dash"
        self.is_hidden = bool(properties.get("hideFrom", {}).get("legend"))
        defaults = config["defaults"]
        last = written(series.points[-1][1], defaults["unit"], defaults.get("decimals"))
        self.legend = f"{series.name}  {last}"
        self._spanned_s = properties["spanNulls"] / 1000

    def whole_points(self) -> list[tuple[float, float]]:
        """Return the points, with one that is not a number where a line would lead over too long a time."""
        points: list[tuple[float, float]] = []
        for at_s, value in self.series.points:
            if points and at_s - points[-1][0] > self._spanned_s:
                points.append((points[-1][0] + 1, math.nan))
            points.append((at_s, value))
        return points


def lines(axes: Axes, styled: list[Styled], *, is_bars: bool, width_s: float) -> None:
    """Draw series beside each other."""
    by_name = {one.series.name: dict(one.series.points) for one in styled}
    for one in styled:
        times, values = zip(*one.whole_points(), strict=True)
        at = [moment(at_s) for at_s in times]
        if is_bars:
            axes.bar(at, values, width=moment(times[0] + width_s) - at[0], color=one.color, alpha=0.7)
            continue
        if one.width:
            style: Any = (0, (5, 3)) if one.is_dashed else "-"
            axes.plot(at, values, color=one.color, lw=one.width * 0.8, ls=style)
        if one.below:
            low = by_name[one.below]
            axes.fill_between(
                at, values, [low.get(at_s, 0.0) for at_s in times], color=one.color, alpha=one.opacity, lw=0
            )
        elif one.opacity:
            axes.fill_between(at, values, 0, color=one.color, alpha=one.opacity, lw=0)


def stack(axes: Axes, styled: list[Styled], step_s: float, *, is_bars: bool) -> None:
    """Draw series upon each other."""
    times = sorted({at_s for one in styled for at_s, _ in one.series.points})
    base = [0.0] * len(times)
    at = [moment(at_s) for at_s in times]
    for one in styled:
        values = dict(one.series.points)
        heights = [values.get(at_s, 0.0) for at_s in times]
        tops = [low + height for low, height in zip(base, heights, strict=True)]
        if is_bars:
            axes.bar(at, heights, bottom=base, width=moment(times[0] + step_s) - at[0], color=one.color, alpha=0.7)
        else:
            axes.fill_between(at, base, tops, color=one.color, alpha=0.35, lw=0)
            axes.plot(at, tops, color=one.color, lw=1)
        base = tops


def moment(at_s: float) -> float:
    """Return a time as matplotlib has it."""
    return float(date2num(datetime.fromtimestamp(at_s, UTC)))
