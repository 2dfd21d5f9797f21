from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from pipeline.broker.connection import BrokerUnavailable, Connection
from pipeline.broker.embedded import EmbeddedBroker
from pipeline.ingest.document_sender import DeliveryFailed, DocumentSender
from pipeline.records import Document


def document(n: int) -> Document:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    return Document(schema=1, id=f"d{n}", kind="news", source="s", published_at=at, text="x" * 100)


async def test_leaving_waits_for_every_acknowledgement() -> None:
    with EmbeddedBroker([]) as broker:
        async with DocumentSender(Connection(broker.bootstrap), "sent", max_in_flight=10) as sender:
            for n in range(500):
                await sender.send(document(n))
        assert sender.n_acknowledged == 500


async def test_a_broker_that_goes_away_is_a_failure_and_not_a_hang() -> None:
    with EmbeddedBroker([]) as broker:
        sender = await DocumentSender(Connection(broker.bootstrap), "sent", delivery_timeout_s=0.2).__aenter__()
        await sender.send(document(0))
    await sender.send(document(1))
    with pytest.raises(DeliveryFailed, match=r"sending to sent failed after [01] documents: no acknowledgement"):
        await sender.__aexit__(None, None, None)


async def test_what_does_not_speak_kafka_is_said() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(BrokerUnavailable, match="does not answer as Kafka does"):
        async with DocumentSender(Connection(f"127.0.0.1:{port}"), "sent"):
            pass
    server.close()
    await server.wait_closed()
