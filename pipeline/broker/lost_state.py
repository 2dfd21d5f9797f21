"""Whether a role's changelog still has what the role wrote: one that was lost and made again is empty.

To go on without it would be silent: nothing is usual for any topic, and every open episode is forgotten.
"""

from __future__ import annotations

from aiokafka import TopicPartition

from pipeline import wiring
from pipeline.broker.section import whole_section
from pipeline.errors import CommandFailed
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings


async def check_state(settings: Settings, role: Role) -> None:
    """Pass, unless the role has worked, its changelog has nothing of that, and a rebuild would bring it back.

    Raises:
        CommandFailed: the changelog is missing, or was lost; says the mend.
    """
    if not role.is_rebuilt:
        return
    kafka_topic = wiring.state_log(settings, role.value).kafka_topic
    changelog = await whole_section(settings.connection, kafka_topic)
    if any(changelog.ends.values()) or not await _has_worked(settings, role):
        return
    decisions = await whole_section(settings.connection, settings.kafka_topic("decisions"))
    if decisions.n_records:
        raise CommandFailed(
            f"Kafka topic {kafka_topic} is empty, though {role.value} has worked: its state is lost; "
            "stop link, trends and surges, run `finsurge rebuild`, and start them"
        )


async def _has_worked(settings: Settings, role: Role) -> bool:
    """Return whether the role's group has acknowledged anything that still lies in what it reads."""
    inbound = await whole_section(settings.connection, settings.kafka_topic(role.inbound))
    consumer = settings.connection.consumer(group_id=settings.group(role.value))
    await consumer.start()
    try:
        for number, (begin, _) in inbound.ranges.items():
            if (await consumer.committed(TopicPartition(inbound.kafka_topic, number)) or 0) > begin:
                return True
        return False
    finally:
        await consumer.stop()
