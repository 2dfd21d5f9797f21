"""Who may reach the pods, and what they may reach."""

from __future__ import annotations

from .conftest import CASES, PODS, Object, of_kind


def reach_of(objects: list[Object], labels: dict[str, str]) -> set[int | str]:
    """Return the TCP ports that a pod with these labels may reach, by all policies that select it."""
    ports: set[int | str] = set()
    for policy in [each for each in objects if each["kind"] == "NetworkPolicy"]:
        selector = policy["spec"]["podSelector"]
        is_selected = selector["matchLabels"].items() <= labels.items() and all(
            labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", ())
        )
        if is_selected:
            rules = policy["spec"]["egress"]
            ports |= {port["port"] for rule in rules for port in rule["ports"] if port["protocol"] == "TCP"}
    return ports


def labels_of(objects: list[Object]) -> dict[str, dict[str, str]]:
    """Return the labels of the pods by component."""
    return {
        name: each["spec"].get("template", each)["metadata"]["labels"]
        for name, each in of_kind(objects, *PODS).items()
    }


def test_by_default_pods_reach_kafka_and_dns_and_notify_receivers_as_well(rendered):
    objects = rendered("default")
    reach = {name: reach_of(objects, labels) for name, labels in labels_of(objects).items()}
    assert reach.pop("notify") == {53, 9092, 443}
    assert set(map(frozenset, reach.values())) == {frozenset({53, 9092})}
    assert "topics" in reach  # or the job of an upgrade would not get to Kafka


def test_only_those_who_use_the_registry_reach_it(rendered):
    objects = rendered("gpu")
    reach = {name: reach_of(objects, labels) for name, labels in labels_of(objects).items()}
    assert {name for name, ports in reach.items() if 443 in ports} == {"read", "learner", "notify"}


def test_every_port_of_the_brokers_is_open_and_more_can_be(rendered):
    objects = rendered("everything")
    labels = labels_of(objects)
    assert reach_of(objects, labels["link"]) == {53, 9092, 9093, 4318}
    assert reach_of(objects, labels["notify"]) == {53, 9092, 9093, 4318, 443}


def test_the_ports_of_brokers_with_tls_are_open(rendered):
    objects = rendered("certificate")
    assert reach_of(objects, labels_of(objects)["link"]) == {53, 9093, 9094}
    objects = rendered("default", 'kafka.broker="kafka+ssl://[2001:db8::1]:9093"')
    assert reach_of(objects, labels_of(objects)["link"]) == {53, 9093}


def test_kafka_can_be_named_by_its_pods(rendered):
    (policy,) = [each for each in rendered("strimzi") if each["metadata"]["name"] == "prod-finsurge"
                 and each["kind"] == "NetworkPolicy"]  # fmt: skip
    (rule,) = [each for each in policy["spec"]["egress"] if {"port": 9093, "protocol": "TCP"} in each["ports"]]
    assert rule["to"][0]["podSelector"]["matchLabels"] == {"strimzi.io/cluster": "prod"}


def test_metrics_are_read_from_where_prometheus_runs_and_nothing_else_comes_in(rendered):
    policies = [each for each in rendered("everything") if each["kind"] == "NetworkPolicy"]
    (rule,) = [rule for each in policies for rule in each["spec"].get("ingress", ())]
    assert rule["ports"] == [{"port": "http", "protocol": "TCP"}]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]


def test_every_pod_is_under_a_policy_that_closes_both_ways(rendered):
    for case in set(CASES) - {"minimal"}:
        objects = rendered(case)
        policies = [each["spec"] for each in objects if each["kind"] == "NetworkPolicy"]
        (closing,) = [each for each in policies if each["policyTypes"] == ["Ingress", "Egress"]]
        selector = closing["podSelector"]["matchLabels"].items()
        assert all(selector <= labels.items() for labels in labels_of(objects).values())
