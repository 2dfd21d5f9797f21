"""Records as the stages take them, and state that can be lost in a crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from pipeline.metrics import Metrics
from pipeline.records import Decision, Origin, ReadingRecord, Revision, SketchRecord

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry)


@pytest.fixture
def new_decision() -> Callable[..., Decision]:
    """Makes the decision on the document at an offset of `documents`, some minutes after noon."""

    def make(offset: int, minutes: float = 0.0, *, partition: int = 0, **changes: Any) -> Decision:
        published_at = NOON + timedelta(minutes=minutes)
        fields: dict[str, Any] = {
            "document_id": f"d{offset}",
            "origin": Origin(partition, offset),
            "kind": "news",
            "source": "Wire",
            "published_at": published_at,
            "ingested_at": published_at,
            "decided_at": published_at,
            "excerpt": "FTX halts withdrawals",
            "url": None,
            "sentiment": (0.8, 0.1, 0.1),
            "spans": (),
            "propensity": 1.0,
            "policy_version": "v1",
            "from_cache": False,
            "sketch": SketchRecord((offset,)),
        }
        return Decision(**fields | changes)

    return make


@pytest.fixture
def new_revision() -> Callable[..., Revision]:
    """Makes the revision of a decision: what is right instead, as a sentiment or as a whole reading."""

    def make(decision: Decision, right: Any, correction_id: str = "c1", **changes: Any) -> Revision:
        fields: dict[str, Any] = {
            "correction_id": correction_id,
            "document_id": decision.document_id,
            "origin": decision.origin,
            "kind": decision.kind,
            "source": decision.source,
            "published_at": decision.published_at,
            "revised_at": NOON + timedelta(days=3),
            "excerpt": decision.excerpt,
            "url": decision.url,
            "counted": ReadingRecord(decision.sentiment, decision.spans),
            "right": right if isinstance(right, ReadingRecord) else ReadingRecord(right, ()),
            "policy_version": decision.policy_version,
            "negative_ratio": decision.negative_ratio,
            "sketch": decision.sketch,
        }
        return Revision(**fields | changes)

    return make
