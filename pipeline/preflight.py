"""What must hold before a role starts: its Kafka topics are there, with as many partitions as the settings say."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer

from pipeline.app import Role
from pipeline.errors import CommandFailed
from pipeline.settings import Settings

OUTBOUND = {
    Role.READ: ("decisions", "documents.dlq"),
    Role.LINK: ("mentions", "documents.dlq"),
    Role.TRENDS: ("trends", "candidates", "late"),
    Role.SURGES: ("alerts",),
    Role.NOTIFY: (),
}


async def check_kafka_topics(settings: Settings, role: Role) -> None:
    """Pass, or raise.

    Raises:
        CommandFailed: a Kafka topic is missing or has another number of partitions.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        existing = await consumer.topics()
        for name in (role.inbound, *OUTBOUND[role]):
            kafka_topic = settings.kafka_topic(name)
            if kafka_topic not in existing:
                raise CommandFailed(f"Kafka topic {kafka_topic} is missing; make it with `finsurge topics create`")
            n_partitions = len(consumer.partitions_for_topic(kafka_topic) or ())
            is_keyed = name not in ("candidates", "documents.dlq")
            if is_keyed and n_partitions != settings.partitions:
                raise CommandFailed(
                    f"Kafka topic {kafka_topic} has {n_partitions} partitions, the settings say "
                    f"{settings.partitions}; set FINSURGE_PARTITIONS={n_partitions}"
                )
    finally:
        await consumer.stop()
