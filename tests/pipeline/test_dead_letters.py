from __future__ import annotations

from importlib import metadata

import pytest

from pipeline.dead_letters import dead_letter_headers
from pipeline.rejects import RecordRejected, RejectReason


def headers(detail: str = "id is empty", timestamp: float = 0.0, attempt: int = 1) -> dict[str, bytes]:
    rejected = RecordRejected(RejectReason.BAD_ID, detail)
    found = dead_letter_headers(
        rejected,
        kafka_topic="documents",
        partition=0,
        offset=5,
        timestamp=timestamp,
        stage="read",
        attempt=attempt,
    )
    return dict(found)


def test_headers_say_why_where_from_and_which_attempt() -> None:
    found = headers(attempt=2)
    assert found["finsurge.reason"] == b"bad_id"
    assert found["finsurge.detail"] == b"id is empty"
    assert (found["finsurge.kafka_topic"], found["finsurge.offset"]) == (b"documents", b"5")
    assert found["finsurge.recorded_at"] == b"1970-01-01T00:00:00+00:00"
    assert found["finsurge.attempt"] == b"2"
    assert found["finsurge.version"] == metadata.version("finsurge").encode()


def test_no_detail_and_no_timestamp_can_make_a_dead_letter_fail() -> None:
    assert headers(detail="half a pair: \ud800")["finsurge.detail"] == rb"half a pair: \ud800"
    assert headers(timestamp=-1e300)["finsurge.recorded_at"] == b"-1e+300"
    assert headers(timestamp=float("nan"))["finsurge.recorded_at"] == b"nan"


def test_attempts_start_at_one() -> None:
    with pytest.raises(ValueError, match="attempt must be >= 1, got 0"):
        headers(attempt=0)
