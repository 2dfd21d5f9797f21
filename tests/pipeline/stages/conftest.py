"""Records as the stages take them, and state that can be lost in a crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from pipeline.metrics import Metrics
from pipeline.records import Decision, Origin, SketchRecord

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
