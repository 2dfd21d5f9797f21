from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from models.labelled.example import Example
from rl.rounds.round import ReviewReason, Round, ShownUnit, Verdict
from rl.rounds.unit import Unit

AnswerOf = Callable[..., Round]


@pytest.fixture
def answer() -> AnswerOf:
    """Makes a round: `answer(number, sentiment=0, p_review=0.1, …)`; without sentiment a bare reject."""

    def _answer(
        number: int,
        *,
        sentiment: int | None = 0,
        p_review: float | None = 0.1,
        weight: float = 1.0,
        text: str = "FTX halts withdrawals",
        verdict: Verdict = Verdict.CORRECT,
        analyst: str = "ada",
        shown: tuple[ShownUnit, ...] = (ShownUnit(Unit(1), 0.9),),
        wrong: tuple[int, ...] | None = None,
    ) -> Round:
        at = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(minutes=number)
        is_correct = verdict is Verdict.CORRECT
        return Round(
            id=f"r{number:05}",
            document_id=f"d{number}",
            story=f"s{number}",
            text=text,
            kind="news",
            source="Wire",
            published_at=at,
            decided_at=at,
            policy_version="p-1",
            served=(Unit(1),),
            shown=shown,
            wrong=wrong,
            p_review=p_review,
            review_reason=ReviewReason.UNIFORM if p_review else ReviewReason.FOUND,
            analyst=analyst,
            verdict=verdict,
            right=Example(text, sentiment=sentiment) if is_correct else None,
            corrected_at=at,
            weight=weight,
        )

    return _answer
