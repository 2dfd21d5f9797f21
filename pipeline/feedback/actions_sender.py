"""Sends what a person does to the Kafka topic `actions`."""

from __future__ import annotations

from pipeline.feedback.actions import QuarantineReleased
from pipeline.feedback.actions_on_alerts import AlertAction
from pipeline.records import encode
from pipeline.settings import Settings


async def send_action(settings: Settings, action: QuarantineReleased | AlertAction) -> None:
    """Return when the broker has it, on the partition of its topic."""
    producer = settings.connection.producer()
    await producer.start()
    try:
        kafka_topic = settings.kafka_topic("actions")
        await producer.send_and_wait(kafka_topic, encode(action), key=action.topic.encode())
    finally:
        await producer.stop()
