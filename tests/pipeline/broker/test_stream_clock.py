from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.broker.connection import Connection
from pipeline.broker.stream_clock import StreamClock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def clock_at(now: datetime) -> StreamClock:
    return StreamClock(Connection("127.0.0.1:9092"), "documents", now=lambda: now)


def test_before_any_document_there_is_no_time() -> None:
    assert clock_at(NOON).at() is None


def test_time_runs_on_with_the_clock_from_the_newest_document() -> None:
    clock = clock_at(NOON + minutes(10))
    clock.observe(NOON - minutes(60), NOON)
    assert clock.at() == NOON - minutes(50)


def test_a_backfill_of_old_documents_leaves_time_in_the_past() -> None:
    clock = clock_at(NOON)
    clock.observe(NOON - timedelta(days=900), NOON - minutes(1))
    assert clock.at() == NOON - timedelta(days=900) + minutes(1)


def test_the_clock_less_the_delay_is_the_streams_time() -> None:
    clock = clock_at(NOON + minutes(10))
    assert clock.delay_s is None
    clock.observe(NOON - minutes(60), NOON)
    assert clock.delay_s == 3600
    assert clock.at() == NOON + minutes(10) - timedelta(seconds=clock.delay_s)


def test_an_older_document_that_comes_later_does_not_turn_time_back() -> None:
    clock = clock_at(NOON + minutes(10))
    clock.observe(NOON, NOON)
    clock.observe(NOON - minutes(30), NOON + minutes(9))
    assert clock.at() == NOON + minutes(10)


def test_a_broker_whose_clock_is_ahead_does_not_turn_time_back() -> None:
    clock = clock_at(NOON)
    clock.observe(NOON, NOON + minutes(5))
    assert clock.at() == NOON
