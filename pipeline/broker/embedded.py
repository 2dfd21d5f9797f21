"""A broker inside this process: librdkafka's mock cluster, for the demo and for one worker.

Nothing is kept when the process ends, groups have one member, nothing is compacted. Knows no topic of finsurge.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any

EMBEDDED_PARTITIONS = 4  # the mock gives every Kafka topic four partitions; it cannot be told otherwise


class EmbeddedUnavailable(RuntimeError):
    """The embedded broker cannot be had; the message is one line with the mend."""


class EmbeddedBroker:
    """A mock Kafka on a free port of 127.0.0.1, for as long as the block lasts.

    >>> with EmbeddedBroker(["documents"]) as broker:
    ...     broker.bootstrap.startswith("127.0.0.1:")
    True
    """

    def __init__(self, kafka_topics: Iterable[str] = ()) -> None:
        self.bootstrap = ""
        self._kafka_topics = tuple(kafka_topics)
        self._client: Any = None

    def __enter__(self) -> EmbeddedBroker:
        """Start it and make the Kafka topics.

        Raises:
            EmbeddedUnavailable: the extra is not installed, or the mock did not start.
        """
        try:
            from confluent_kafka import KafkaException
            from confluent_kafka.admin import AdminClient
        except ImportError:
            raise EmbeddedUnavailable(
                "the embedded broker needs confluent-kafka: pip install 'finsurge[embedded]'"
            ) from None
        try:
            # The mock lives as long as this client; its address is in the client's own metadata.
            self._client = AdminClient({"bootstrap.servers": "unused", "test.mock.num.brokers": 1, "log_level": 3})
            (broker,) = self._client.list_topics(timeout=10).brokers.values()
        except (KafkaException, ValueError) as error:
            raise EmbeddedUnavailable(f"the embedded broker did not start: {error}") from None
        self.bootstrap = f"{broker.host}:{broker.port}"
        self.precreate(self._kafka_topics)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, and everything in it."""
        self._client = None

    def precreate(self, kafka_topics: Iterable[str]) -> None:
        """Make Kafka topics of four partitions each: the mock makes what it is asked about."""
        if self._client is None:
            raise ValueError("precreate needs a running broker: use it inside the with block")
        for name in kafka_topics:
            self._client.list_topics(topic=name, timeout=10)
