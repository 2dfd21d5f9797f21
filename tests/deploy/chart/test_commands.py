"""What runs in the pods: real command lines, real settings, the ports that the code has."""

from __future__ import annotations

import json

import pytest

from pipeline.exporter.process import PORT as EXPORTER_PORT
from pipeline.feedback.process import PORT as FEEDBACK_PORT
from pipeline.learner.process import PORT as LEARNER_PORT
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings, described, load_settings

from .conftest import CASES, CHART, PODS, WORKLOADS, environment_of, of_kind, pod_of

OTHERS = {"OMP_NUM_THREADS", "MPLCONFIGDIR"}
"""Variables of libraries."""


@pytest.mark.parametrize("case", CASES)
def test_every_pod_runs_a_command_of_finsurge(case, rendered, command_of):
    """Under the image's entry point, which is finsurge under an init."""
    named = {"Job": "topics create", "Pod": "topics check"}
    for each in rendered(case):
        if each["kind"] not in PODS:
            continue
        (container,) = pod_of(each)["containers"]
        assert "command" not in container
        name = each["metadata"]["labels"]["app.kubernetes.io/component"]
        command = command_of(container["args"])
        if name in [role.value for role in Role]:
            assert (command, container["args"][1:]) == ("worker", ["--roles", name])
        else:
            assert command == named.get(each["kind"], name)


@pytest.mark.parametrize("case", CASES)
def test_every_variable_is_a_setting_and_once_there(case, rendered):
    known = {variable for variable, _, _ in described()}
    given_by_user = {"HTTPS_PROXY", "OTEL_EXPORTER_OTLP_ENDPOINT"} if case == "everything" else set()
    for workload in of_kind(rendered(case), *PODS).values():
        names = [each["name"] for each in pod_of(workload)["containers"][0]["env"]]
        assert len(names) == len(set(names))
        assert set(names) <= known | OTHERS | given_by_user


def test_every_component_has_the_settings_that_values_say(rendered):
    for name, workload in of_kind(rendered("everything"), *WORKLOADS).items():
        settings = load_settings(environment_of(workload))
        assert settings.bootstrap == "a.kafka:9092,b.kafka:9093"
        assert settings.group(name) == f"prod-finsurge-{name}"
        assert settings.session_timeout_s == 45
        assert settings.correction_horizon_s == 2_592_000  # not 2.592e+06, and not 2592
        assert settings.review_per_day == 120.5
        assert settings.http_host == "0.0.0.0"  # noqa: S104
        assert str(settings.state_dir) == "/var/lib/finsurge"
        assert settings.registry_url == "s3://finsurge/policies"
        assert (settings.policy_private_key is not None) == (name == "learner")
        assert (settings.policy_public_key is not None) == (name in ("read", "learner"))
        assert (settings.receivers is not None) == (name == "notify")
        assert (settings.analysts is not None) == (name == "feedback")


def test_every_setting_of_the_schema_can_be_given(rendered):
    """All at once, by their defaults, arrive as they are."""
    names = json.loads((CHART / "values.schema.json").read_text())["properties"]["settings"]["properties"]
    defaults = Settings()
    given = {name: getattr(defaults, name) for name in names if getattr(defaults, name) is not None}
    workloads = of_kind(rendered("default", f"settings={json.dumps(given)}"), *WORKLOADS)
    settings = load_settings(environment_of(workloads["read"]))
    assert {name: getattr(settings, name) for name in given} == given
    assert len(given) > 20


def test_ports_are_those_of_the_code(rendered):
    base = Settings().http_port
    expected = {role.value: base + role.number for role in Role}
    expected |= {"feedback": base + FEEDBACK_PORT, "learner": base + LEARNER_PORT}
    objects = rendered("everything")
    ports = {}
    for name, workload in of_kind(objects, *WORKLOADS).items():
        (port,) = pod_of(workload)["containers"][0]["ports"]
        assert port["name"] == "http"
        ports[name] = port["containerPort"]
    services = {name: each["spec"]["ports"][0]["port"] for name, each in of_kind(objects, "Service").items()}
    assert ports == services == expected


def test_the_exporter_has_its_port_and_its_topics(rendered):
    (container,) = pod_of(of_kind(rendered("monitoring"), "Deployment")["exporter"])["containers"]
    assert container["ports"][0]["containerPort"] == Settings().http_port + EXPORTER_PORT
    assert container["args"] == ["exporter", "--topics", "200", "--pin", "tesla", "--pin", "jpmorgan"]


def test_a_gpu_has_its_image_and_its_batches(rendered):
    workloads = of_kind(rendered("gpu"), *WORKLOADS)
    for name, is_on_gpu in {"read": True, "learner": True, "link": False}.items():
        (container,) = pod_of(workloads[name])["containers"]
        settings = load_settings(environment_of(workloads[name]))
        assert container["image"] == f"finsurge:0.1.0-{'cuda' if is_on_gpu else 'cpu'}"
        assert container["resources"]["limits"].get("nvidia.com/gpu") == (1 if is_on_gpu else None)
        assert (settings.device, settings.max_padded_tokens) == (("cuda", 16384) if is_on_gpu else ("auto", 1024))
    assert workloads["read"]["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
