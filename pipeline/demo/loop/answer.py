"""An invented analyst's answer to a decision or a review: a correction as people send it. Knows no order of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from models.labels import SENTIMENTS, Sentiment
from pipeline.demo.right import Right, Tone
from pipeline.feedback.records import Correction, Labels, MentionLabel, ReviewDrawn, UnitRecord
from pipeline.records import SCHEMA, Decision
from rl.rounds.round import Verdict


def tone_of(sentiment: Sentiment) -> str:
    """Return the likeliest label's name.

    >>> tone_of((0.2, 0.7, 0.1))
    'neutral'
    """
    return SENTIMENTS[max(range(len(SENTIMENTS)), key=lambda label: sentiment[label])]


def is_right(decision: Decision, right: Right) -> bool:
    """Return whether a document's label was decided as it should be."""
    return tone_of(decision.sentiment) == right.tone


def found(decision: Decision, right: Right, analyst: str, at: datetime) -> Correction:
    """Return the correction of a mistake that an analyst came upon."""
    return _correction(decision.document_id, Verdict.CORRECT, analyst, at, labels=_labels(right))


def answered(review: ReviewDrawn, right: Right, analyst: str, at: datetime) -> Correction:
    """Return the answer to a review: a confirmation if all that is shown is right, the right labels otherwise."""
    is_confirmed = review.proposal is not None and _confirms(review.proposal, right)
    return _correction(
        review.document_id,
        Verdict.CONFIRM if is_confirmed else Verdict.CORRECT,
        analyst,
        at,
        labels=None if is_confirmed else _labels(right),
        review_id=review.id,
    )


def _confirms(proposal: Sequence[UnitRecord], right: Right) -> bool:
    """Return whether the label is right, the subject is marked wherever it stands, and all else that is neutral."""
    shown = {(unit.start, unit.end): unit.sentiment for unit in proposal}
    expected: dict[tuple[int | None, int | None], Tone] = dict.fromkeys([(None, None), *right.mentions], right.tone)
    others: Tone = "neutral"
    return expected.keys() <= shown.keys() and all(
        tone == expected.get(place, others) for place, tone in shown.items()
    )


def _labels(right: Right) -> Labels:
    mentions = (MentionLabel(start=start, end=end, sentiment=right.tone) for start, end in right.mentions)
    return Labels(sentiment=right.tone, mentions=tuple(mentions))


def _correction(
    document_id: str,
    verdict: Verdict,
    analyst: str,
    at: datetime,
    *,
    labels: Labels | None,
    review_id: str | None = None,
) -> Correction:
    return Correction(
        schema=SCHEMA,
        id=f"{document_id}/{analyst}",
        document_id=document_id,
        analyst=analyst,
        verdict=verdict,
        corrected_at=at,
        labels=labels,
        review_id=review_id,
    )
