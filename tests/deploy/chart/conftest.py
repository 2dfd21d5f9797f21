"""The chart as Helm renders it, and what lies in what it renders."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "deploy" / "helm" / "finsurge"
CASES = sorted(file.name.removesuffix("-values.yaml") for file in (CHART / "ci").glob("*-values.yaml"))
OLDEST, NEWEST = "1.30.0", "1.37.0"
"""Kubernetes: the versions of deploy/tools.sh."""

Object = dict[str, Any]


def values_of(case: str) -> Path:
    """Return the file of values."""
    return CHART / "ci" / f"{case}-values.yaml"


@pytest.fixture(scope="session")
def template(tool: Callable[[str], str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `helm template` with values."""

    def run(
        *arguments: str, values: Path | None = None, kubernetes: str = NEWEST
    ) -> subprocess.CompletedProcess[str]:
        given = ["--values", str(values)] if values else []
        command = [tool("helm"), "template", "prod", str(CHART), "--namespace", "news", *given, *arguments]
        return subprocess.run([*command, "--kube-version", kubernetes], capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def rendered(template: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., list[Object]]:
    """Renders the objects of a case, or of a case with other values set: rendered("gpu", "kafka.partitions=3")."""
    kept: dict[tuple[str, ...], list[Object]] = {}

    def render(case: str, *changes: str) -> list[Object]:
        key = (case, *changes)
        if key not in kept:
            done = template(*(part for change in changes for part in ("--set-json", change)), values=values_of(case))
            assert done.returncode == 0, done.stderr
            kept[key] = [each for each in yaml.safe_load_all(done.stdout) if each]
        return json.loads(json.dumps(kept[key]))

    return render


def of_kind(objects: list[Object], *kinds: str) -> dict[str, Object]:
    """Return the objects of these kinds by component, or by name where they are of none."""
    found = [each for each in objects if each["kind"] in kinds]
    labels = [each["metadata"].get("labels", {}) for each in found]
    return {
        label.get("app.kubernetes.io/component", each["metadata"]["name"]): each
        for each, label in zip(found, labels, strict=True)
    }


def pod_of(workload: Object) -> Object:
    """Return the spec of a workload's pods."""
    return workload["spec"]["template"]["spec"] if "template" in workload["spec"] else workload["spec"]


def environment_of(workload: Object) -> dict[str, str]:
    """Return the variables that a workload's container is given by value."""
    return {each["name"]: each["value"] for each in pod_of(workload)["containers"][0]["env"] if "value" in each}


def settings_of(workload: Object) -> Settings:
    """Return the settings of a workload's container; what a Secret holds is "hidden"."""
    entries = pod_of(workload)["containers"][0]["env"]
    secret = {each["name"]: "hidden" for each in entries if "secretKeyRef" in each.get("valueFrom", {})}
    return load_settings(environment_of(workload) | secret)


WORKLOADS = ("Deployment", "StatefulSet")
PODS = (*WORKLOADS, "Job", "Pod")
