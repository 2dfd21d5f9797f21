"""The kinds of panel that the dashboards are made of, tables aside, as Grafana's JSON. Knows no metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

Json = dict[str, object]

PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}
GREEN, YELLOW, ORANGE, RED, BLUE, PURPLE, GREY = (
    "green", "yellow", "orange", "red", "blue", "purple", "rgba(204, 204, 220, 0.35)",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """A question to Prometheus, and how its series are called.

    >>> Query("up", "{{job}}").is_instant
    False
    """

    expr: str
    legend: str = "__auto"
    is_instant: bool = False  # of now, for tables and single figures

    def to_json(self, ref_id: str, *, as_table: bool = False) -> Json:
        """Return the target."""
        return {
            "datasource": PROMETHEUS,
            "editorMode": "code",
            "expr": self.expr,
            "format": "table" if as_table else "time_series",
            "instant": self.is_instant,
            "legendFormat": self.legend,
            "range": not self.is_instant,
            "refId": ref_id,
        }


@dataclass(frozen=True, slots=True)
class Override:
    """Properties of the series of a name."""

    name: str  # a regular expression between slashes, or a name
    properties: Mapping[str, object]

    def to_json(self) -> Json:
        """Return the override."""
        matcher = "byRegexp" if self.name.startswith("/") else "byName"
        return {
            "matcher": {"id": matcher, "options": self.name},
            "properties": [{"id": name, "value": value} for name, value in self.properties.items()],
        }


Steps = tuple[tuple[float | None, str], ...]
"""Thresholds: from this value on this colour; the first from `None`."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel, without its place.

    >>> Panel("text", "Hello", "Says hello.", {}).size
    (12, 8)
    """

    kind: str
    title: str
    text: str
    body: Json
    size: tuple[int, int] = (12, 8)
    links: tuple[Json, ...] = field(default=())

    def sized(self, width: int, height: int = 8) -> Panel:
        """Return it with another size, in columns of 24 and in rows."""
        return replace(self, size=(width, height))

    def linked(self, *links: Json) -> Panel:
        """Return it with further links."""
        return replace(self, links=(*self.links, *links))

    def to_json(self, number: int, x: int, y: int) -> Json:
        """Return the panel at its place."""
        width, height = self.size
        return {
            "datasource": PROMETHEUS,
            "description": self.text,
            "gridPos": {"h": height, "w": width, "x": x, "y": y},
            "id": number,
            "links": list(self.links),
            "title": self.title,
            "type": self.kind,
            **self.body,
        }


def link(title: str, url: str, *, is_new_tab: bool = False) -> Json:
    """Return a link, of a panel or of the values in it."""
    return {"title": title, "url": url, "targetBlank": is_new_tab}


def runbook(alert: str) -> Json:
    """Return a panel's link to the runbook of an alert."""
    return {
        **link(f"Runbook: {alert}", f"${{runbooks}}/{alert}.md", is_new_tab=True),
        "type": "link", "icon": "doc", "tooltip": "What to do when it fires", "tags": [],
        "asDropdown": False, "includeVars": False, "keepTime": False,
    }  # fmt: skip


