"""The broker that a demo runs on, with its Kafka topics made: embedded, a Kafka of its own, or the user's."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.broker.embedded import EMBEDDED_PARTITIONS, EmbeddedBroker
from pipeline.broker.server import temporary_kafka
from pipeline.broker.topics import create, topic_specs
from pipeline.errors import CommandFailed
from pipeline.settings import Settings

SESSION_TIMEOUT_S = 6.0
"""The least that Kafka allows by default; the embedded broker makes a group's first member wait for it."""


@contextmanager
def open_broker(
    choice: str, settings: Settings, now: datetime, tell: Callable[[str], None], *, cache: Path
) -> Iterator[Settings]:
    """Give the demo's settings for the chosen broker, which ends with the block if it was started here.

    Args:
        choice: `embedded`, `kafka`, or `kafka://host:port`.
        settings: the demo's, but for broker, prefix and partitions.
        now: names the Kafka topics on a broker that is the user's.
        tell: is told what is made, one line each.
        cache: folder where the jars of a Kafka stay.

    Raises:
        CommandFailed: there is no such choice.
        EmbeddedUnavailable, KafkaUnavailable: the broker cannot be started.
        BrokerUnavailable, TopicRefused: the user's does not answer, or does not make Kafka topics.
    """
    settings = dataclasses.replace(settings, partitions=EMBEDDED_PARTITIONS, topic_prefix="")
    specs = topic_specs(settings.topic_prefix, settings.partitions)
    if choice == "embedded":
        with EmbeddedBroker(spec.name for spec in specs) as broker:
            yield dataclasses.replace(_at(broker.bootstrap, settings), session_timeout_s=SESSION_TIMEOUT_S)
    elif choice == "kafka":
        tell("starting a Kafka for the demo; the first time its jars are fetched")
        with temporary_kafka(cache=cache) as server:
            create(server.connection, specs)
            yield _at(server.bootstrap, settings)
    elif choice.startswith(("kafka://", "kafka+ssl://")):
        prefix = f"demo-{now:%Y%m%d-%H%M%S}-"
        settings = dataclasses.replace(settings, broker=choice, topic_prefix=prefix)
        made = create(settings.connection, topic_specs(prefix, settings.partitions))
        tell(f"made {len(made)} Kafka topics named {prefix}… at {settings.bootstrap}; they stay after the demo")
        yield settings
    else:
        raise CommandFailed(f"broker must be embedded, kafka or kafka://host:port, got {choice!r}")


def _at(bootstrap: str, settings: Settings) -> Settings:
    """Return the settings with a Kafka of the demo's own, which speaks no TLS and asks nobody who he is."""
    ours = ("kafka_ca", "kafka_certificate", "kafka_key", "kafka_user", "kafka_password")
    plain: dict[str, Any] = dict.fromkeys(ours)
    return dataclasses.replace(settings, broker=f"kafka://{bootstrap}", **plain)
