import socket

import pytest

from pipeline.broker.connection import BrokerUnavailable, Connection
from pipeline.broker.topics import FindingKind, TopicRefused, TopicSpec, check, create, topic_specs


def test_documents_carry_the_time_of_the_brokers_log() -> None:
    documents = topic_specs("", 12)[0]
    assert documents.name == "documents"
    assert documents.config["message.timestamp.type"] == "LogAppendTime"


def test_a_dead_letter_has_room_for_the_largest_document_and_its_headers() -> None:
    limits = {spec.name: int(spec.config.get("max.message.bytes", 0)) for spec in topic_specs("", 12)}
    assert limits["documents.dlq"] > limits["documents"] > 0


def test_evidence_episodes_releases_rules_and_rebuilds_have_one_partition_and_all_else_the_count_asked_for() -> None:
    alone = {spec.name for spec in topic_specs("p-", 12) if spec.partitions == 1}
    assert alone == {"p-candidates", "p-policies", "p-config", "p-rebuilds", "p-finsurge-surges-episodes-changelog"}
    assert {spec.partitions for spec in topic_specs("p-", 12)} == {1, 12}


def test_changelogs_releases_rules_and_rebuilds_are_compacted_and_nothing_else_is() -> None:
    compacted = {spec.name for spec in topic_specs("", 4) if spec.config["cleanup.policy"] == "compact"}
    changelogs = {spec.name for spec in topic_specs("", 4) if spec.name.endswith("-changelog")}
    assert compacted == {"policies", "config", "rebuilds"} | changelogs


def test_no_partition_at_all_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="partitions must be >= 1, got 0"):
        topic_specs("", 0)


@pytest.mark.kafka
def test_all_are_made_once_and_then_found_right(kafka: str, topic_prefix: str) -> None:
    specs = topic_specs(topic_prefix, 2)
    assert {finding.kind for finding in check(Connection(kafka), specs)} == {FindingKind.MISSING}
    assert create(Connection(kafka), specs) == [spec.name for spec in specs]
    assert create(Connection(kafka), specs) == []
    assert check(Connection(kafka), specs) == []


@pytest.mark.kafka
def test_only_what_is_missing_is_made(kafka: str, topic_prefix: str) -> None:
    first, *rest = topic_specs(topic_prefix, 2)
    create(Connection(kafka), [first])
    assert create(Connection(kafka), [first, *rest]) == [spec.name for spec in rest]


@pytest.mark.kafka
def test_differences_are_told_with_their_mend_and_left_alone(kafka: str, topic_prefix: str) -> None:
    name = f"{topic_prefix}x"
    create(Connection(kafka), [TopicSpec(name, 3, {"cleanup.policy": "delete"})])
    spec = TopicSpec(name, 4, {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"})
    assert create(Connection(kafka), [spec]) == []
    findings = check(Connection(kafka), [spec])
    assert [finding.problem for finding in findings] == [
        "it has 3 partitions, not 4",
        "cleanup.policy is delete, not compact",
        "message.timestamp.type is CreateTime, not LogAppendTime",
    ]
    assert "FINSURGE_PARTITIONS=3" in findings[0].mend
    assert f"--entity-name {name} --alter --add-config cleanup.policy=compact" in findings[1].mend
    assert all("\n" not in str(finding) for finding in findings)


@pytest.mark.kafka
def test_a_refusal_names_the_kafka_topic_and_the_brokers_reason(kafka: str, topic_prefix: str) -> None:
    spec = TopicSpec(f"{topic_prefix}x", 1, {"cleanup.policy": "shred"})
    with pytest.raises(TopicRefused, match=rf"^the broker refused Kafka topic {topic_prefix}x: .*shred"):
        create(Connection(kafka), [spec])


def test_an_unreachable_broker_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for command in (create, check):
        with pytest.raises(BrokerUnavailable, match=f"no Kafka at 127.0.0.1:{port}: connection refused"):
            command(Connection(f"127.0.0.1:{port}"), topic_specs("", 4))
