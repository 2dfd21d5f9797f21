"""What must hold before a role starts: its Kafka topics are there, with as many partitions as the settings say."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalGenerationError, UnknownMemberIdError

from pipeline.broker.connection import Connection
from pipeline.errors import CommandFailed
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings

log = logging.getLogger(__name__)

BESIDE = {
    Role.READ: ("decisions", "shadows", "policies", "documents.dlq"),
    Role.LINK: ("mentions", "documents.dlq"),
    Role.TRENDS: ("trends", "candidates", "late", "documents.dlq"),
    Role.SURGES: ("alerts", "config", "documents.dlq"),
    Role.NOTIFY: ("actions", "documents.dlq"),
}


async def check_kafka_topics(settings: Settings, role: Role) -> None:
    """Pass, or raise.

    Raises:
        CommandFailed: a Kafka topic is missing or has another number of partitions.
    """
    await check_partitions(settings, (role.inbound, *BESIDE[role]))


async def check_partitions(settings: Settings, names: Iterable[str]) -> None:
    """Pass if these Kafka topics, named without the prefix, are as the settings say.

    Raises:
        CommandFailed: one is missing or has another number of partitions.
    """
    counts = await partition_counts(settings.connection)
    for name in names:
        kafka_topic = settings.kafka_topic(name)
        n_partitions = counts.get(kafka_topic, 0)
        if not n_partitions:
            raise CommandFailed(f"Kafka topic {kafka_topic} is missing; make it with `finsurge topics create`")
        is_keyed = name not in ("candidates", "policies", "config", "rebuilds", "documents.dlq")
        if is_keyed and n_partitions != settings.partitions:
            raise CommandFailed(
                f"Kafka topic {kafka_topic} has {n_partitions} partitions, the settings say "
                f"{settings.partitions}; set FINSURGE_PARTITIONS={n_partitions}"
            )


async def commit_start_offsets(settings: Settings, role: Role) -> None:
    """Give the role's group a committed offset in every partition that has none.

    Without one, Faust does not seek back after the recovery of tables, and what was fetched before is skipped (seen:
    the guard of `consumer.py` ended the first start of `trends` over a backlog).
    """
    consumer = settings.connection.consumer(group_id=settings.group(role.value))
    await consumer.start()
    try:
        kafka_topic = settings.kafka_topic(role.inbound)
        n_partitions = (await partition_counts(settings.connection))[kafka_topic]
        partitions = [TopicPartition(kafka_topic, number) for number in range(n_partitions)]
        consumer.assign(partitions)
        starts = await consumer.beginning_offsets(partitions)
        missing = {tp: starts[tp] for tp in partitions if await consumer.committed(tp) is None}
        if missing:
            await consumer.commit(missing)
    except (CommitFailedError, IllegalGenerationError, UnknownMemberIdError):
        log.info("group %s has members: they have set its offsets", settings.group(role.value))
    finally:
        await consumer.stop()


async def check_present(connection: Connection, kafka_topics: Iterable[str]) -> None:
    """Pass if all of these Kafka topics are there: at once, where a consumer would wait for them.

    Raises:
        CommandFailed: one is missing.
    """
    counts = await partition_counts(connection)
    for kafka_topic in kafka_topics:
        if not counts.get(kafka_topic):
            mend = "make it with `finsurge topics create`"
            raise CommandFailed(f"Kafka topic {kafka_topic} is missing at {connection}; {mend}")


async def partitions_of(connection: Connection, kafka_topic: str) -> list[TopicPartition]:
    """Return the partitions of a Kafka topic, for a reader without a consumer group.

    A consumer does not know those of a topic that it was not made for.

    Raises:
        CommandFailed: the Kafka topic is missing.
    """
    n_partitions = (await partition_counts(connection)).get(kafka_topic, 0)
    if not n_partitions:
        raise CommandFailed(f"Kafka topic {kafka_topic} is missing; make it with `finsurge topics create`")
    return [TopicPartition(kafka_topic, number) for number in range(n_partitions)]


async def partition_counts(connection: Connection) -> dict[str, int]:
    """Return the number of partitions of every Kafka topic."""
    client = connection.client()
    await client.bootstrap()
    try:
        cluster = await client.fetch_all_metadata()
        return {name: len(cluster.partitions_for_topic(name) or ()) for name in cluster.topics()}
    finally:
        await client.close()
