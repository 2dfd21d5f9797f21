"""Rule books on their way: sent to the stage that owns episodes, and the history of those that it has taken."""

from __future__ import annotations

import uuid
from datetime import datetime

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from alerts.rules.parse import parse_rules
from pipeline.broker.connection import BrokerUnavailable
from pipeline.broker.preflight import partition_counts
from pipeline.candidates import RulesRecord, RulesTaken
from pipeline.records import decode, encode
from pipeline.settings import Settings

KEY_PREFIX = b"rules/"


def key_of(record_id: str) -> bytes:
    """Return the key under which a rule book that was sent is taken."""
    return KEY_PREFIX + record_id.encode()


async def send_rules(settings: Settings, text: str, by: str, at: datetime) -> RulesRecord:
    """Send a rule book behind all evidence that there is, and return what was sent.

    Raises:
        RulesInvalid: it has a mistake; nothing was sent.
        BrokerUnavailable: the broker did not take it.
    """
    record = RulesRecord(id=uuid.uuid4().hex, version=parse_rules(text).version, text=text, by=by, at=at)
    settings.connection.reach(timeout_s=10.0)
    producer = settings.connection.producer(enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(settings.kafka_topic("candidates"), encode(record), partition=0)
    except KafkaError as error:
        raise BrokerUnavailable(settings.bootstrap, f"it did not take the rules ({type(error).__name__})") from None
    finally:
        await producer.stop()
    return record


async def rules_taken(settings: Settings) -> list[RulesTaken]:
    """Return the rule books that were taken, in their order.

    Raises:
        BrokerUnavailable: no Kafka answers.
    """
    return list((await rules_by_key(settings)).values())


async def rules_by_key(settings: Settings) -> dict[bytes, RulesTaken]:
    """Return the rule books that were taken, in their order, each under its key in `config`.

    Raises:
        BrokerUnavailable: no Kafka answers.
    """
    settings.connection.reach(timeout_s=10.0)
    partition = TopicPartition(settings.kafka_topic("config"), 0)
    if partition.topic not in await partition_counts(settings.connection):
        return {}
    consumer = settings.connection.consumer()
    await consumer.start()
    try:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        taken: dict[bytes, RulesTaken] = {}
        while await consumer.position(partition) < end:
            for record in (await consumer.getmany(partition, timeout_ms=1_000)).get(partition, ()):
                if record.value is not None and (record.key or b"").startswith(KEY_PREFIX):
                    taken[record.key] = decode(RulesTaken, record.value)
        return taken
    finally:
        await consumer.stop()
