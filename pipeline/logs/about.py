"""What an event is about: the fields that log lines have beside their message."""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

ATTRIBUTE = "about"
"""of a log record that holds them"""


class Fields(TypedDict, total=False):
    """Names, never texts: what can be looked up elsewhere by who may."""

    document: str
    topic: str
    kafka_topic: str
    partition: int
    offset: int
    policy_version: str
    alert: str
    receiver: str
    reason: str
    error: str
    n_documents: int
    trace_id: str
    span_id: str


def about(**fields: Unpack[Fields]) -> dict[str, Any]:
    """Return fields as the logging module takes them.

    >>> about(document="d-1", partition=3)
    {'about': {'document': 'd-1', 'partition': 3}}

    Args:
        fields: document: its id. topic: the subject talked about. kafka_topic, partition, offset: of the record.
            policy_version: of the policy that acted. alert: its id. receiver: its name. reason: an enum's value.
            error: what kind of exception. n_documents: of a batch. trace_id, span_id: where another trace than the
            current one is meant.
    """
    return {ATTRIBUTE: fields}


def at(record: Any) -> dict[str, Any]:
    """Return the place of a Kafka record as the logging module takes it.

    >>> from aiokafka import ConsumerRecord
    >>> at(ConsumerRecord("alerts", 1, 7, 0, 0, b"", b"", None, 0, 0, ()))
    {'about': {'kafka_topic': 'alerts', 'partition': 1, 'offset': 7}}
    """
    return about(kafka_topic=record.topic, partition=record.partition, offset=record.offset)
