"""Draws a dashboard: each panel at its place in the grid, from its JSON and the answers to its queries."""

from __future__ import annotations

from pathlib import Path
from textwrap import shorten
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from deploy.grafana.drawing import colors
from deploy.grafana.drawing.answers import Row, Sources
from deploy.grafana.drawing.asking import Span
from deploy.grafana.drawing.lines import Styled, lines, moment, stack
from deploy.grafana.drawing.units import written

Json = dict[str, Any]

WIDTH_PX, ROW_PX, DPI = 1600, 38, 100
_TITLE_PX, _LEGEND_PX = 26, 24
_LOG_TICKS_S = (3_600, 86_400, 604_800, 2_592_000, 31_557_600)
_FONT = {"font.family": "DejaVu Sans", "text.color": colors.TEXT, "axes.labelcolor": colors.TEXT}


def save_picture(dashboard: Json, sources: Sources, path: Path) -> None:
    """Draw a dashboard into a picture of a few colours, so that it is small."""
    n_rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    height_px = (n_rows + 2) * ROW_PX
    with mpl.rc_context(_FONT):
        figure = Figure(figsize=(WIDTH_PX / DPI, height_px / DPI), dpi=DPI, facecolor=colors.BACKGROUND)
        page = _Page(figure, WIDTH_PX, height_px)
        figure.text(0.008, 1 - ROW_PX / height_px, dashboard["title"], size=15, weight="bold", va="center")
        marks = sources.annotations(dashboard)
        for panel in dashboard["panels"]:
            page.draw(panel, sources, marks)
        figure.savefig(path, facecolor=colors.BACKGROUND)
    with Image.open(path) as drawn:
        drawn.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


