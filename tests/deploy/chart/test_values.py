"""The values: each is described, a wrong one is refused, what does not fit together as well."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from .conftest import CASES, CHART, ROOT, values_of

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
TLS = "kafka.broker=kafka+ssl://a:9093"
STRIMZI = ("kafka.strimzi.cluster=b", "kafka.strimzi.user.enabled=true", "kafka.strimzi.user.authentication=tls")


@pytest.fixture(scope="module")
def chart_values():
    spec = importlib.util.spec_from_file_location("chart_values", ROOT / "deploy" / "tools" / "chart_values.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parts_of(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every value's path and schema, those of what is defined once and used often as well."""
    for name, part in schema.get("properties", {}).items():
        yield f"{path}.{name}", part
        yield from parts_of(part, f"{path}.{name}")
    for name, part in schema.get("definitions", {}).items():
        yield from parts_of(part, f"{path}#{name}")


def test_every_value_is_described():
    undescribed = [path for path, part in parts_of(SCHEMA) if len(part.get("description", "")) < 8]
    assert undescribed == []


def test_every_default_is_in_the_schema_and_every_value_has_a_default():
    def leaves(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
        for reference in schema.get("allOf", ()):
            schema = SCHEMA["definitions"][reference["$ref"].removeprefix("#/definitions/")]
        if "properties" not in schema or path == ".settings":
            return
        yield from (f"{path}.{name} has no default" for name in schema["properties"].keys() - value.keys())
        yield from (f"{path}.{name} is unknown" for name in value.keys() - schema["properties"].keys())
        for name in value.keys() & schema["properties"].keys():
            yield from leaves(value[name], schema["properties"][name], f"{path}.{name}")

    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert list(leaves(values, SCHEMA, "")) == [".global has no default"]  # Helm's own


def test_settings_in_the_schema_are_those_of_finsurge(chart_values):
    assert chart_values.current_schema() == SCHEMA, "run deploy/tools/chart_values.py"


def test_the_readme_has_the_values_as_they_are(chart_values):
    readme = (CHART / "README.md").read_text()
    assert chart_values.readme_with(chart_values.table_of(SCHEMA)) == readme, "run deploy/tools/chart_values.py"


def test_the_chart_has_the_version_of_finsurge():
    import tomllib

    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("kafka.brokers=a:9092", "brokers"),
        ("kafka.broker=a:9092", "does not match pattern"),
        ("kafka.broker=ssl://a:9092", "does not match pattern"),
        ("kafka.mechanism=OAUTHBEARER", "must be one of"),
        ("kafka.partitions=0", "minimum"),
        ("kafka.topics=maybe", "must be one of"),
        ("kafka.topicPrefix=no blanks", "does not match pattern"),
        ("settings.bin_seconds=300", "bin_seconds"),
        ("settings.bin_s=often", "want integer"),
        ("settings.broker=kafka://a:9092", "broker"),
        ("settings.review_salt=plain", "review_salt"),
        ("settings.kafka_password=plain", "kafka_password"),
        ("settings.webhook_secret=plain", "webhook_secret"),
        ("roles.surges.replicas=2", "replicas"),
        ("roles.surges.autoscaling.by=lag", "autoscaling"),
        ("feedback.replicas=2", "replicas"),
        ("roles.read.autoscaling.by=mood", "must be one of"),
        ("roles.read.resources.limits.memory=lots", "does not match pattern"),
        ("roles.reader.replicas=1", "reader"),
        ("networkPolicy.kafka.ports={99999}", "maximum"),
    ],
)
def test_a_wrong_value_is_refused(change, complaint, template):
    done = template("--set", change)
    assert done.returncode != 0
    assert complaint in done.stderr


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (("roles.read.replicas=13",), "roles.read.replicas is 13, more than kafka.partitions (12)"),
        (("roles.link.autoscaling.maxReplicas=13",), "more than kafka.partitions (12)"),
        (("files.rules.inline=x", "files.rules.secret=y"), "files.rules: give one of inline, configMap and secret"),
        (("files.watchlist.inline=x", "settings.watchlist=crypto"), "are both given"),
        (("learner.enabled=true",), "learner.enabled needs registry.url or registry.claim"),
        (("registry.url=s3://a/b", "registry.claim=c"), "registry: give one of url and claim"),
        (("kafka.topics=strimzi",), "needs kafka.strimzi.cluster"),
        (("kafka.strimzi.user.enabled=true",), "needs kafka.strimzi.cluster"),
        (
            ("secrets.kafkaCa.name=a",),
            "secrets.kafkaCa is for TLS, and kafka.broker is kafka://kafka:9092: it must begin",
        ),
        (("secrets.kafkaCertificate.name=a", "secrets.kafkaKey.name=a"), "secrets.kafkaCertificate is for TLS"),
        (
            (TLS, "secrets.kafkaCertificate.name=a"),
            "secrets.kafkaCertificate and secrets.kafkaKey must be given together",
        ),
        ((TLS, "kafka.user=a"), "kafka.user and secrets.kafkaPassword must be given together"),
        ((TLS, "secrets.kafkaPassword.name=a"), "kafka.user and secrets.kafkaPassword must be given together"),
        (("kafka.user=a", "secrets.kafkaPassword.name=a"), "kafka.user would log in without TLS"),
        ((*STRIMZI, "kafka.topics=strimzi"), "authentication is tls, by which pods log in over TLS"),
        ((*STRIMZI, TLS), "kafka.topics is job, which runs before that user is made: take strimzi or none"),
    ],
)
def test_values_that_do_not_fit_each_other_are_refused(changes, complaint, template):
    done = template(*(part for change in changes for part in ("--set", change)))
    assert done.returncode != 0
    assert complaint in done.stderr


def test_nothing_secret_stands_in_any_values():
    for file in [CHART / "values.yaml", *map(values_of, CASES)]:
        assert "whsec_" not in file.read_text()
    names = {path.rsplit(".", 1)[1] for path, _ in parts_of(SCHEMA["properties"]["settings"])}
    assert not names & {"review_salt", "webhook_url", "webhook_secret"}
