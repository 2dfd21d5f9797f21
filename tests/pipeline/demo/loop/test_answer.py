from collections.abc import Callable
from datetime import datetime

import pytest

from pipeline.demo.loop.answer import answered, found
from pipeline.demo.right import Right
from pipeline.feedback.check import check_correction
from pipeline.feedback.labels import right_of
from pipeline.feedback.records import ReviewDrawn, SentimentName, UnitRecord
from pipeline.records import Decision
from rl.rounds.round import Verdict

RIGHT = Right("negative", ((0, 4),))
Review = Callable[..., ReviewDrawn]


def proposal(label: SentimentName, *mentions: tuple[int, int, SentimentName]) -> tuple[UnitRecord, ...]:
    units = (
        UnitRecord(sentiment=sentiment, start=start, end=end, propensity=0.9) for start, end, sentiment in mentions
    )
    return (UnitRecord(sentiment=label, propensity=0.9), *units)


def test_a_mistake_is_corrected_with_labels_that_the_join_takes(
    a_decision: Callable[..., Decision], now: datetime
) -> None:
    decision = a_decision("d")
    correction = found(decision, RIGHT, "ada", now)
    check_correction(correction, now)
    assert correction.labels is not None
    right = right_of(correction.labels, decision.excerpt)
    assert (right.sentiment, right.spans[0].start, right.spans[0].end, right.spans[0].sentiment) == (0, 0, 4, 0)
    assert correction.review_id is None


def test_what_is_wholly_right_is_confirmed(a_review: Review, now: datetime) -> None:
    review = a_review("d", proposal("negative", (0, 4, "negative"), (10, 17, "neutral")))
    correction = answered(review, RIGHT, "ada", now)
    check_correction(correction, now)
    assert (correction.verdict, correction.labels, correction.review_id) == (Verdict.CONFIRM, None, "review-d")


@pytest.mark.parametrize(
    "shown",
    [
        proposal("neutral", (0, 4, "negative")),
        proposal("negative", (0, 4, "neutral")),
        proposal("negative"),
        proposal("negative", (0, 4, "negative"), (10, 17, "negative")),
        None,
    ],
    ids=["label", "mention", "missing mention", "another's mention", "blind"],
)
def test_whatever_else_is_shown_is_answered_with_the_right_labels(
    a_review: Review, now: datetime, shown: tuple[UnitRecord, ...] | None
) -> None:
    correction = answered(a_review("d", shown), RIGHT, "ada", now)
    check_correction(correction, now)
    assert correction.verdict is Verdict.CORRECT
    assert correction.labels is not None
    assert correction.labels.sentiment == "negative"
