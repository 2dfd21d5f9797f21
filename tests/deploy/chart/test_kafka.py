"""What the chart says of Kafka is what the code says: topics, groups, partitions."""

from __future__ import annotations

import pytest

from pipeline.broker.topics import topic_specs
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings

from .conftest import PODS, WORKLOADS, environment_of, of_kind, pod_of


@pytest.mark.parametrize(("prefix", "partitions"), [("", 12), ("news_", 24)])
def test_strimzi_makes_the_topics_that_finsurge_needs(prefix, partitions, rendered):
    objects = rendered("strimzi", f'kafka.topicPrefix="{prefix}"', f"kafka.partitions={partitions}")
    topics = [each for each in objects if each["kind"] == "KafkaTopic"]
    made = {each["spec"]["topicName"]: (each["spec"]["partitions"], each["spec"]["config"]) for each in topics}
    for _, config in made.values():
        assert config.pop("min.insync.replicas") == "2"
    assert made == {spec.name: (spec.partitions, dict(spec.config)) for spec in topic_specs(prefix, partitions)}
    assert all(each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for each in topics)
    assert {each["metadata"]["labels"]["strimzi.io/cluster"] for each in topics} == {"prod"}
    assert {each["metadata"]["namespace"] for each in topics} == {"kafka"}


def test_the_user_has_rights_to_all_topics_and_groups_and_to_no_others(rendered):
    (user,) = [each for each in rendered("strimzi") if each["kind"] == "KafkaUser"]
    resources = [acl["resource"] for acl in user["spec"]["authorization"]["acls"]]
    topics = {each["name"] for each in resources if each["type"] == "topic"}
    assert topics == {spec.name for spec in topic_specs("news_", 24)}
    assert {each["patternType"] for each in resources if each["type"] == "topic"} == {"literal"}
    (group,) = [each for each in resources if each["type"] == "group"]
    groups = [Settings(topic_prefix="news_").group(role.value) for role in Role]
    assert all(name.startswith(group["name"]) for name in groups)
    assert group["name"] == "news_finsurge-"


def test_the_user_makes_topics_only_where_strimzi_does_not(rendered):
    def operations(*changes: str) -> set[str]:
        (user,) = [each for each in rendered("strimzi", *changes) if each["kind"] == "KafkaUser"]
        acls = [each for each in user["spec"]["authorization"]["acls"] if each["resource"]["type"] == "topic"]
        return {operation for acl in acls for operation in acl["operations"]}

    # a run on a Kafka 4.4.0 with its authorizer was refused nothing that it needs
    assert operations() == {"Read", "Write", "Describe", "DescribeConfigs"}
    assert operations('kafka.topics="none"') == operations() | {"Create"}


def test_only_strimzi_makes_kafka_topics_where_it_is_asked_to(rendered):
    assert not of_kind(rendered("strimzi"), "Job")
    assert not of_kind(rendered("default"), "KafkaTopic", "KafkaUser")
    assert of_kind(rendered("default"), "Job").keys() == {"topics"}
    assert not of_kind(rendered("minimal"), "Job", "KafkaTopic")


def test_the_topics_job_comes_first_and_knows_every_setting(rendered):
    objects = rendered("everything")
    job = of_kind(objects, "Job")["topics"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    # before the first install there is nothing of the chart: no account, no ConfigMap
    pod = pod_of(job)
    assert pod["serviceAccountName"] == "default"
    assert [volume for volume in pod["volumes"] if "emptyDir" not in volume] == []
    own = {f"FINSURGE_{each}" for each in ("STATE_DIR", "HTTP_HOST", "REGISTRY", "WATCHLIST", "RULES")}
    of_link = environment_of(of_kind(objects, "Deployment")["link"])
    shared = {name: value for name, value in of_link.items() if name.startswith("FINSURGE_") and name not in own}
    assert shared.keys() >= {"FINSURGE_BROKER", "FINSURGE_PROMOTION", "FINSURGE_SENSITIVE_TOPICS"}
    assert shared.items() <= environment_of(job).items()


def test_lag_is_that_of_the_group_that_works_it_off(rendered):
    settings = Settings(topic_prefix="prod-")
    for name, scaled in of_kind(rendered("everything"), "ScaledObject").items():
        (trigger,) = scaled["spec"]["triggers"]
        assert trigger["metadata"]["bootstrapServers"] == "a.kafka:9092,b.kafka:9093"
        assert trigger["metadata"]["consumerGroup"] == settings.group(name)
        assert trigger["metadata"]["topic"] == settings.kafka_topic(Role(name).inbound)
        assert trigger["metadata"]["allowIdleConsumers"] == "false"


def test_no_role_has_more_replicas_than_partitions(rendered):
    objects = rendered("everything", "kafka.partitions=6")
    limits = {name: each["spec"]["maxReplicaCount"] for name, each in of_kind(objects, "ScaledObject").items()}
    limits |= {
        name: each["spec"]["maxReplicas"] for name, each in of_kind(objects, "HorizontalPodAutoscaler").items()
    }
    assert limits == {"read": 6, "link": 6, "trends": 6, "notify": 2}
    deployments = of_kind(objects, "Deployment")
    # what is scaled says no number of its own, or an upgrade would take the scaling back
    assert {name for name, each in deployments.items() if "replicas" in each["spec"]} == {"surges"}
    assert deployments["surges"]["spec"]["replicas"] == 1


def test_a_rebuild_has_its_roles_stand_still_and_no_autoscaler_wake_them(rendered):
    objects = rendered("rebuilding")
    replicas = {name: each["spec"]["replicas"] for name, each in of_kind(objects, *WORKLOADS).items()}
    assert replicas == {"read": 2, "link": 0, "trends": 0, "surges": 0, "notify": 1, "feedback": 1, "learner": 1}
    assert {role.value for role in Role if role.is_rebuilt} == {name for name, n in replicas.items() if not n}
    assert not of_kind(objects, "ScaledObject", "HorizontalPodAutoscaler")


def test_zero_replicas_stop_a_role(rendered):
    assert of_kind(rendered("default", "roles.link.replicas=0"), "Deployment")["link"]["spec"]["replicas"] == 0


def test_every_pod_is_selected_by_its_own_workload_only(rendered):
    workloads = of_kind(rendered("everything"), *WORKLOADS)
    pods = {name: each["spec"]["template"]["metadata"]["labels"] for name, each in workloads.items()}
    pods |= {"topics": of_kind(rendered("everything"), *PODS)["topics"]["metadata"]["labels"]}
    for name, workload in workloads.items():
        wanted = workload["spec"]["selector"]["matchLabels"].items()
        assert [pod for pod, labels in pods.items() if wanted <= labels.items()] == [name]
