"""The dashboards are what their code makes, hold to Grafana's published schema, and say what each panel is."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.grafana.source.__main__ import boards, written

Dashboards = dict[str, dict[str, Any]]

ROOT = Path(__file__).resolve().parents[3]
GRAFANA = ROOT / "deploy" / "grafana"
SCHEMA = Path(__file__).parent / "schema"
NAMES = ("analysts", "learning", "overview", "pipeline", "topic")


def panels_of(dashboards: Dashboards) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, dashboard in dashboards.items():
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                yield f"{name}: {panel['title']}", panel


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads((SCHEMA / "schema.json").read_text()))


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_file_is_what_the_code_makes(name: str) -> None:
    mend = "python -m deploy.grafana.source"
    assert written(boards()[name]) == (GRAFANA / "dashboards" / f"{name}.json").read_text(encoding="utf-8"), mend


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_holds_to_the_published_schema(
    name: str, dashboards: Dashboards, schema: jsonschema.Draft7Validator
) -> None:
    assert not [f"{list(error.absolute_path)}: {error.message}" for error in schema.iter_errors(dashboards[name])]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("fieldConfig", "defaults", "units"), "s"),  # no such property
        (("options", "legend", "placement"), "left"),  # no such place
        (("fieldConfig", "defaults", "custom", "lineWidth"), "thick"),
        (("gridPos", "w"), None),
        (("type",), "graph"),  # a panel that Grafana no longer has
    ],
)
def test_the_schema_finds_what_is_wrong(
    path: tuple[str, ...], value: object, dashboards: Dashboards, schema: jsonschema.Draft7Validator
) -> None:
    broken = copy.deepcopy(dashboards["pipeline"])
    target = next(panel for panel in broken["panels"] if panel["type"] == "timeseries")
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    assert list(schema.iter_errors(broken))


def test_the_schema_is_what_grafanas_types_give(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        why = "no npm on the path: apt-get install npm"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    for file in ("dashboard.ts", "package.json", "tsconfig.json"):
        shutil.copy(SCHEMA / file, tmp_path)
    install = [npm, "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    for command in (install, [npm, "run", "--silent", "schema"]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    made = json.loads((tmp_path / "schema.json").read_text())
    assert made == json.loads((SCHEMA / "schema.json").read_text()), f"in {SCHEMA}: npm install && npm run schema"


def test_every_panel_says_what_it_is_and_in_which_unit(dashboards: Dashboards) -> None:
    for name, panel in panels_of(dashboards):
        assert len(panel["description"]) > 20, name
        assert panel["targets"], name
        assert panel["fieldConfig"]["defaults"]["noValue"], name
        if panel["type"] in ("timeseries", "stat"):
            assert panel["fieldConfig"]["defaults"]["unit"], name


def test_panels_have_a_number_each_and_none_lies_over_another(dashboards: Dashboards) -> None:
    for name, dashboard in dashboards.items():
        numbers = [panel["id"] for panel in dashboard["panels"]]
        assert len(set(numbers)) == len(numbers), name
        taken: dict[tuple[int, int], str] = {}
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    assert taken.setdefault((x, y), panel["title"]) == panel["title"], name


def test_what_is_linked_is_there(dashboards: Dashboards) -> None:
    uids = {dashboard["uid"] for dashboard in dashboards.values()}
    assert len(uids) == len(dashboards)
    linked = set(re.findall(r"/d/([a-z-]+)", json.dumps(dashboards)))
    assert linked == {"finsurge-topic"}
    assert linked <= uids
    pages = set(re.findall(r"\$\{runbooks\}/([^\"#]+)", json.dumps(dashboards)))
    assert len(pages) > 5
    rules = "".join(file.read_text() for file in (ROOT / "deploy" / "prometheus" / "rules").glob("*.yaml"))
    assert not [
        page for page in pages if f"/alerts/{page}" not in rules
    ]  # that these pages are there, rules' tests see to


def test_every_variable_that_a_query_names_is_one(dashboards: Dashboards) -> None:
    for name, dashboard in dashboards.items():
        known = {variable["name"] for variable in dashboard["templating"]["list"]}
        targets = [panel.get("targets", []) for panel in dashboard["panels"]]
        named = set(re.findall(r"\$\{?(\w+)", json.dumps(targets)))
        assert {each for each in named if not each.startswith("__")} <= known, name


def test_the_provisioning_names_what_the_dashboards_ask_for(dashboards: Dashboards) -> None:
    file = GRAFANA / "provisioning" / "datasources" / "finsurge.yaml"
    kinds = {source["type"] for source in yaml.safe_load(file.read_text())["datasources"]}
    asked = {target["datasource"]["type"] for _, panel in panels_of(dashboards) for target in panel["targets"]}
    assert asked == kinds
