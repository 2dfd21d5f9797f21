"""What the operators of Prometheus and Grafana get is what lies in deploy/prometheus and deploy/grafana."""

from __future__ import annotations

import json

import yaml

from .conftest import CHART, ROOT, WORKLOADS, of_kind

RULES = ROOT / "deploy" / "prometheus" / "rules"
DASHBOARDS = ROOT / "deploy" / "grafana" / "dashboards"


def test_the_chart_has_no_copies_that_could_differ():
    assert (CHART / "files" / "rules").is_symlink()
    assert (CHART / "files" / "rules").resolve() == RULES
    assert (CHART / "files" / "dashboards").is_symlink()
    assert (CHART / "files" / "dashboards").resolve() == DASHBOARDS


def test_every_file_of_rules_is_a_prometheus_rule(rendered):
    rules = of_kind(rendered("everything"), "PrometheusRule")
    made = {name: each["spec"]["groups"] for name, each in rules.items()}
    files = {file.stem: yaml.safe_load(file.read_text())["groups"] for file in RULES.glob("*.yaml")}
    assert made == {f"prod-finsurge-{name}": groups for name, groups in files.items()}
    assert len(made) > 3
    assert {each["metadata"]["labels"]["release"] for each in rules.values()} == {"prometheus"}


def test_every_dashboard_is_a_config_map_that_the_sidecar_finds(rendered):
    maps = [each for each in rendered("everything") if "grafana_dashboard" in each["metadata"].get("labels", {})]
    made = {name: json.loads(text) for each in maps for name, text in each["data"].items()}
    assert made == {file.name: json.loads(file.read_text()) for file in DASHBOARDS.glob("*.json")}
    assert len(made) > 3
    # what a ConfigMap can hold
    assert all(len(text) < 1_000_000 for each in maps for text in each["data"].values())


def test_prometheus_scrapes_every_component(rendered):
    objects = rendered("everything")
    (monitor,) = [each for each in objects if each["kind"] == "ServiceMonitor"]
    (endpoint,) = monitor["spec"]["endpoints"]
    services = of_kind(objects, "Service")
    selector = monitor["spec"]["selector"]["matchLabels"].items()
    scraped = {
        name
        for name, each in services.items()
        if selector <= each["metadata"]["labels"].items()
        and endpoint["port"] in [p["name"] for p in each["spec"]["ports"]]
    }
    assert scraped == of_kind(objects, *WORKLOADS).keys()
    assert endpoint["path"] == "/metrics"
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": ["news"]}
    # a pod that is not ready is what one wants to hear of most
    assert all(each["spec"]["publishNotReadyAddresses"] for each in services.values())


def test_without_the_operators_there_is_nothing_of_theirs(rendered):
    assert not of_kind(
        rendered("default"), "ServiceMonitor", "PrometheusRule", "ScaledObject", "KafkaTopic", "ConfigMap"
    )
