"""What Helm, kubeconform and kube-score say of the chart."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from .conftest import CASES, CHART, NEWEST, OLDEST, ROOT, values_of

SCHEMAS = Path(__file__).parent / "schemas"
NOT_ASKED = {
    # pods of a component are spread by topologySpreadConstraints, which say more
    "deployment-has-host-podantiaffinity",
    "statefulset-has-host-podantiaffinity",
    # a version's image does not change; whoever has a tag that does sets image.pullPolicy
    "container-image-pull-policy",
    # surges has one partition to work on, and notify little to do: nobody waits for an answer of theirs
    "deployment-replicas",
}


@pytest.mark.parametrize("case", CASES)
def test_helm_finds_no_fault(case, tool):
    command = [tool("helm"), "lint", "--strict", "--values", str(values_of(case)), str(CHART)]
    done = subprocess.run([*command, "--kube-version", OLDEST], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kubernetes", [OLDEST, NEWEST])
def test_kubernetes_knows_every_field(kubernetes, tool, template, tmp_path):
    n_objects = 0
    for case in CASES:
        text = template(values=values_of(case), kubernetes=kubernetes).stdout
        (tmp_path / f"{case}.yaml").write_text(text)
        n_objects += text.count("\nkind: ")
    summary, faults = judged_by_kubeconform(tool("kubeconform"), kubernetes, tmp_path)
    assert faults == []
    assert summary["valid"] == n_objects > 100


UNKNOWN = {
    "of Kubernetes": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "replica": 1},
    "of an operator": {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic", "spec": {"replica": 1}},
}


@pytest.mark.parametrize("whose", sorted(UNKNOWN))
def test_an_unknown_field_is_found(whose, tool, tmp_path):
    """So that the test above can fail."""
    (tmp_path / "object.yaml").write_text(json.dumps(UNKNOWN[whose]))
    _, faults = judged_by_kubeconform(tool("kubeconform"), NEWEST, tmp_path)
    assert len(faults) == 1
    assert "'replica'" in faults[0]


def judged_by_kubeconform(kubeconform: str, kubernetes: str, folder: Path) -> tuple[dict[str, int], list[str]]:
    """Return how many objects are valid, and what is wrong with the others."""
    builtin = ROOT / ".tools" / "kubernetes" / f"v{kubernetes}" / "{{.ResourceKind}}{{.KindSuffix}}.json"
    if not builtin.parent.is_dir() and not os.environ.get("CI"):
        pytest.skip(f"left out: no schemas of Kubernetes {kubernetes}, which deploy/tools.sh unpacks")
    custom = SCHEMAS / "{{.Group}}" / "{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
    options = ["-strict", "-output", "json", "-summary", "-kubernetes-version", kubernetes]
    places = ["-schema-location", str(builtin), "-schema-location", str(custom)]
    done = subprocess.run([kubeconform, *options, *places, str(folder)], capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    return told["summary"], [f"{each['filename']}: {each['kind']}: {each['msg']}" for each in told["resources"]]


@pytest.mark.parametrize("case", sorted(set(CASES) - {"minimal"}))  # which leaves out what is asked for
def test_kube_score_has_no_objection(case, tool, template):
    ignored = [part for name in sorted(NOT_ASKED) for part in ("--ignore-test", name)]
    options = [
        "--enable-optional-test",
        "container-seccomp-profile",
        "--enable-optional-test",
        "container-ports-check",
    ]
    command = [tool("kube-score"), "score", "--exit-one-on-warning", "--output-format", "ci", *options, *ignored]
    text = template(values=values_of(case)).stdout
    done = subprocess.run([*command, "-"], input=text, capture_output=True, text=True, check=False)
    objections = [line for line in done.stdout.splitlines() if line.startswith(("[CRITICAL]", "[WARNING]"))]
    assert objections == []
    assert done.returncode == 0
    assert done.stdout.count("[OK]") > 0
