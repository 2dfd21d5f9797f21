"""The broker, and finsurge's Kafka topics on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aiokafka.errors import KafkaError

from pipeline.broker.connection import BrokerUnavailable, Connection
from pipeline.broker.rebuild_log import check_whole
from pipeline.broker.topics import check, topic_specs
from pipeline.checks.check import Check, Level
from pipeline.errors import CommandFailed
from pipeline.settings import Settings

TIMEOUT_S = 5.0


def check_kafka(settings: Settings) -> Iterator[Check]:
    """Say whether a Kafka answers and, if so, what a worker would stumble over in its topics."""
    try:
        with settings.connection.admin(TIMEOUT_S) as client:
            brokers = client.describe_cluster()["brokers"]
    except (BrokerUnavailable, ValueError) as reason:
        yield Check("broker", Level.FAIL, str(reason))
        return
    yield _brokers(settings.connection, brokers)
    specs = topic_specs(settings.topic_prefix, settings.partitions)
    try:
        findings = check(settings.connection, specs, TIMEOUT_S)
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
        except KafkaError as error:  # it answers, and partitions of it have no leader
            yield Check("broker", Level.FAIL, f"it cannot be read from ({type(error).__name__}): brokers are down")


def _brokers(connection: Connection, known: Sequence[Mapping[str, Any]]) -> Check:
    """Tell how many brokers there are; one that is fenced is known to the cluster, and serves nobody."""
    down = sorted(broker["broker_id"] for broker in known if broker.get("is_fenced"))
    n_up = len(known) - len(down)
    said = f"{connection}, {n_up} broker{'' if n_up == 1 else 's'}"
    if not down:
        return Check("broker", Level.OK, said)
    names = ", ".join(map(str, down))
    return Check(
        "broker", Level.WARN, f"{said}; {len(down)} more {'is' if len(down) == 1 else 'are'} known and down: {names}"
    )
