from __future__ import annotations

import pytest
from aiokafka.partitioner import DefaultPartitioner

from pipeline.stage import MemoryStates, partition_of


@pytest.mark.parametrize("key", ["ftx", "a", "", "三井", "acme gmbh"])
@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_a_key_lies_where_any_kafka_producer_would_put_it(key: str, partitions: int) -> None:
    numbers = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key.encode(), numbers, numbers)


def test_memory_holds_the_last_state_of_each_key() -> None:
    states: MemoryStates[int] = MemoryStates()
    states.put("a", 0, 1)
    states.put("b", 1, 2)
    states.put("a", 0, 3)
    assert states.get("a") == 3
    assert states.get("c") is None
    assert dict(states.items()) == {"a": 3, "b": 2}
