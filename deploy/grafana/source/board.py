"""A dashboard: its panels row by row, its variables, its annotations, and its links to the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.grafana.source.panels import PROMETHEUS, Json, Panel

TAG = "finsurge"
SCHEMA_VERSION = 41
"""Of Grafana 11.6; later ones read it as well."""
RUNBOOKS = "https://git.example.com/finsurge/blob/main/docs/runbooks/alerts"
"""Where people read them: set it to where this repository is, as Prometheus's external label `runbooks`."""
_WIDTH = 24


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading, from left to right, then down."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Annotation:
    """Marks on every panel of a dashboard, from as long as a series is there."""

    name: str
    expr: str
    color: str
    title: str
    text: str

    def to_json(self) -> Json:
        """Return the annotation."""
        return {
            "datasource": PROMETHEUS,
            "enable": True,
            "hide": False,
            "iconColor": self.color,
            "name": self.name,
            "target": {"expr": self.expr, "interval": "", "refId": "Anno"},
            "titleFormat": self.title,
            "textFormat": self.text,
            "tagKeys": "severity,cause",
        }


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard.

    >>> board = Board("finsurge-test", "Test", "Nothing.", rows=[])
    >>> board.to_json()["uid"]
    'finsurge-test'
    """

    uid: str
    title: str
    text: str
    rows: Sequence[Row]
    variables: Sequence[Json] = ()
    annotations: Sequence[Annotation] = ()
    since: str = "now-6h"

    def to_json(self) -> Json:
        """Return it as Grafana's JSON."""
        return {
            "annotations": {"list": [each.to_json() for each in self.annotations]},
            "description": self.text,
            "editable": False,
            "graphTooltip": 1,
            "links": [_other_boards()],
            "panels": self._panels(),
            "refresh": "30s",
            "schemaVersion": SCHEMA_VERSION,
            "tags": [TAG],
            "templating": {"list": [_sources(), *self.variables, _filters(), *_hidden()]},
            "time": {"from": self.since, "to": "now"},
            "timezone": "browser",
            "title": self.title,
            "uid": self.uid,
            "version": 1,
        }

    def _panels(self) -> list[Json]:
        panels: list[Json] = []
        y = 0
        for row in self.rows:
            panels.append({
                "collapsed": False, "gridPos": {"h": 1, "w": _WIDTH, "x": 0, "y": y}, "id": len(panels) + 1,
                "panels": [], "title": row.title, "type": "row",
            })  # fmt: skip
            y += 1
            x = height = 0
            for panel in row.panels:
                if x + panel.size[0] > _WIDTH:
                    x, y, height = 0, y + height, 0
                panels.append(panel.to_json(len(panels) + 1, x, y))
                x += panel.size[0]
                height = max(height, panel.size[1])
            y += height
        return panels


def query_variable(name: str, label: str, text: str, query: str) -> Json:
    """Return a variable whose values Prometheus knows, one of which is chosen."""
    return {
        "name": name, "label": label, "description": text, "type": "query", "datasource": PROMETHEUS,
        "query": {"qryType": 1, "query": query, "refId": name}, "refresh": 2, "sort": 1, "multi": False,
        "includeAll": False, "allowCustomValue": True, "hide": 0, "options": [], "regex": "", "skipUrlSync": False,
    }  # fmt: skip


def pages_variable() -> Json:
    """Return the variable that says where the exporter's pages are asked for."""
    return {
        "name": "pages", "label": "Pages", "description": "The Infinity data source of the exporter's pages.",
        "type": "datasource", "query": "yesoreyeram-infinity-datasource", "refresh": 1, "multi": False,
        "includeAll": False, "hide": 2, "options": [], "regex": "", "skipUrlSync": False,
    }  # fmt: skip


def _sources() -> Json:
    return {
        "name": "datasource", "label": "Prometheus", "description": "The Prometheus that scrapes finsurge.",
        "type": "datasource", "query": "prometheus", "refresh": 1, "multi": False, "includeAll": False, "hide": 0,
        "options": [], "regex": "", "skipUrlSync": False,
    }  # fmt: skip


def _filters() -> Json:
    return {
        "name": "filters", "label": "Filters", "type": "adhoc", "datasource": PROMETHEUS, "hide": 0,
        "description": "Labels that every query is narrowed to, such as job or namespace, where one Prometheus "
        "scrapes several deployments.", "skipUrlSync": False,
    }  # fmt: skip


def _hidden() -> list[Json]:
    return [{
        "name": "runbooks", "label": "Runbooks", "description": "Where the runbooks are read.", "type": "constant",
        "query": RUNBOOKS, "hide": 2, "skipUrlSync": True,
        "current": {"selected": True, "text": RUNBOOKS, "value": RUNBOOKS},
        "options": [{"selected": True, "text": RUNBOOKS, "value": RUNBOOKS}],
    }]  # fmt: skip


def _other_boards() -> Json:
    return {
        "title": "finsurge", "type": "dashboards", "icon": "external link", "tooltip": "The other dashboards",
        "tags": [TAG], "asDropdown": False, "includeVars": True, "keepTime": True, "targetBlank": False, "url": "",
    }  # fmt: skip
