"""Tables, of what Prometheus knows and of what the exporter's pages tell, as Grafana's JSON. Knows no metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploy.grafana.source.panels import Json, Override, Panel, Query, Steps, thresholds

PAGES = {"type": "yesoreyeram-infinity-datasource", "uid": "${pages}"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: how it is called, and what else is to be done with it."""

    source: str  # name of the field, or the letter of a query
    title: str
    unit: str | None = None
    decimals: int | None = None
    width: int | None = None
    steps: Steps | None = None  # colours its cells
    link: Json | None = None
    mappings: Sequence[Json] = ()


def table(
    title: str,
    text: str,
    queries: Mapping[str, Query],
    columns: Sequence[Column],
    *,
    key: str,
    sort: str,
    labels: Sequence[str] = (),
) -> Panel:
    """Return a row for each value of the label `key`, with a column for each query, by its letter, or label."""
    fields = {
        column.source if column.source in (key, *labels) else f"Value #{column.source}": column for column in columns
    }
    names = {name: column.title for name, column in fields.items()}
    transformations: list[Json] = [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": list(names)}}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "indexByName": {name: place for place, name in enumerate(names)},
                "renameByName": names,
            },
        },
    ]
    targets = [query.to_json(letter, as_table=True) for letter, query in queries.items()]
    return _table(title, text, columns, sort, {"targets": targets, "transformations": transformations})


def page_table(
    title: str,
    text: str,
    path: str,
    columns: Sequence[Column],
    *,
    sort: str,
    parameters: Mapping[str, str],
    no_value: str,
) -> Panel:
    """Return what a page of the exporter tells."""
    selected = [{"selector": column.source, "text": column.title, "type": _page_type(column)} for column in columns]
    target: Json = {
        "datasource": PAGES,
        "columns": selected,
        "filters": [],
        "format": "table",
        "parser": "backend",
        "refId": "A",
        "root_selector": "",
        "source": "url",
        "type": "json",
        "url": path,
        "url_options": {
            "data": "",
            "method": "GET",
            "params": [{"key": name, "value": value} for name, value in parameters.items()],
        },
    }
    return _table(title, text, columns, sort, {"datasource": PAGES, "targets": [target]}, no_value)


def _table(
    title: str, text: str, columns: Sequence[Column], sort: str, body: Json, no_value: str = "nothing yet"
) -> Panel:
    return Panel("table", title, text, {
        "fieldConfig": {
            "defaults": {
                "color": {"mode": "thresholds"},
                "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": False},
                "noValue": no_value,
            },
            "overrides": [_of_column(column) for column in columns],
        },
        "options": {
            "cellHeight": "sm",
            "frameIndex": 0,
            "showHeader": True,
            "sortBy": [{"displayName": sort, "desc": True}],
        },
        **body,
    })  # fmt: skip


def _of_column(column: Column) -> Json:
    properties: dict[str, object] = {}
    if column.unit:
        properties["unit"] = column.unit
    if column.decimals is not None:
        properties["decimals"] = column.decimals
    if column.width:
        properties["custom.width"] = column.width
    if column.steps:
        properties["thresholds"] = thresholds(column.steps)
    if column.mappings:
        properties["mappings"] = list(column.mappings)
    if column.steps or column.mappings:
        properties["custom.cellOptions"] = {"type": "color-text"}
    if column.link:
        properties["links"] = [column.link]
    return Override(column.title, properties).to_json()


def _page_type(column: Column) -> str:
    if column.unit == "dateTimeAsIso":
        return "timestamp"
    return "number" if column.unit else "string"
