"""What must hold before a role starts, on a real Kafka."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from pipeline.broker.preflight import check_kafka_topics, commit_start_offsets, partition_counts
from pipeline.broker.topics import create, topic_specs
from pipeline.errors import CommandFailed
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> Settings:
    """Settings whose Kafka topics are there."""
    settings = Settings(broker=f"kafka://{kafka}", topic_prefix=topic_prefix, partitions=3)
    create(settings.connection, topic_specs(topic_prefix, settings.partitions))
    return settings


async def committed(settings: Settings, role: Role) -> list[int | None]:
    group = settings.group(role.value)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(settings.kafka_topic(role.inbound), number) for number in range(3)]
        consumer.assign(partitions)
        return [await consumer.committed(partition) for partition in partitions]
    finally:
        await consumer.stop()


async def test_every_role_finds_what_topics_create_makes(settings: Settings) -> None:
    for role in Role:
        await check_kafka_topics(settings, role)
    counts = await partition_counts(settings.connection)
    assert counts[settings.kafka_topic("decisions")] == 3
    assert counts[settings.kafka_topic("candidates")] == 1


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
async def test_another_number_of_partitions_is_one_line_with_the_mend(settings: Settings, role: Role) -> None:
    with pytest.raises(CommandFailed) as caught:
        await check_kafka_topics(replace(settings, partitions=12), role)
    assert str(caught.value).endswith("has 3 partitions, the settings say 12; set FINSURGE_PARTITIONS=3")


async def test_a_kafka_topic_that_is_missing_is_one_line_with_the_mend(settings: Settings) -> None:
    elsewhere = replace(settings, topic_prefix=f"{settings.topic_prefix}none-")
    with pytest.raises(CommandFailed) as caught:
        await check_kafka_topics(elsewhere, Role.NOTIFY)
    assert str(caught.value) == (
        f"Kafka topic {elsewhere.topic_prefix}alerts is missing; make it with `finsurge topics create`"
    )


async def test_a_group_without_offsets_gets_the_first_ones_and_keeps_those_it_has(settings: Settings) -> None:
    assert await committed(settings, Role.LINK) == [None, None, None]
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap)
    await producer.start()
    await producer.send_and_wait(settings.kafka_topic("decisions"), b"{}", partition=1)
    await producer.stop()
    await commit_start_offsets(settings, Role.LINK)
    assert await committed(settings, Role.LINK) == [0, 0, 0]

    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap, group_id=settings.group("link"), enable_auto_commit=False
    )
    await consumer.start()
    partition = TopicPartition(settings.kafka_topic("decisions"), 1)
    consumer.assign([partition])
    await consumer.commit({partition: 1})
    await consumer.stop()
    await commit_start_offsets(settings, Role.LINK)
    assert await committed(settings, Role.LINK) == [0, 1, 0]


async def test_a_group_that_has_members_is_left_alone(settings: Settings) -> None:
    member = AIOKafkaConsumer(
        settings.kafka_topic("decisions"),
        bootstrap_servers=settings.bootstrap,
        group_id=settings.group("link"),
        enable_auto_commit=False,
    )
    await member.start()
    try:
        await commit_start_offsets(settings, Role.LINK)
        assert await committed(settings, Role.LINK) == [None, None, None]
    finally:
        await member.stop()
