from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from models.labels import Sentiment
from pipeline.demo.feed import FeedRecord
from pipeline.demo.loop.truth import Truth
from pipeline.demo.right import Right
from pipeline.feedback.records import ReviewDrawn, UnitRecord
from pipeline.records import Decision, Origin, SketchRecord
from rl.rounds.round import ReviewReason

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
NEUTRAL: Sentiment = (0.1, 0.8, 0.1)


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture
def truth() -> Truth:
    """Three red flags about Nike, and one document that is none."""
    truth = Truth()
    flag = Right("negative", ((0, 4),), is_red_flag=True)
    records = [FeedRecord(NOON, f"flag-{number}", b"", flag) for number in range(3)]
    list(truth.noting([*records, FeedRecord(NOON, "plain", b"", Right("neutral", ((0, 4),)))]))
    return truth


@pytest.fixture
def a_decision() -> Callable[..., Decision]:
    def _decision(document_id: str, sentiment: Sentiment = NEUTRAL, text: str | None = None) -> Decision:
        return Decision(
            document_id=document_id,
            origin=Origin(0, 0),
            kind="news",
            source="Wire",
            published_at=NOON,
            ingested_at=NOON,
            decided_at=NOON,
            excerpt=text or f"Nike hires advisers {document_id}\nThey begin soon.",
            url=None,
            sentiment=sentiment,
            spans=(),
            propensity=1.0,
            policy_version="p-1",
            from_cache=False,
            sketch=SketchRecord(),
        )

    return _decision


@pytest.fixture
def a_review() -> Callable[..., ReviewDrawn]:
    def _review(document_id: str, proposal: tuple[UnitRecord, ...] | None = None) -> ReviewDrawn:
        return ReviewDrawn(
            id=f"review-{document_id}",
            document_id=document_id,
            origin=Origin(0, 0),
            policy_version="p-1",
            p_review=0.05,
            parts={"uniform": 0.02, "uncertain": 0.03},
            reason=ReviewReason.BLIND if proposal is None else ReviewReason.UNIFORM,
            proposal=proposal,
            drawn_at=NOON,
            due_at=NOON + timedelta(days=3),
        )

    return _review
