from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.observation import Observation

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DEFAULTS: dict[str, Any] = {"document_id": "a", "published_at": NOON, "source": "Wire", "sentiment": (0.1, 0.8, 0.1)}


def observed(**fields: Any) -> Observation:
    return Observation(**(DEFAULTS | fields))


@pytest.mark.parametrize(
    ("sentiment", "label"),
    [
        ((0.6, 0.3, 0.1), "negative"),
        ((0.1, 0.3, 0.6), "positive"),
        ((0.4, 0.4, 0.2), "neutral"),
        ((0.4, 0.2, 0.4), "neutral"),
        ((0.2, 0.4, 0.4), "neutral"),
    ],
)
def test_a_tie_is_no_reason_to_be_alarmed(sentiment: tuple[float, float, float], label: str) -> None:
    assert observed(sentiment=sentiment).label == label


def test_it_is_known_when_its_source_had_come_so_far() -> None:
    tick = int(NOON.timestamp()) // 300
    assert observed().known_tick(300) == tick
    assert observed(known_at=NOON - timedelta(hours=1)).known_tick(300) == tick
    assert observed(known_at=NOON + timedelta(minutes=20)).known_tick(300) == tick + 4


def test_news_and_posts_of_one_name_are_different_sources() -> None:
    assert observed(kind="news").source_hash != observed(kind="social").source_hash


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="known_at must be aware"):
        observed(known_at=NOON.replace(tzinfo=None))
