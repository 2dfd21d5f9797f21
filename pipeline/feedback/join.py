"""The join itself: a correction and the decision that it is about become a round. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.labelled.example import Example, LabelledSpan
from pipeline.feedback.decided import DecidedDocument
from pipeline.feedback.labels import right_of
from pipeline.feedback.proposal import Shown, served_of
from pipeline.feedback.records import Correction, ReviewDrawn, RoundRecord, RoundTrace
from pipeline.feedback.round_record import record_of, shown_units
from pipeline.records import Origin
from pipeline.rejects import RecordRejected, RejectReason
from rl.reward import reward_of
from rl.rounds.round import ReviewReason, Round, Verdict


@dataclass(frozen=True, slots=True)
class Joinable:
    """A correction with all that it is joined with."""

    correction: Correction
    lies_at: Origin  # in `corrections`
    recorded_at: datetime
    decided: DecidedDocument
    text: str
    review: ReviewDrawn | None  # that it answers; None: the analyst came upon the document
    supersedes: str | None = None  # the round of the same analyst that it takes the place of


def right_by(joinable: Joinable) -> Example | None:
    """Return what is right of the text by a correction: its labels, or, if it confirms, all that was shown.

    Raises:
        RecordRejected: its labels do not fit the text, or it judges what was not shown.
    """
    correction = joinable.correction
    if correction.labels is not None:
        return right_of(correction.labels, joinable.text)
    shown = shown_to(joinable)
    if shown is None:
        detail = f"nothing was shown in the blind review, so `{correction.verdict.value}` says nothing: give labels"
        raise RecordRejected(RejectReason.BAD_LABELS, detail)
    if correction.wrong and max(correction.wrong) >= len(shown):
        detail = f"wrong names {max(correction.wrong)}, but what was shown are 0 to {len(shown) - 1}"
        raise RecordRejected(RejectReason.BAD_LABELS, detail)
    return _all_of(shown, joinable.text) if correction.verdict is Verdict.CONFIRM else None


def shown_to(joinable: Joinable) -> Shown | None:
    """Return what the analyst saw: the review's proposal, or, of a document come upon, what was served."""
    if joinable.review is None:
        return served_of(joinable.decided.decision)
    return None if joinable.review.proposal is None else shown_units(joinable.review.proposal)


def joined(joinable: Joinable, right: Example | None, story: str, topics: tuple[str, ...]) -> RoundRecord:
    """Return the round.

    Args:
        joinable: what is joined.
        right: by `right_by`.
        story: that the document tells.
        topics: that what was served, and what is right, are about.
    """
    correction, decision, review = joinable.correction, joinable.decided.decision, joinable.review
    served = tuple(shown.unit for shown in served_of(decision))
    reason = ReviewReason.FOUND if review is None else review.reason
    answered = Round(
        id=correction.id,
        document_id=decision.document_id,
        story=story,
        topics=topics,
        text=joinable.text,
        kind=decision.kind,
        source=decision.source,
        published_at=decision.published_at,
        decided_at=decision.decided_at,
        policy_version=decision.policy_version,
        served=served,
        shown=shown_to(joinable),
        p_review=None if review is None or reason is ReviewReason.SECOND else review.p_review,
        review_reason=reason,
        analyst=correction.analyst,
        verdict=correction.verdict,
        wrong=correction.wrong,
        is_missing=correction.is_missing,
        right=right,
        corrected_at=correction.corrected_at,
        recorded_at=joinable.recorded_at,
        # a bare rejection does not tell how wrong it was
        reward=None if right is None else reward_of(served, right),
    )
    trace = RoundTrace(
        document=decision.origin,
        decision=joinable.decided.lies_at,
        correction=joinable.lies_at,
        review_id=review.id if review else None,
        supersedes=joinable.supersedes,
    )
    return record_of(answered, trace)


def _all_of(shown: Shown, text: str) -> Example:
    sentiment = next(each.unit.sentiment for each in shown if each.unit.span is None)
    spans = tuple(LabelledSpan(*each.unit.span, each.unit.sentiment) for each in shown if each.unit.span is not None)
    return Example(text, sentiment, spans, are_spans_complete=True)
