import sys

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from pipeline.broker.embedded import EMBEDDED_PARTITIONS, EmbeddedBroker, EmbeddedUnavailable

pytest.importorskip("confluent_kafka", reason="the embedded broker is an extra")


async def test_a_message_comes_back_from_the_partition_it_went_to() -> None:
    with EmbeddedBroker(["documents"]) as broker:
        producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap)
        await producer.start()
        await producer.send_and_wait("documents", b"hello", key=b"a", partition=2)
        await producer.stop()
        consumer = AIOKafkaConsumer("documents", bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        try:
            assigned = {kafka_topic.partition for kafka_topic in consumer.assignment()}
            message = await consumer.getone()
        finally:
            await consumer.stop()
    assert assigned == set(range(EMBEDDED_PARTITIONS))
    assert (message.partition, message.key, message.value) == (2, b"a", b"hello")


def test_two_brokers_at_once_are_two() -> None:
    with EmbeddedBroker() as one, EmbeddedBroker() as other:
        assert one.bootstrap != other.bootstrap


def test_a_broker_that_is_not_running_makes_no_kafka_topics() -> None:
    with pytest.raises(ValueError, match="precreate needs a running broker"):
        EmbeddedBroker().precreate(["documents"])


def test_without_the_extra_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)  # what an import of a missing package meets
    with pytest.raises(EmbeddedUnavailable, match=r"pip install 'finsurge\[embedded\]'"), EmbeddedBroker():
        pass
