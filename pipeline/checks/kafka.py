"""The broker, and finsurge's Kafka topics on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from pipeline.broker.connection import BrokerUnavailable, admin
from pipeline.broker.rebuild_log import check_whole
from pipeline.broker.topics import check, topic_specs
from pipeline.checks.check import Check, Level
from pipeline.errors import CommandFailed
from pipeline.settings import Settings

TIMEOUT_S = 5.0


def check_kafka(settings: Settings) -> Iterator[Check]:
    """Say whether a Kafka answers and, if so, what a worker would stumble over in its topics."""
    try:
        with admin(settings.bootstrap, TIMEOUT_S) as client:
            n_brokers = len(client.describe_cluster()["brokers"])
    except (BrokerUnavailable, ValueError) as reason:
        yield Check("broker", Level.FAIL, str(reason))
        return
    yield Check("broker", Level.OK, f"{settings.bootstrap}, {n_brokers} broker{'s' if n_brokers > 1 else ''}")
    specs = topic_specs(settings.topic_prefix, settings.partitions)
    try:
        findings = check(settings.bootstrap, specs, TIMEOUT_S)
    except BrokerUnavailable as reason:
        yield Check("topics", Level.FAIL, str(reason))
        return
    for finding in findings:
        yield Check("topics", Level.FAIL, str(finding))
    if not findings:
        yield Check("topics", Level.OK, f"all {len(specs)} are as they should be")
        try:
            asyncio.run(check_whole(settings))
        except CommandFailed as reason:
            yield Check("rebuild", Level.FAIL, str(reason))
