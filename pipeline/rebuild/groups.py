"""The consumer groups of the roles that a rebuild stands in for: whether they are stopped, and where they go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalGenerationError, UnknownMemberIdError
from kafka.errors import CoordinatorNotAvailableError, KafkaError

from pipeline.broker.connection import BrokerUnavailable, Connection
from pipeline.errors import CommandFailed
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings

REBUILT = tuple(role for role in Role if role.is_rebuilt)
_N_TRIES = 15
_RETRY_S = 1.0


async def check_stopped(settings: Settings) -> None:
    """Pass if no worker runs one of these roles.

    Raises:
        CommandFailed: one does, or was killed so recently that the broker has not given it up.
        BrokerUnavailable: no Kafka answers.
    """
    names = {settings.group(role.value): role.value for role in REBUILT}
    running = [names[group] for group in await asyncio.to_thread(_with_members, settings.connection, list(names))]
    if running:
        raise CommandFailed(
            f"{', '.join(running)} must not run meanwhile: stop the workers of link, trends and surges (those of "
            f"read and notify may go on), and if they were killed, wait {settings.session_timeout_s:g} s"
        )


def _with_members(connection: Connection, groups: list[str]) -> list[str]:
    with connection.admin() as client:
        for n_left in reversed(range(_N_TRIES)):
            try:
                described = client.describe_groups(groups)
                break
            except CoordinatorNotAvailableError as error:  # a Kafka that never had a group makes ready for the first
                if not n_left:
                    raise BrokerUnavailable(
                        connection.bootstrap, f"it knows no groups ({type(error).__name__})"
                    ) from None
                time.sleep(_RETRY_S)
            except KafkaError as error:
                raise BrokerUnavailable(
                    connection.bootstrap, f"it stopped answering ({type(error).__name__})"
                ) from None
    return [group for group in groups if described.get(group, {}).get("members")]


async def go_on_at(settings: Settings, role: Role, offsets: Mapping[int, int]) -> None:
    """Have the role's group go on at these offsets of what it reads.

    Raises:
        CommandFailed: a worker has joined the group.
    """
    consumer = settings.connection.consumer(group_id=settings.group(role.value))
    await consumer.start()
    try:
        kafka_topic = settings.kafka_topic(role.inbound)
        placed = {TopicPartition(kafka_topic, number): offset for number, offset in offsets.items()}
        consumer.assign(list(placed))
        await consumer.commit(placed)
    except (CommitFailedError, IllegalGenerationError, UnknownMemberIdError):
        raise CommandFailed(
            f"a worker of {role.value} was started meanwhile: stop it, and run `finsurge rebuild`"
        ) from None
    finally:
        await consumer.stop()


async def positions(settings: Settings, role: Role, ends: Mapping[int, int]) -> dict[int, int]:
    """Return the offset at which the role goes on, by partition of what it reads, at most the partition's end."""
    consumer = settings.connection.consumer(group_id=settings.group(role.value))
    await consumer.start()
    try:
        kafka_topic = settings.kafka_topic(role.inbound)
        placed = {TopicPartition(kafka_topic, number): end for number, end in ends.items()}
        consumer.assign(list(placed))
        begins = await consumer.beginning_offsets(list(placed))
        return {
            tp.partition: min(end, max(begins[tp], await consumer.committed(tp) or 0)) for tp, end in placed.items()
        }
    finally:
        await consumer.stop()


async def n_behind(settings: Settings, role: Role, ends: Mapping[int, int]) -> int:
    """Return how many records before these ends the role has not acknowledged."""
    reached = await positions(settings, role, ends)
    return sum(end - reached[number] for number, end in ends.items())
