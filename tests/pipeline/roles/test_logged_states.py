"""State in a changelog: what is written comes back, to whoever owns the partition, in spite of others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.roles.logged_states import LoggedStates


class Changelog:
    """A Kafka topic in memory."""

    def __init__(self) -> None:
        self.records: dict[int, list[tuple[str, bytes | None]]] = {0: [], 1: []}
        self.n_loads = 0

    async def ends(self, partitions: set[int]) -> Mapping[int, int]:
        return {number: len(self.records[number]) for number in partitions}

    async def load(self, ends: Mapping[int, int]) -> Mapping[int, dict[str, bytes]]:
        loaded = {}
        for number, end in ends.items():
            self.n_loads += 1
            last = dict(self.records[number][:end])
            loaded[number] = {key: value for key, value in last.items() if value is not None}
        return loaded

    async def send(self, partition: int, key: bytes, value: bytes | None) -> Awaitable[Any]:
        self.records[partition].append((key.decode(), value))
        done = asyncio.get_running_loop().create_future()
        done.set_result(SimpleNamespace(offset=len(self.records[partition]) - 1))
        return done


def states(changelog: Changelog) -> LoggedStates[int]:
    return LoggedStates(changelog, changelog.send, lambda state: str(state).encode(), lambda _key, value: int(value))


async def test_what_is_committed_is_there_for_the_next_owner() -> None:
    changelog = Changelog()
    first, second = states(changelog), states(changelog)
    await first.assign({0, 1})
    first.put("a", 0, 1)
    first.put("b", 1, 2)
    await first.commit()
    first.put("a", 0, 3)  # not committed
    await second.assign({0})
    assert dict(second.items()) == {"a": 1}
    assert second.get("b") is None


async def test_a_dropped_key_is_a_tombstone_and_does_not_come_back() -> None:
    changelog = Changelog()
    first, second = states(changelog), states(changelog)
    await first.assign({0})
    first.put("a", 0, 1)
    await first.commit()
    first.drop("a", 0)
    await first.commit()
    assert changelog.records[0] == [("a", b"1"), ("a", None)]
    assert first.get("a") is None
    await second.assign({0})
    assert list(second.items()) == []


async def test_records_are_written_in_the_order_that_a_crash_may_cut_anywhere() -> None:
    changelog = Changelog()
    held = states(changelog)
    await held.assign({0})
    held.put("+topic/0/1", 0, 1)
    await held.commit()
    held.put("#0", 0, 4)
    held.drop("+topic/0/1", 0)
    held.put("topic", 0, 2)
    held.put("+topic/0/2", 0, 3)
    await held.commit()
    assert [key for key, _ in changelog.records[0][1:]] == ["+topic/0/2", "topic", "+topic/0/1", "#0"]


async def test_a_partition_that_nobody_else_wrote_is_not_read_again() -> None:
    changelog = Changelog()
    held = states(changelog)
    await held.assign({0})
    held.put("a", 0, 1)
    await held.commit()
    n_loads = changelog.n_loads
    await held.assign({0, 1})
    assert changelog.n_loads == n_loads + 1  # partition 1 alone
    assert held.get("a") == 1


async def test_a_partition_that_another_has_had_is_read_again() -> None:
    changelog = Changelog()
    first, second = states(changelog), states(changelog)
    await first.assign({0})
    first.put("a", 0, 1)
    await first.commit()
    await second.assign({0})
    second.put("a", 0, 2)
    await second.commit()
    await first.assign({0})
    assert first.get("a") == 2


async def test_what_a_former_owner_writes_too_late_is_written_over() -> None:
    changelog = Changelog()
    former, owner, next_owner = states(changelog), states(changelog), states(changelog)
    await former.assign({0})
    former.put("a", 0, 1)
    former.put("b", 0, 1)
    await former.commit()
    await owner.assign({0})
    owner.put("a", 0, 2)
    await owner.commit()
    former.put("a", 0, 9)  # it was stopped in mid-chunk, and wakes
    former.put("b", 0, 9)
    await former._write({"a": 0, "b": 0})
    owner.put("c", 0, 3)
    await owner.commit()
    await next_owner.assign({0})
    assert dict(next_owner.items()) == {"a": 2, "b": 1, "c": 3}


async def test_state_of_a_partition_that_is_not_owned_is_refused() -> None:
    held = states(Changelog())
    await held.assign({0})
    with pytest.raises(KeyError):
        held.put("a", 1, 1)
