"""What analysts say and what is asked of them, as it travels: `corrections`, `reviews`, `rounds`.

In words: docs/corrections.md. Knows no Kafka client and no storage.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pipeline.records import SCHEMA, AwareDatetime, Kind, Origin
from rl.rounds.round import ReviewReason, Verdict

SentimentName = Literal["negative", "neutral", "positive"]


class MentionLabel(msgspec.Struct, frozen=True, kw_only=True):
    """A mention as an analyst gives it: by its characters, or by its surface alone, which must then be found once.

    >>> MentionLabel(surface="Tesla", sentiment="negative").is_everywhere
    False
    """

    start: int | None = None  # characters of title + newline + text, inclusive
    end: int | None = None  # exclusive
    surface: str | None = None  # with start and end: what must stand there
    sentiment: SentimentName | None = None  # None: it is a mention; the sentiment is not said
    is_everywhere: bool = False  # every place where the surface stands, each a mention


class Labels(msgspec.Struct, frozen=True, kw_only=True):
    """What is right of a document, as far as it is said.

    >>> Labels(sentiment="mixed").mentions
    ()
    """

    sentiment: SentimentName | Literal["mixed"] | None = None
    mentions: tuple[MentionLabel, ...] = ()
    are_mentions_complete: bool = False  # nothing else is a mention


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """An analyst's answer to a decision (`corrections`, keyed by document id).

    >>> raw = b'{"schema":1,"id":"c","document_id":"d","analyst":"ada","verdict":"confirm",'
    >>> msgspec.json.decode(raw + b'"corrected_at":"2026-01-02T03:04:05Z"}', type=Correction).verdict
    <Verdict.CONFIRM: 'confirm'>
    """

    schema: int
    id: str
    document_id: str
    analyst: str
    verdict: Verdict
    corrected_at: AwareDatetime
    labels: Labels | None = None  # of a correction, and only of that
    wrong: tuple[int, ...] | None = None  # of a rejection: places in what was shown, from 0, the others being right
    is_missing: bool = False  # with `wrong`: a mention that touches none of what was shown
    review_id: str | None = None  # the review that this answers; None: the analyst came upon the document
    note: str | None = None


class UnitRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A document's label, or a mention with the sentiment towards it; with its propensity where it was shown."""

    sentiment: SentimentName
    start: int | None = None
    end: int | None = None
    propensity: float | None = None


class ReviewDrawn(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="drawn"):
    """A document that its coin has chosen for review (`reviews`, keyed by document id)."""

    schema: int = SCHEMA
    id: str
    document_id: str
    origin: Origin  # in `documents`
    policy_version: str
    p_review: float  # with which it was drawn
    parts: dict[str, float]  # what the probability is made of
    reason: ReviewReason
    proposal: tuple[UnitRecord, ...] | None  # what is to be shown, with propensities; None: nothing (blind)
    drawn_at: AwareDatetime
    due_at: AwareDatetime  # without an answer by then it counts as unanswered
    assigned_to: str | None = None  # None: whoever comes first


class ReviewEnded(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="ended"):
    """What became of a review (`reviews`); an answer may still follow an unanswered end."""

    schema: int = SCHEMA
    id: str
    document_id: str
    outcome: Literal["answered", "unanswered"]
    reason: ReviewReason
    ended_at: AwareDatetime
    analyst: str | None = None
    correction_id: str | None = None


ReviewRecord = ReviewDrawn | ReviewEnded


class RightRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known to be right of a round's text."""

    sentiment: SentimentName | None
    mentions: tuple[RightMention, ...]
    are_mentions_complete: bool


class RightMention(msgspec.Struct, frozen=True, kw_only=True):
    """A mention known to be right; its sentiment may be left open."""

    start: int
    end: int
    sentiment: SentimentName | None


class RoundTrace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a round came from: partition and offset of each of the messages it is made of."""

    document: Origin  # in `documents`
    decision: Origin  # in `decisions`
    correction: Origin  # in `corrections`
    review_id: str | None = None
    supersedes: str | None = None  # the round of the same analyst that this one takes the place of


class RoundRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of one analyst to one decision, joined (`rounds`, keyed by document id)."""

    schema: int = SCHEMA
    id: str  # of the correction
    document_id: str
    story: str
    topics: tuple[str, ...]
    text: str
    kind: Kind
    source: str
    published_at: AwareDatetime
    decided_at: AwareDatetime
    policy_version: str
    served: tuple[UnitRecord, ...]
    shown: tuple[UnitRecord, ...] | None
    p_review: float | None
    review_reason: ReviewReason
    analyst: str
    verdict: Verdict
    right: RightRecord | None
    corrected_at: AwareDatetime
    recorded_at: AwareDatetime
    reward: float | None
    weight: float
    trace: RoundTrace
    wrong: tuple[int, ...] | None = None  # of a rejection: places in `shown`; None: not said
    is_missing: bool = False  # a mention that touches none of `shown`; known where `wrong` is
