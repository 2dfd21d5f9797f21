from dataclasses import replace
from datetime import UTC, datetime

from models.labelled.example import Example
from rl.estimators.estimate import RefusalReason
from rl.gate.audits import audits_of
from rl.gate.rollback import Audit
from rl.gate.rounds import compare_rounds
from rl.rounds.round import ReviewReason, Round, ShownUnit, Verdict
from rl.rounds.unit import Unit, Units

AT = datetime(2026, 1, 2, tzinfo=UTC)
ROUND = Round(
    id="r",
    document_id="d",
    story="s",
    text="FTX halts",
    kind="news",
    source="Wire",
    published_at=AT,
    decided_at=AT,
    policy_version="p-2",
    served=(Unit(1),),
    shown=(ShownUnit(Unit(1), 0.95),),
    p_review=0.02,
    review_reason=ReviewReason.UNIFORM,
    analyst="ada",
    verdict=Verdict.CORRECT,
    right=Example("FTX halts", sentiment=0),
    corrected_at=AT,
)


def negative(_: str) -> Units:
    return (Unit(0),)


def neutral(_: str) -> Units:
    return (Unit(1),)


def test_an_audit_is_what_both_policies_earn() -> None:
    assert list(audits_of([ROUND], neutral, negative)) == [Audit("s", 0.02, served=0.0, previous=1.0)]


def test_rounds_that_stand_for_no_others_are_no_audits() -> None:
    found = replace(ROUND, p_review=None, review_reason=ReviewReason.FOUND)
    bare = replace(ROUND, verdict=Verdict.REJECT, right=None)
    unknown = replace(ROUND, right=Example("FTX halts"))
    assert list(audits_of([found, bare, unknown, replace(ROUND, weight=0.0)], neutral, negative)) == []


def test_rounds_are_heard_by_right_labels_and_by_verdicts() -> None:
    rounds = [replace(ROUND, id=str(number), story=str(number)) for number in range(200)]
    known, robust, normalised = compare_rounds(rounds, negative, neutral, model=lambda *_: 0.5, margin=0.01)
    assert known.estimate is not None
    assert known.estimate.value == 1.0
    # the candidate's decision was never shown
    for one in (robust, normalised):
        assert one.refused is not None
        assert one.refused.reason in (RefusalReason.NO_SUPPORT, RefusalReason.SMALL_SAMPLE)
