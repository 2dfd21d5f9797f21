from datetime import datetime

import pytest

from models.labels import Sentiment
from pipeline.demo.loop.exam import Exam, ExamResult
from pipeline.demo.loop.truth import Truth
from pipeline.records import Origin, ReadingRecord, ShadowDecision

NEGATIVE: Sentiment = (0.8, 0.1, 0.1)
NEUTRAL: Sentiment = (0.1, 0.8, 0.1)


@pytest.fixture
def exam(truth: Truth) -> Exam:
    return Exam(truth, old="p-1", new="p-2", document_ids=["flag-0", "flag-1"])


def shadow(
    document_id: str, now: datetime, served: Sentiment, beside: Sentiment | None, versions: tuple[str, str]
) -> ShadowDecision:
    return ShadowDecision(
        document_id=document_id,
        origin=Origin(0, 0),
        kind="news",
        source="Wire",
        published_at=now,
        decided_at=now,
        served_version=versions[0],
        served=ReadingRecord(served, ()),
        policy_version=versions[1],
        reading=None if beside is None else ReadingRecord(beside, ()),
    )


def test_each_document_is_judged_as_both_policies_read_it(exam: Exam, now: datetime) -> None:
    exam.update(shadow("flag-0", now, NEGATIVE, NEUTRAL, ("p-2", "p-1")))
    assert (exam.is_done, exam.result()) == (False, ExamResult(1, n_right_before=0, n_right_after=1))
    exam.update(shadow("flag-1", now, NEUTRAL, NEGATIVE, ("p-2", "p-1")))
    assert (exam.is_done, exam.result()) == (True, ExamResult(2, n_right_before=1, n_right_after=1))


def test_what_comes_twice_counts_once(exam: Exam, now: datetime) -> None:
    for _ in range(2):
        exam.update(shadow("flag-0", now, NEGATIVE, NEUTRAL, ("p-2", "p-1")))
    assert exam.result().n_documents == 1


def test_other_documents_and_other_versions_do_not_count(exam: Exam, now: datetime) -> None:
    exam.update(shadow("flag-2", now, NEGATIVE, NEUTRAL, ("p-2", "p-1")))
    exam.update(shadow("flag-0", now, NEGATIVE, NEUTRAL, ("p-1", "p-2")))  # before the swap
    exam.update(shadow("flag-0", now, NEGATIVE, None, ("p-2", "p-1")))
    assert exam.result().n_documents == 0


def test_an_exam_that_nobody_sat_shows_nothing() -> None:
    assert not ExamResult(0, 0, 0).is_gone
