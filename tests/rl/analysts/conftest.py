from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from models.labelled.example import Example, LabelledSpan
from rl.rounds.round import ReviewReason, Round, ShownUnit, Verdict
from rl.rounds.unit import Unit

AnswerOf = Callable[..., Round]
TEXT = "Acme said on Monday"
SPAN = (0, 4)


@pytest.fixture
def answer() -> AnswerOf:
    """Makes a round about Acme: `answer("ada", 3, said=0)` calls negative what was served as neutral."""

    def _answer(
        analyst: str,
        number: int,
        *,
        day: float = 0.0,
        topics: tuple[str, ...] = ("acme",),
        served: int = 1,
        said: int = 1,
        verdict: Verdict = Verdict.CORRECT,
        is_found: bool = False,
        story: str | None = None,
        suffix: str = "",
    ) -> Round:
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day, seconds=number)
        units = (Unit(served), Unit(served, SPAN))
        right = Example(TEXT, said, (LabelledSpan(*SPAN, said),), are_spans_complete=True)
        return Round(
            id=f"r{number}-{analyst}{suffix}",
            document_id=f"d{number}",
            story=story or f"s{number}",
            topics=topics,
            text=TEXT,
            kind="news",
            source="Wire",
            published_at=at,
            decided_at=at,
            policy_version="p-1",
            served=units,
            shown=None if is_found else tuple(ShownUnit(unit, 1.0) for unit in units),
            p_review=None if is_found else 0.02,
            review_reason=ReviewReason.FOUND if is_found else ReviewReason.UNIFORM,
            analyst=analyst,
            verdict=verdict,
            right=right if verdict is Verdict.CORRECT else None,
            corrected_at=at,
        )

    return _answer
