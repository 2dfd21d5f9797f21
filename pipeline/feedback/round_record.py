"""Rounds to and from the wire."""

from __future__ import annotations

from collections.abc import Iterable

from models.labelled.example import Example, LabelledSpan
from models.labels import SENTIMENTS
from pipeline.feedback.records import RightMention, RightRecord, RoundRecord, RoundTrace, SentimentName, UnitRecord
from rl.rounds.round import Round, ShownUnit
from rl.rounds.unit import Unit

_NAMES: tuple[SentimentName, ...] = ("negative", "neutral", "positive")


def record_of(answered: Round, trace: RoundTrace) -> RoundRecord:
    """Return the round as it travels, with where it came from.

    Raises:
        ValueError: it is not known when the broker took its correction.
    """
    if answered.recorded_at is None:
        raise ValueError("recorded_at must be given of a round that travels, got None")
    return RoundRecord(
        id=answered.id,
        document_id=answered.document_id,
        story=answered.story,
        topics=answered.topics,
        text=answered.text,
        kind=answered.kind,
        source=answered.source,
        published_at=answered.published_at,
        decided_at=answered.decided_at,
        policy_version=answered.policy_version,
        served=tuple(unit_record(unit) for unit in answered.served),
        shown=None if answered.shown is None else shown_records(answered.shown),
        p_review=answered.p_review,
        review_reason=answered.review_reason,
        analyst=answered.analyst,
        verdict=answered.verdict,
        right=None if answered.right is None else _right_record(answered.right),
        corrected_at=answered.corrected_at,
        recorded_at=answered.recorded_at,
        reward=answered.reward,
        weight=answered.weight,
        trace=trace,
        wrong=answered.wrong,
        is_missing=answered.is_missing,
    )


def round_of(record: RoundRecord) -> Round:
    """Return the round that a record holds.

    Raises:
        ValueError: what it says does not fit together.
    """
    return Round(
        id=record.id,
        document_id=record.document_id,
        story=record.story,
        topics=record.topics,
        text=record.text,
        kind=record.kind,
        source=record.source,
        published_at=record.published_at,
        decided_at=record.decided_at,
        policy_version=record.policy_version,
        served=tuple(unit_of(unit) for unit in record.served),
        shown=None if record.shown is None else shown_units(record.shown),
        p_review=record.p_review,
        review_reason=record.review_reason,
        analyst=record.analyst,
        verdict=record.verdict,
        wrong=record.wrong,
        is_missing=record.is_missing,
        right=None if record.right is None else _example(record.right, record.text),
        corrected_at=record.corrected_at,
        recorded_at=record.recorded_at,
        reward=record.reward,
        weight=record.weight,
    )


def unit_record(unit: Unit, propensity: float | None = None) -> UnitRecord:
    """Return a unit as it travels.

    >>> unit_record(Unit(0, (3, 8)), 0.9)
    UnitRecord(sentiment='negative', start=3, end=8, propensity=0.9)
    """
    start, end = unit.span or (None, None)
    return UnitRecord(sentiment=_NAMES[unit.sentiment], start=start, end=end, propensity=propensity)


def unit_of(record: UnitRecord) -> Unit:
    """Return the unit that a record holds.

    >>> unit_of(UnitRecord(sentiment="positive"))
    Unit(sentiment=2, span=None)
    """
    span = None if record.start is None or record.end is None else (record.start, record.end)
    return Unit(SENTIMENTS.index(record.sentiment), span)


def shown_records(shown: Iterable[ShownUnit]) -> tuple[UnitRecord, ...]:
    """Return shown units as they travel."""
    return tuple(unit_record(each.unit, each.propensity) for each in shown)


def shown_units(records: Iterable[UnitRecord]) -> tuple[ShownUnit, ...]:
    """Return the shown units that records hold.

    Raises:
        ValueError: one has no propensity.
    """
    return tuple(ShownUnit(unit_of(record), record.propensity or 0.0) for record in records)


def _right_record(right: Example) -> RightRecord:
    return RightRecord(
        sentiment=None if right.sentiment is None else _NAMES[right.sentiment],
        mentions=tuple(
            RightMention(
                start=span.start, end=span.end, sentiment=None if span.sentiment is None else _NAMES[span.sentiment]
            )
            for span in right.spans
        ),
        are_mentions_complete=right.are_spans_complete,
    )


def _example(right: RightRecord, text: str) -> Example:
    spans = tuple(
        LabelledSpan(
            mention.start, mention.end, None if mention.sentiment is None else SENTIMENTS.index(mention.sentiment)
        )
        for mention in right.mentions
    )
    sentiment = None if right.sentiment is None else SENTIMENTS.index(right.sentiment)
    return Example(text, sentiment, spans, are_spans_complete=right.are_mentions_complete)
