"""Windows, evidence and alerts, as the roles write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from alerts.surges.evidence import Evidence, EvidenceStory, SurgeReason
from pipeline.records import TrendRecord

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY_S = 86_400.0

_WINDOW = TrendRecord(
    topic="ftx",
    start_at=NOON,
    end_at=NOON + timedelta(minutes=5),
    status="provisional",
    n_documents=5,
    n_stories=4,
    n_negative=2,
    n_neutral=1,
    n_positive=1,
    polarity=-0.25,
    negative_share=0.5,
    n_sources=3,
    policy_versions={"p-1": 5},
)
_EVIDENCE = Evidence(
    topic="ftx",
    at=NOON,
    reason=SurgeReason.SURGE,
    is_over=True,
    is_raised=True,
    return_period_s=40 * DAY_S,
    n_negative=9,
    n_stories=12,
    expected=1.5,
    expected_low=0,
    expected_high=4,
    negative_share=0.75,
    usual_share=0.2,
    p_volume=0.001,
    p_share=0.01,
    onset_at=NOON,
    n_sources=5,
    baseline_age_s=30 * DAY_S,
    stories=(EvidenceStory("FTX halts withdrawals", "https://example.com/1", "wire", 6, NOON),),
)


@pytest.fixture
def window() -> Callable[..., TrendRecord]:
    """Makes a window: `window("ftx", minute=10, n_negative=3)` is the five minutes from noon and ten minutes on."""

    def make(topic: str, *, minute: int = 0, minutes: int = 5, **changes: Any) -> TrendRecord:
        start_at = NOON + timedelta(minutes=minute)
        own = {"topic": topic, "start_at": start_at, "end_at": start_at + timedelta(minutes=minutes)}
        return msgspec.structs.replace(_WINDOW, resolution_s=minutes * 60, **{**own, **changes})

    return make


@pytest.fixture
def evidence() -> Callable[..., Evidence]:
    """Makes evidence of noon and so many minutes."""

    def make(topic: str = "ftx", *, minute: int = 0, **changes: Any) -> Evidence:
        return msgspec.structs.replace(_EVIDENCE, topic=topic, at=NOON + timedelta(minutes=minute), **changes)

    return make
