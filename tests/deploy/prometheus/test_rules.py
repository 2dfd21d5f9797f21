"""The rules for Prometheus: sound, of metrics that there are, each alert tested and with a page that helps."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.metrics.page import families, label_values
from pipeline.metrics.vitals import ALL

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "deploy" / "prometheus"
RULES = sorted((FOLDER / "rules").glob("*.yaml"))
TESTS = sorted((FOLDER / "tests").glob("*.yaml"))
PAGES = ROOT / "docs" / "runbooks" / "alerts"
SECTIONS = ["What it means", "Impact", "First look", "Mend", "When to wake someone"]

OF_TARGETS = {"job", "instance"}
OF_PROCESSES = {"process", "deployment", "version"}
OF_PYTHON = {"process_start_time_seconds"}  # of prometheus_client, as every Python process has it
_SUFFIXES = re.compile(r"_(bucket|sum|count)$")
_SELECTOR = re.compile(r"([a-z][\w:]*_[\w:]*|[a-z]+:[\w:]+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!=|=|!~)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(?:by|on|group_left)\s*\(([^)]*)\)")
_WORDS = {"group_left", "clamp_min", "avg_over_time", "last_over_time", "max_over_time", "predict_linear"}


@dataclass(frozen=True)
class WrittenRule:
    """A rule as it stands in its file."""

    name: str
    expr: str
    is_alert: bool
    fields: dict[str, Any]
    file: Path

    def selectors(self) -> list[tuple[str, dict[str, str]]]:
        """Return the metrics that it asks for, each with its matchers."""
        bare = _GROUPING.sub("", self.expr)
        found = []
        for name, matchers in _SELECTOR.findall(bare):
            if name not in _WORDS:
                found.append((name, {label: value for label, _, value in _MATCHER.findall(matchers)}))
        return found


def _written() -> list[WrittenRule]:
    rules = []
    for file in RULES:
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                name = rule.get("alert") or rule["record"]
                rules.append(WrittenRule(name, rule["expr"], "alert" in rule, rule, file))
    return rules


WRITTEN = _written()
ALERTS = [rule for rule in WRITTEN if rule.is_alert]
RECORDED = {rule.name for rule in WRITTEN if not rule.is_alert}
DECLARED = {family.name: family for family in families()}
VALUES = label_values()


def _family(name: str) -> str:
    return name if name in DECLARED else _SUFFIXES.sub("", name)


@cache
def _tested() -> list[tuple[str, bool]]:
    """Return of each test which alert it is about, and whether that alert fires in it."""
    found = []
    for file in TESTS:
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]:
            for asked in test.get("promql_expr_test", ()):
                alert = test["name"].partition(":")[0]
                fires = any(f'alertname="{alert}"' in sample["labels"] for sample in asked["exp_samples"])
                assert fires == (": fires" in test["name"]), test["name"]
                found.append((alert, fires))
    return found


def test_promtool_finds_no_fault(promtool: str) -> None:
    checked = subprocess.run([promtool, "check", "rules", *RULES], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("SUCCESS") == len(RULES)


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_the_rules_do_what_their_tests_say(file: Path, promtool: str) -> None:
    tested = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, timeout=300)
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("rule", WRITTEN, ids=lambda rule: rule.name)
def test_what_a_rule_asks_for_is_told_with_those_labels(rule: WrittenRule) -> None:
    selectors = rule.selectors()
    assert selectors
    labels = OF_TARGETS | OF_PROCESSES
    for name, matchers in selectors:
        if ":" in name:
            assert name in RECORDED, f"nothing records {name}"
            labels |= {"receiver", "outcome", "reason"}
            continue
        if name in OF_PYTHON:
            continue
        family = DECLARED.get(_family(name))
        assert family is not None, f"no process tells {name}"
        own = {*family.labels, "le"} if family.kind == "histogram" else {*family.labels}
        assert matchers.keys() <= own, f"{name} has no such label: {matchers}"
        labels |= own
        for label, value in matchers.items():
            known = VALUES.get((family.name, label), {})
            unknown = [each for each in value.split("|") if known and each not in known]
            assert not unknown or family.name == "finsurge_process_info", f"{name}: {label} is never {unknown}"
    for grouping in _GROUPING.findall(rule.expr):
        used = {label.strip() for label in grouping.split(",") if label.strip()}
        assert used <= labels, f"{rule.name} groups by {used - labels}"


def test_a_process_in_a_rule_is_one_that_there_is() -> None:
    named = re.findall(r'process(?:=~|!=|=)"([^"]*)"', " ".join(rule.expr for rule in WRITTEN))
    assert named
    assert {process for each in named for process in each.split("|")} <= set(ALL.split())


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule.name)
def test_an_alert_says_what_to_do_and_why_its_bound_is_what_it_is(rule: WrittenRule) -> None:
    assert set(rule.fields["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule.fields["labels"]["severity"] in {"critical", "warning", "info"}
    for name in re.findall(r"Finsurge[A-Z]\w+", " ".join(rule.fields["annotations"].values())):
        assert name in {rule.name for rule in ALERTS}, name
    page = rule.fields["annotations"]["runbook_url"]
    assert page == "{{ $externalLabels.runbooks }}docs/runbooks/alerts/" + f"{rule.name}.md"
    lines = rule.file.read_text(encoding="utf-8").splitlines()
    above = lines[lines.index(f"      - alert: {rule.name}") - 1]
    assert above.startswith("      # "), f"{rule.name}: a comment must say why this bound"


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule.name)
def test_an_alert_has_a_page_for_whoever_it_reaches(rule: WrittenRule) -> None:
    text = (PAGES / f"{rule.name}.md").read_text(encoding="utf-8")
    title, _, body = text.partition("\n")
    assert title == f"# {rule.name}"
    assert f"`{rule.fields['labels']['severity']}`" in body
    assert f"deploy/prometheus/rules/{rule.file.name}" in body
    parts = re.split(r"^## ", body, flags=re.MULTILINE)[1:]
    assert [part.partition("\n")[0] for part in parts] == SECTIONS
    assert all(len(part.partition("\n")[2].strip()) > 5 for part in parts)


def test_every_page_is_of_an_alert_and_in_the_list() -> None:
    pages = {page.stem for page in PAGES.glob("Finsurge*.md")}
    assert pages == {rule.name for rule in ALERTS}
    listed = re.findall(r"\[(Finsurge\w+)\]\(\1\.md\) \| (\w+) ", (PAGES / "README.md").read_text(encoding="utf-8"))
    assert dict(listed) == {rule.name: rule.fields["labels"]["severity"] for rule in ALERTS}


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / link).exists(), link
    for name in re.findall(r"(?<![:\w])finsurge_\w+", text):
        assert _family(name) in DECLARED, f"no process tells {name}"
    for name in re.findall(r"\w+:finsurge_\w+:\w+", text):
        assert name in RECORDED, f"nothing records {name}"
    for name in re.findall(r"\bFinsurge[A-Z]\w+", text):
        assert name in {rule.name for rule in ALERTS}, name


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule.name)
def test_an_alert_is_tested_where_it_fires_and_where_it_does_not(rule: WrittenRule) -> None:
    outcomes = {fires for alert, fires in _tested() if alert == rule.name}
    assert outcomes == {True, False}


def test_no_test_is_of_an_alert_that_there_is_not() -> None:
    assert {alert for alert, _ in _tested()} == {rule.name for rule in ALERTS}
