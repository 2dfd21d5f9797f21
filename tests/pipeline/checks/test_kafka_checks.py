import pytest

from pipeline.broker.connection import Connection
from pipeline.broker.topics import create, topic_specs
from pipeline.checks.check import Level
from pipeline.checks.kafka import check_kafka
from pipeline.settings import Settings


def test_a_broker_that_is_not_there_is_the_only_thing_told() -> None:
    (check,) = check_kafka(Settings(broker="kafka://127.0.0.1:1"))
    assert (check.name, check.level) == ("broker", Level.FAIL)
    assert check.said.startswith("no Kafka at 127.0.0.1:1: connection refused; ")


@pytest.mark.kafka
def test_kafka_topics_that_are_missing_are_told_each_and_then_well(kafka: str, topic_prefix: str) -> None:
    settings = Settings(broker=f"kafka://{kafka}", topic_prefix=topic_prefix, partitions=2)
    specs = topic_specs(topic_prefix, 2)
    broker, *topics = check_kafka(settings)
    assert broker.level is Level.OK
    assert {check.said for check in topics} == {
        f"{spec.name}: it is missing; run `finsurge topics create`" for spec in specs
    }
    create(Connection(kafka), specs)
    _, *topics = check_kafka(settings)
    assert [(check.level, check.said) for check in topics] == [(Level.OK, f"all {len(specs)} are as they should be")]
