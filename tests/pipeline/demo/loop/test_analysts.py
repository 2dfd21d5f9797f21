from collections.abc import Callable
from datetime import datetime

import pytest

from models.labels import Sentiment
from pipeline.demo.loop.analysts import Analysts, Workload
from pipeline.demo.loop.truth import Truth
from pipeline.feedback.records import ReviewDrawn
from pipeline.records import Decision

NEGATIVE: Sentiment = (0.8, 0.1, 0.1)


@pytest.fixture
def analysts(truth: Truth) -> Analysts:
    return Analysts(truth, Workload(n_found=2, n_reviewed=2))


def answers_of(analysts: Analysts, now: datetime) -> list[tuple[str, bool]]:
    """The documents answered, and whether they were found, until there is nothing left."""
    answers = []
    while (answer := analysts.answer(now)) is not None:
        answers.append((answer.correction.document_id, answer.mistake is not None))
    return answers


def test_mistakes_and_reviews_are_answered_by_turns(
    analysts: Analysts,
    a_decision: Callable[..., Decision],
    a_review: Callable[..., ReviewDrawn],
    now: datetime,
) -> None:
    for name in ("flag-0", "flag-1"):
        analysts.add_decision(a_decision(name))
    for name in ("plain", "flag-2"):
        analysts.add_review(a_review(name))
    assert answers_of(analysts, now) == [("flag-0", True), ("plain", False), ("flag-1", True), ("flag-2", False)]
    assert analysts.are_done


def test_only_red_flags_that_were_read_wrong_are_found(
    analysts: Analysts, a_decision: Callable[..., Decision], now: datetime
) -> None:
    analysts.add_decision(a_decision("flag-0", NEGATIVE))
    analysts.add_decision(a_decision("plain", NEGATIVE))
    analysts.add_decision(a_decision("unknown"))
    assert answers_of(analysts, now) == []


def test_of_more_mistakes_than_they_have_time_for_the_latest_are_corrected(
    analysts: Analysts, a_decision: Callable[..., Decision], now: datetime
) -> None:
    for name in ("flag-0", "flag-1", "flag-2"):
        analysts.add_decision(a_decision(name))
    assert answers_of(analysts, now) == [("flag-1", True), ("flag-2", True)]
    assert not analysts.are_done


def test_of_a_text_that_comes_twice_one_is_corrected(
    analysts: Analysts, a_decision: Callable[..., Decision], now: datetime
) -> None:
    for name in ("flag-0", "flag-1"):
        analysts.add_decision(a_decision(name, text="Nike hires advisers"))
    assert answers_of(analysts, now) == [("flag-0", True)]


def test_a_document_is_answered_once(
    analysts: Analysts,
    a_decision: Callable[..., Decision],
    a_review: Callable[..., ReviewDrawn],
    now: datetime,
) -> None:
    analysts.add_decision(a_decision("flag-0"))
    analysts.add_review(a_review("flag-0"))
    assert answers_of(analysts, now) == [("flag-0", True)]


def test_what_nobody_would_label_stays_unanswered(
    analysts: Analysts, a_review: Callable[..., ReviewDrawn], now: datetime
) -> None:
    analysts.add_review(a_review("unknown"))
    assert answers_of(analysts, now) == []
