"""How pods and KEDA reach a Kafka with TLS and a login: what finsurge and KEDA are told is the same."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.settings import Settings

from .conftest import PODS, Object, environment_of, of_kind, pod_of, settings_of

SASL = {"SCRAM-SHA-512": "scram_sha512", "SCRAM-SHA-256": "scram_sha256", "PLAIN": "plaintext"}
"""KEDA's words for finsurge's."""
STRIMZI_BY_CERTIFICATE = ("strimzi", 'kafka.strimzi.user.authentication="tls"')


def secret_of(workload: Object, variable: str) -> tuple[str, str] | None:
    """Return name and key of the Secret that a variable, or the file that it names, is from."""
    pod = pod_of(workload)
    entry = next((each for each in pod["containers"][0]["env"] if each["name"] == variable), None)
    if entry is None:
        return None
    if "valueFrom" in entry:
        return entry["valueFrom"]["secretKeyRef"]["name"], entry["valueFrom"]["secretKeyRef"]["key"]
    (mount,) = [each for each in pod["containers"][0]["volumeMounts"] if entry["value"].startswith(each["mountPath"])]
    (volume,) = [each for each in pod["volumes"] if each["name"] == mount["name"]]
    found = [
        (source["secret"]["name"], item["key"])
        for source in volume["projected"]["sources"]
        for item in source["secret"]["items"]
        if f"{mount['mountPath']}/{item['path']}" == entry["value"]
    ]
    (secret,) = found
    return secret


def access_of(workload: Object) -> tuple[Settings, dict[str, tuple[str, str]]]:
    """Return the settings of a workload, and the Secrets of its way to Kafka by KEDA's words for them."""
    words = {"ca": "KAFKA_CA", "cert": "KAFKA_CERTIFICATE", "key": "KAFKA_KEY", "password": "KAFKA_PASSWORD"}
    secrets = {word: secret_of(workload, f"FINSURGE_{name}") for word, name in words.items()}
    given = {word: secret for word, secret in secrets.items() if secret is not None}
    return settings_of(workload), given


CASES: dict[str, tuple[tuple[str, ...], dict[str, tuple[str, str]], dict[str, Any]]] = {
    "without": (("everything",), {}, {"kafka_user": None, "kafka_ca": None}),
    "by certificate": (
        ("certificate",),
        {
            "ca": ("finsurge-kafka", "ca.crt"),
            "cert": ("finsurge-kafka", "tls.crt"),
            "key": ("finsurge-kafka", "tls.key"),
        },
        {"kafka_user": None},
    ),
    "by password": (
        ("login",),
        {"password": ("finsurge-kafka", "password")},
        {"kafka_user": "finsurge", "kafka_mechanism": "PLAIN", "kafka_ca": None, "kafka_certificate": None},
    ),
    "Strimzi, by password": (
        ("strimzi",),
        {"ca": ("prod-cluster-ca-cert", "ca.crt"), "password": ("prod-finsurge", "password")},
        {"kafka_user": "prod-finsurge", "kafka_mechanism": "SCRAM-SHA-512", "kafka_certificate": None},
    ),
    "Strimzi, by certificate": (
        STRIMZI_BY_CERTIFICATE,
        {
            "ca": ("prod-cluster-ca-cert", "ca.crt"),
            "cert": ("prod-finsurge", "user.crt"),
            "key": ("prod-finsurge", "user.key"),
        },
        {"kafka_user": None},
    ),
    "Strimzi, another authority and a copy": (
        (*STRIMZI_BY_CERTIFICATE, 'secrets.kafkaCa={"name": "both"}', 'secrets.kafkaKey={"name": "copy"}'),
        {"ca": ("both", "ca.crt"), "cert": ("prod-finsurge", "user.crt"), "key": ("copy", "user.key")},
        {},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_pod_goes_to_kafka_the_same_way(case, rendered):
    """The jobs as well; and finsurge takes the settings."""
    changes, secrets, expected = CASES[case]
    workloads = of_kind(rendered(*changes), *PODS)
    assert "topics" in workloads
    for workload in workloads.values():
        settings, given = access_of(workload)
        assert given == secrets
        assert {name: getattr(settings, name) for name in expected} == expected


@pytest.mark.parametrize("case", CASES)
def test_keda_goes_there_as_the_pods_do(case, rendered):
    objects = rendered(*CASES[case][0])
    triggers = {name: each["spec"]["triggers"][0] for name, each in of_kind(objects, "ScaledObject").items()}
    assert triggers
    authentications = {
        each["metadata"]["name"]: each["spec"] for each in objects if each["kind"] == "TriggerAuthentication"
    }
    for name, trigger in triggers.items():
        workload = of_kind(objects, "Deployment")[name]
        settings, secrets = access_of(workload)
        assert trigger["metadata"]["bootstrapServers"] == settings.bootstrap
        assert trigger["metadata"].get("tls") == ("enable" if settings.connection.tls else None)
        assert trigger["metadata"].get("sasl") == (SASL[settings.kafka_mechanism] if settings.kafka_user else None)
        authentication = authentications.get(trigger.get("authenticationRef", {}).get("name"), {})
        named = {each["parameter"]: (each["name"], each["key"]) for each in authentication.get("secretTargetRef", ())}
        assert named == secrets
        # by the environment of the pods' first container: KEDA takes a user from no metadata
        users = {each["parameter"]: environment_of(workload)[each["name"]] for each in authentication.get("env", ())}
        assert users == ({"username": settings.kafka_user} if settings.kafka_user else {})
    assert len(authentications) == (1 if CASES[case][1] else 0)


@pytest.mark.parametrize("mechanism", SASL)
def test_keda_knows_every_mechanism(mechanism, rendered):
    objects = rendered("login", f'kafka.mechanism="{mechanism}"')
    (scaled,) = of_kind(objects, "ScaledObject").values()
    assert scaled["spec"]["triggers"][0]["metadata"]["sasl"] == SASL[mechanism]
    assert environment_of(of_kind(objects, "Deployment")["read"])["FINSURGE_KAFKA_MECHANISM"] == mechanism


def test_the_secrets_of_strimzi_are_those_of_the_user_that_is_made(rendered):
    objects = rendered("strimzi")
    (user,) = [each for each in objects if each["kind"] == "KafkaUser"]
    settings, secrets = access_of(of_kind(objects, "Deployment")["read"])
    assert user["metadata"]["name"] == settings.kafka_user == secrets["password"][0]
    assert f"{user['metadata']['labels']['strimzi.io/cluster']}-cluster-ca-cert" == secrets["ca"][0]


@pytest.mark.parametrize("authentication", ["", "tls-external"])
def test_where_strimzi_makes_no_secret_none_is_asked_for(authentication, rendered):
    objects = rendered("strimzi", f'kafka.strimzi.user.authentication="{authentication}"')
    assert access_of(of_kind(objects, "Deployment")["read"])[1] == {}


def test_without_autoscaling_by_lag_nothing_of_keda_is_made(rendered):
    assert not of_kind(rendered("login", 'roles.trends.autoscaling.by="cpu"'), "TriggerAuthentication")


def test_no_value_of_a_secret_stands_in_any_object(rendered):
    for case in ("certificate", "login", "strimzi"):
        for workload in of_kind(rendered(case), *PODS).values():
            assert "FINSURGE_KAFKA_PASSWORD" not in environment_of(workload)
