from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.feedback.records import RightMention, RightRecord, RoundRecord, RoundTrace, UnitRecord
from pipeline.records import Origin
from rl.rounds.round import ReviewReason, Verdict

RecordOf = Callable[..., RoundRecord]


@pytest.fixture
def record() -> RecordOf:
    """Makes a round on the wire: `record(number, name="Tesla")`, good news that was served as bad."""

    def _record(number: int, *, name: str = "Tesla", analyst: str = "ada") -> RoundRecord:
        at = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(minutes=number)
        origin = Origin(0, number)
        return RoundRecord(
            id=f"c{number}",
            document_id=f"d{number}",
            story=f"s{number}",
            topics=("tesla",),
            text=f"{name} drops the profit warning",
            kind="news",
            source="Wire",
            published_at=at,
            decided_at=at,
            policy_version="p-1",
            served=(UnitRecord(sentiment="negative"),),
            shown=None,
            p_review=0.1,
            review_reason=ReviewReason.BLIND,
            analyst=analyst,
            verdict=Verdict.CORRECT,
            right=RightRecord(
                sentiment="positive",
                mentions=(RightMention(start=0, end=len(name), sentiment="positive"),),
                are_mentions_complete=True,
            ),
            corrected_at=at,
            reward=0.0,
            weight=1.0,
            trace=RoundTrace(document=origin, decision=origin, correction=origin),
        )

    return _record