def timeseries(
    title: str,
    text: str,
    *queries: Query,
    unit: str,
    is_stacked: bool = False,
    is_bars: bool = False,
    is_log: bool = False,
    fill: int = 8,
    minimum: float | None = 0,
    maximum: float | None = None,
    soft_maximum: float | None = None,
    decimals: int | None = None,
    steps: Steps = (),
    overrides: Sequence[Override] = (),
    value_link: Json | None = None,
    legend: Sequence[str] = ("lastNotNull",),
    no_value: str = "nothing yet",
) -> Panel:
    """Return lines, bars or areas over time; an axis goes to `soft_maximum` at least, that of bars to 1."""
    custom: Json = {
        "drawStyle": "bars" if is_bars else "line",
        "lineWidth": 1 if is_bars or is_stacked else 2,
        "fillOpacity": 70 if is_bars else (35 if is_stacked else fill),
        "gradientMode": "none",
        "lineInterpolation": "linear",
        "showPoints": "never",
        "spanNulls": 120_000,
        "stacking": {"mode": "normal" if is_stacked else "none", "group": "A"},
        "axisBorderShow": False,
        "thresholdsStyle": {"mode": "dashed" if steps else "off"},
    }
    _set(custom, axisSoftMax=1 if is_bars else soft_maximum)
    if is_log:
        custom["scaleDistribution"] = {"type": "log", "log": 10}
    defaults: Json = {"unit": unit, "custom": custom, "color": {"mode": "palette-classic"}, "noValue": no_value}
    _set(defaults, min=None if is_log else minimum, max=maximum, decimals=decimals)
    if steps:
        defaults["thresholds"] = thresholds(steps)
    if value_link:
        defaults["links"] = [value_link]
    shown = {"displayMode": "table" if len(legend) > 1 else "list", "placement": "bottom", "showLegend": True}
    return Panel("timeseries", title, text, {
        "fieldConfig": {"defaults": defaults, "overrides": [each.to_json() for each in overrides]},
        "options": {
            "legend": {**shown, "calcs": list(legend)},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": _targets(queries),
    })  # fmt: skip


def stat(
    title: str,
    text: str,
    query: Query,
    *,
    unit: str,
    steps: Steps = ((None, GREEN),),
    decimals: int | None = None,
    is_named: bool = False,
    is_filled: bool = False,
    value_link: Json | None = None,
    mappings: Sequence[Json] = (),
    no_value: str = "-",
) -> Panel:
    """Return one figure, with its course behind it; `is_named` shows the series' name in its place."""
    defaults: Json = {
        "unit": unit,
        "color": {"mode": "thresholds"},
        "thresholds": thresholds(steps),
        "mappings": list(mappings),
        "noValue": no_value,
    }
    _set(defaults, decimals=decimals)
    if value_link:
        defaults["links"] = [value_link]
    return Panel("stat", title, text, {
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {
            "colorMode": "background" if is_filled else "value",
            "graphMode": "none" if is_named else "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "textMode": "name" if is_named else "auto",
            "wideLayout": True,
        },
        "targets": _targets([query]),
    }, size=(4, 4))  # fmt: skip


def timeline(title: str, text: str, *queries: Query, mappings: Sequence[Json], no_value: str) -> Panel:
    """Return a strip for each series, coloured by its value over time."""
    return Panel("state-timeline", title, text, {
        "fieldConfig": {
            "defaults": {
                "color": {"mode": "thresholds"},
                "custom": {"fillOpacity": 80, "lineWidth": 0},
                "mappings": list(mappings),
                "noValue": no_value,
                "thresholds": thresholds(((None, GREY),)),
            },
            "overrides": [],
        },
        "options": {
            "alignValue": "left",
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "mergeValues": True,
            "rowHeight": 0.8,
            "showValue": "never",
            "tooltip": {"mode": "single", "sort": "none"},
        },
        "targets": _targets(queries),
    })  # fmt: skip


def states(*values: tuple[float, str, str]) -> Json:
    """Return a mapping of values to words and colours."""
    shown = {
        f"{value:g}": {"index": n, "text": name, "color": color} for n, (value, name, color) in enumerate(values)
    }
    return {"type": "value", "options": shown}


def words(colors: Mapping[str, str]) -> Json:
    """Return a mapping of words to colours."""
    shown = {name: {"index": n, "color": color, "text": name} for n, (name, color) in enumerate(colors.items())}
    return {"type": "value", "options": shown}


def fixed(color: str) -> Json:
    """Return one colour for all."""
    return {"mode": "fixed", "fixedColor": color}


def thresholds(steps: Steps) -> Json:
    """Return thresholds for a field."""
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in steps]}


def _targets(queries: Sequence[Query]) -> list[Json]:
    return [query.to_json(chr(ord("A") + number)) for number, query in enumerate(queries)]


def _set(target: Json, **values: object) -> None:
    target.update({name: value for name, value in values.items() if value is not None})
