"""An alert to try a receiver with; nothing in it comes from a stream."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec

from pipeline.records import AlertRecord, AlertStory

_SAMPLE = AlertRecord(
    id="sample/1/1",
    topic="sample",
    topic_name="Sample Ltd",
    episode=1,
    number=1,
    transition="opened",
    reason="surge",
    severity="warning",
    at=datetime(2026, 1, 2, 15, 0, tzinfo=UTC),
    opened_at=datetime(2026, 1, 2, 15, 0, tzinfo=UTC),
    summary="Sample Ltd: 14 negative stories in 4 h where 1.2 (0 to 4) were expected",
    n_negative=14,
    n_stories=20,
    expected=1.2,
    expected_low=0.0,
    expected_high=4.0,
    negative_share=0.7,
    usual_share=0.22,
    onset_at=datetime(2026, 1, 2, 14, 5, tzinfo=UTC),
    n_sources=9,
    baseline_age_s=30 * 86_400.0,
    return_period_s=None,
    stories=(
        AlertStory(
            excerpt="Sample Ltd halts withdrawals",
            url="https://example.com/1",
            source="example.com",
            copies=6,
            published_at=datetime(2026, 1, 2, 14, 7, tzinfo=UTC),
        ),
    ),
    policy_versions=("p-00000000",),
)


def sample_alert(**changes: Any) -> AlertRecord:
    """Return the sample with some fields changed; its id follows topic, rule, episode and number.

    >>> sample_alert(number=2, transition="escalated").id
    'sample/1/2'
    """
    alert = msgspec.structs.replace(_SAMPLE, **changes)
    rule = f"!{alert.rule}" if alert.rule else ""
    return msgspec.structs.replace(alert, id=f"{alert.topic}{rule}/{alert.episode}/{alert.number}")


def trial_alert(now: datetime) -> AlertRecord:
    """Return an alert that says that it is none, for a receiver that people look at; no two have the same id.

    >>> trial_alert(datetime(2026, 1, 2, tzinfo=UTC)).topic_name
    'TEST of finsurge'
    """
    return sample_alert(
        topic=f"finsurge-test-{uuid.uuid4().hex[:8]}",
        topic_name="TEST of finsurge",
        summary="TEST of finsurge, nothing has happened: alerts arrive here, and look like this",
        at=now,
        opened_at=now,
        onset_at=now,
        stories=(),
    )
