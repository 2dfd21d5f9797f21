from __future__ import annotations

import logging

import pytest

from pipeline.logs.flood import FloodFilter
from pipeline.logs.formats import BODY, UNTOLD


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def event(message: str = "no answer from %s", *args: object, **fields: object) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": message, "args": args, "name": "a", "levelno": logging.WARNING, **fields})


def test_of_one_place_so_many_a_minute_are_told_whatever_their_values() -> None:
    clock = Clock()
    flood = FloodFilter(max_events=3, now_s=clock)
    assert [flood.filter(event("no answer from %s", host)) for host in range(5)] == [True] * 3 + [False] * 2
    assert flood.filter(event("another message"))
    assert flood.filter(event("no answer from %s", 1, name="b"))
    clock.now_s = 59.9
    assert not flood.filter(event())


def test_the_next_one_tells_how_many_were_left_out() -> None:
    clock = Clock()
    flood = FloodFilter(max_events=1, now_s=clock)
    for _ in range(8):
        flood.filter(event())
    clock.now_s = 60.0
    told = event()
    assert flood.filter(told)
    assert getattr(told, UNTOLD) == 7
    clock.now_s = 120.0
    told = event()
    assert flood.filter(told)
    assert not hasattr(told, UNTOLD)


def test_alerts_and_what_ends_a_process_are_always_told() -> None:
    flood = FloodFilter(max_events=1, now_s=Clock())
    assert all(flood.filter(event("alert %s", **{BODY: b"{}"})) for _ in range(9))
    assert all(flood.filter(event("ended", levelno=logging.CRITICAL)) for _ in range(9))


def test_messages_without_end_take_no_memory_without_end() -> None:
    flood = FloodFilter(now_s=Clock())
    for number in range(10_000):
        flood.filter(event(f"message {number}"))
    assert len(flood._places) <= 2_000


@pytest.mark.parametrize("wrong", [{"max_events": 0}, {"period_s": 0.0}])
def test_bounds_are_positive(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="max_events must be >= 1"):
        FloodFilter(**wrong)  # type: ignore[arg-type]