class _Page:
    """A figure with the grid of a dashboard."""

    def __init__(self, figure: Figure, width_px: float, height_px: float) -> None:
        self._figure = figure
        self._width_px, self._height_px = width_px, height_px

    def draw(self, panel: Json, sources: Sources, marks: list[tuple[str, list[tuple[float, float]]]]) -> None:
        place = panel["gridPos"]
        x, width = place["x"] / 24 * self._width_px + 5, place["w"] / 24 * self._width_px - 10
        top, height = (place["y"] + 2) * ROW_PX + 4, place["h"] * ROW_PX - 8
        if panel["type"] == "row":
            title = sources.prometheus.filled(panel["title"], sources.span)
            self._figure.text(x / self._width_px, self._y(top + height / 2), f"⌄  {title}", size=12, va="center")
            return
        frame = (x / self._width_px, self._y(top + height), width / self._width_px, height / self._height_px)
        self._box(frame, fc=colors.PANEL, ec=colors.BORDER, zorder=-2)
        title_y = self._y(top + _TITLE_PX / 2 + 2)
        title = shorten(panel["title"], int(width / 8), placeholder="…")
        self._figure.text((x + 8) / self._width_px, title_y, title, size=9.5, weight="bold", va="center")
        inner = (x, top + _TITLE_PX, width, height - _TITLE_PX)
        draw = {"stat": self._stat, "table": self._table, "state-timeline": self._timeline}.get(panel["type"])
        if draw is not None:
            draw(panel, sources, inner)
        else:
            self._timeseries(panel, sources, inner, marks)

    def _y(self, px: float) -> float:
        return 1 - px / self._height_px

    def _box(self, frame: tuple[float, float, float, float], **style: Any) -> None:
        x, y, width, height = frame
        self._figure.add_artist(Rectangle((x, y), width, height, transform=self._figure.transFigure, **style))

    def _axes(self, x: float, top: float, width: float, height: float) -> Axes:
        axes = self._figure.add_axes(
            (x / self._width_px, self._y(top + height), width / self._width_px, height / self._height_px)
        )
        axes.set_facecolor("none")
        axes.tick_params(colors=colors.WEAK, labelsize=8, length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return axes

    def _nothing(self, panel: Json, inner: tuple[float, float, float, float]) -> None:
        x, top, width, height = inner
        said = panel["fieldConfig"]["defaults"]["noValue"]
        at = ((x + width / 2) / self._width_px, self._y(top + height / 2))
        self._figure.text(*at, said, size=10, color=colors.WEAK, ha="center", va="center")

    def _stat(self, panel: Json, sources: Sources, inner: tuple[float, float, float, float]) -> None:
        found = sources.series(panel)
        if not found:
            self._nothing(panel, inner)
            return
        x, top, width, height = inner
        defaults = panel["fieldConfig"]["defaults"]
        value = found[0].points[-1][1]
        color = colors.of_value(value, defaults["thresholds"])
        said = written(value, defaults["unit"], defaults.get("decimals"))
        mapping = colors.mapped(value, defaults["mappings"])
        said, color = mapping or (said, color)
        if panel["options"]["textMode"] == "name":
            said = "\n".join(series.name for series in found[-2:])
        elif panel["options"]["graphMode"] == "area" and len(found[0].points) > 1 and not defaults["mappings"]:
            axes = self._axes(x + 1, top + height * 0.55, width - 2, height * 0.45)
            times, values = zip(*found[0].points, strict=True)
            axes.plot(times, values, color=color, lw=1)
            axes.fill_between(times, values, min(values), color=color, alpha=0.25, lw=0)
            axes.set_axis_off()
            axes.set_xlim(sources.span.begins_s, sources.span.ends_s)
        if panel["options"]["colorMode"] == "background":
            frame = (x / self._width_px, self._y(top + height), width / self._width_px, height / self._height_px)
            self._box(frame, fc=color, alpha=0.85, zorder=-1)
            color = "white"
        longest = max(len(line) for line in said.split("\n"))
        size = min(26.0, width / max(4, longest) * 0.95)
        at = ((x + width / 2) / self._width_px, self._y(top + height * 0.4))
        self._figure.text(*at, said, size=size, weight="bold", color=color, ha="center", va="center")

    def _timeseries(
        self,
        panel: Json,
        sources: Sources,
        inner: tuple[float, float, float, float],
        marks: list[tuple[str, list[tuple[float, float]]]],
    ) -> None:
        x, top, width, height = inner
        defaults = panel["fieldConfig"]["defaults"]
        custom = defaults["custom"]
        styled = [Styled(panel, series, number) for number, series in enumerate(sources.series(panel))]
        if not styled:
            self._nothing(panel, inner)
            return
        legend = _wrapped([one for one in styled if not one.is_hidden], width - 16)
        legend_px = _LEGEND_PX + 16 * (len(legend) - 1)
        axes = self._axes(x + 62, top + 6, width - 74, height - legend_px - 30)
        for color, spans in marks:
            for begins_s, ends_s in spans:
                axes.axvspan(moment(begins_s), moment(ends_s), color=colors.named(color), alpha=0.13, lw=0)
                axes.axvline(moment(begins_s), color=colors.named(color), lw=1, ls=(0, (4, 3)))
        if custom["stacking"]["mode"] == "normal":
            stack(axes, styled, sources.span.step_s, is_bars=custom["drawStyle"] == "bars")
        else:
            lines(axes, styled, is_bars=custom["drawStyle"] == "bars", width_s=sources.span.step_s)
        self._scale(axes, panel, sources)
        self._legend(legend, (x + 10, top + height - legend_px + _LEGEND_PX / 2))

    def _scale(self, axes: Axes, panel: Json, sources: Sources) -> None:
        defaults = panel["fieldConfig"]["defaults"]
        axes.set_xlim(moment(sources.span.begins_s), moment(sources.span.ends_s))
        axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=6))
        axes.xaxis.set_major_formatter(DateFormatter(_clock(sources.span)))
        axes.grid(color=colors.GRID, lw=0.7)
        axes.set_axisbelow(True)
        if defaults["custom"].get("scaleDistribution"):
            axes.set_yscale("log")
            axes.minorticks_off()
        low, high = axes.get_ylim()
        low = defaults.get("min", low)
        high = defaults.get("max", max(high, defaults["custom"].get("axisSoftMax", 0.0)))
        if high <= low:
            high = low + 1
        axes.set_ylim(low, high)
        if axes.get_yscale() == "log":
            axes.set_yticks(_LOG_TICKS_S)
            axes.set_ylim(low, high)
        else:
            axes.yaxis.set_major_locator(MaxNLocator(5, integer=defaults.get("decimals") == 0 and high > 3))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written(round(value, 9), defaults["unit"])))
        for step in defaults.get("thresholds", {}).get("steps", ()):
            if step["value"] is not None and low <= step["value"] <= high:
                axes.axhline(step["value"], color=colors.named(step["color"]), lw=1, ls=(0, (6, 4)))

    def _legend(self, lines_of: list[list[Styled]], at: tuple[float, float]) -> None:
        x, y = at
        for number, line in enumerate(lines_of):
            used, line_y = 0.0, self._y(y + 16 * number)
            for one in line:
                left = (x + used) / self._width_px
                self._figure.text(left, line_y, "━", color=one.color, size=9, va="center", weight="bold")
                self._figure.text(left + 15 / self._width_px, line_y, one.legend, size=8.5, va="center")
                used += _legend_px(one)

    def _timeline(self, panel: Json, sources: Sources, inner: tuple[float, float, float, float]) -> None:
        found = sources.series(panel)
        if not found:
            self._nothing(panel, inner)
            return
        x, top, width, height = inner
        axes = self._axes(x + 110, top + 6, width - 122, height - _LEGEND_PX - 30)
        mappings = panel["fieldConfig"]["defaults"]["mappings"]
        seen: dict[str, str] = {}
        for number, series in enumerate(found):
            for at_s, value in series.points:
                name, color = colors.mapped(value, mappings) or ("", colors.GRID)
                seen[name] = color
                length = moment(at_s + sources.span.step_s) - moment(at_s)
                axes.barh(number, length, left=moment(at_s), height=0.7, color=color, lw=0)
        axes.set_yticks(range(len(found)), [shorten(series.name, 16, placeholder="…") for series in found])
        axes.set_ylim(len(found) - 0.4, -0.6)
        axes.set_xlim(moment(sources.span.begins_s), moment(sources.span.ends_s))
        axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=6))
        axes.xaxis.set_major_formatter(DateFormatter(_clock(sources.span)))
        used = 0.0
        for name, color in seen.items():
            left, y = (x + 10 + used) / self._width_px, self._y(top + height - _LEGEND_PX / 2)
            self._figure.text(left, y, "■", color=color, size=10, va="center")
            self._figure.text(left + 15 / self._width_px, y, name, size=8.5, va="center")
            used += 8 * len(name) + 30

    def _table(self, panel: Json, sources: Sources, inner: tuple[float, float, float, float]) -> None:
        rows = sources.rows(panel)
        if not rows:
            self._nothing(panel, inner)
            return
        x, top, width, height = inner
        overrides = panel["fieldConfig"]["overrides"]
        columns = [_Cells(each) for each in overrides]
        free = width - 16 - sum(column.width for column in columns)
        n_flexible = sum(not column.width for column in columns)
        left = x + 8
        n_rows = int((height - 22) // 24)
        for column in columns:
            column_px = column.width or max(90.0, free / max(1, n_flexible))
            self._cell(column.title, left, top + 10, column_px, colors.WEAK, weight="bold")
            for number, row in enumerate(rows[:n_rows]):
                said, color = column.shown(row)
                self._cell(said, left, top + 34 + 24 * number, column_px, color)
            left += column_px
        if len(rows) > n_rows:
            more = f"{len(rows) - n_rows} more"
            self._cell(more, x + width - 66, top - _TITLE_PX + 14, 60, colors.WEAK)

    def _cell(self, said: str, x: float, y: float, width: float, color: str, weight: str = "normal") -> None:
        n_chars, said = max(3, int(width / 6.9)), " ".join(said.split())
        text = said if len(said) <= n_chars else said[: n_chars - 1] + "…"
        self._figure.text(x / self._width_px, self._y(y), text, size=9, color=color, va="center", weight=weight)


def _clock(span: Span) -> str:
    return "%H:%M" if span.ends_s - span.begins_s > 600 else "%H:%M:%S"


def _legend_px(one: Styled) -> float:
    return 6.2 * len(one.legend) + 30


def _wrapped(styled: list[Styled], width: float) -> list[list[Styled]]:
    """Return series in lines of a legend, two at the most."""
    wrapped: list[list[Styled]] = [[]]
    for one in styled:
        if wrapped[-1] and sum(map(_legend_px, [*wrapped[-1], one])) > width:
            if len(wrapped) == 2:
                break
            wrapped.append([])
        wrapped[-1].append(one)
    return wrapped


class _Cells:
    """A column as its override has it."""

    def __init__(self, override: Json) -> None:
        properties = {each["id"]: each["value"] for each in override["properties"]}
        self.title = str(override["matcher"]["options"])
        self.width = float(properties.get("custom.width", 0)) * 1.05
        self._unit = properties.get("unit", "none")
        self._decimals = properties.get("decimals")
        self._thresholds = properties.get("thresholds")
        self._mappings = properties.get("mappings", [])
        self._is_link = bool(properties.get("links"))

    def shown(self, row: Row) -> tuple[str, str]:
        """Return what a row's cell says, and its colour."""
        value = row.get(self.title)
        if value is None:
            return "", colors.TEXT
        mapping = colors.mapped(value, self._mappings)
        if mapping:
            return mapping
        color = "#6e9fff" if self._is_link else colors.TEXT
        if self._thresholds and not isinstance(value, str):
            color = colors.of_value(value, self._thresholds)
        return written(value, self._unit, self._decimals), color
