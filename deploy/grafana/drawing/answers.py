"""What a panel shows: its queries' answers as named series, or as the rows of a table."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.grafana.drawing.asking import Prometheus, Series, Span

Json = dict[str, Any]
Row = dict[str, float | str]


@dataclass(frozen=True, slots=True)
class Named:
    """A series as its legend calls it."""

    name: str
    labels: Mapping[str, str]
    points: list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where dashboards ask: a Prometheus, and the exporter's pages."""

    prometheus: Prometheus
    pages: str
    span: Span

    def series(self, panel: Json) -> list[Named]:
        """Return the series of a panel's queries, in their order."""
        found = []
        for target in panel["targets"]:
            ask = self.prometheus.at_end if target["instant"] else self.prometheus.over
            answer = [series for series in ask(target["expr"], self.span) if series.points]
            found += [Named(_legend(target["legendFormat"], one), one.labels, one.points) for one in answer]
        return found

    def rows(self, panel: Json) -> list[Row]:
        """Return the rows of a table, by the titles of its columns, sorted."""
        is_page = "expr" not in panel["targets"][0]
        rows = self._page(panel["targets"][0]) if is_page else self._merged(panel)
        key = panel["options"]["sortBy"][0]["displayName"]
        return sorted(rows, key=lambda row: (key in row, row.get(key, 0)), reverse=True)

    def annotations(self, dashboard: Json) -> list[tuple[str, list[tuple[float, float]]]]:
        """Return the colours of a dashboard's annotations, and from when to when each is."""
        found = []
        for annotation in dashboard["annotations"]["list"]:
            spans = []
            for series in self.prometheus.over(annotation["target"]["expr"], self.span):
                spans += self._runs([at_s for at_s, value in series.points if value])
            found.append((annotation["iconColor"], spans))
        return found

    def _runs(self, times: list[float]) -> list[tuple[float, float]]:
        runs: list[tuple[float, float]] = []
        for at_s in times:
            if runs and at_s - runs[-1][1] <= 1.5 * self.span.step_s:
                runs[-1] = (runs[-1][0], at_s)
            else:
                runs.append((at_s, at_s))
        return runs

    def _merged(self, panel: Json) -> list[Row]:
        """Do what the transformations `merge` and `organize` do."""
        names = panel["transformations"][-1]["options"]["renameByName"]
        key = next(name for name in names if not name.startswith("Value #"))
        rows: dict[str, Row] = {}
        for target in panel["targets"]:
            for series in self.prometheus.at_end(target["expr"], self.span):
                row = rows.setdefault(series.labels[key], {})
                row.update({names[name]: value for name, value in series.labels.items() if name in names})
                letter = f"Value #{target['refId']}"
                if letter in names and series.points:
                    row[names[letter]] = series.points[-1][1]
        return list(rows.values())

    def _page(self, target: Json) -> list[Row]:
        parameters = {one["key"]: one["value"] for one in target["url_options"]["params"]}
        filled = {name: self.prometheus.filled(value, self.span) for name, value in parameters.items()}
        url = f"{self.pages}{target['url']}?{urllib.parse.urlencode(filled)}"
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310
            told = json.load(answer)
        columns = {column["selector"]: column["text"] for column in target["columns"]}
        return [
            {columns[name]: value for name, value in row.items() if name in columns and value is not None}
            for row in told
        ]


def _legend(written: str, series: Series) -> str:
    if written == "__auto":
        return ", ".join(series.labels.values()) or "value"
    return re.sub(r"\{\{(\w+)\}\}", lambda match: series.labels.get(match[1], ""), written)
