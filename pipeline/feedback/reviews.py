"""The reviews: coins tossed for decisions, what is asked of analysts, and what became of it.

Each is written to the store and to `reviews` at once. Knows no correction but its id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal, NamedTuple

import msgspec

from pipeline.feedback.decided import DecidedDocument
from pipeline.feedback.metrics import FeedbackMetrics
from pipeline.feedback.proposal import proposal_of
from pipeline.feedback.records import Correction, ReviewDrawn, ReviewEnded, ReviewRecord, UnitRecord
from pipeline.feedback.round_record import shown_records
from pipeline.feedback.store import FeedbackStore, Sending
from pipeline.records import Decision, decode, encode
from rl.exploration import ExplorationConfig
from rl.review import ReviewCandidate, ReviewConfig, ReviewSampler
from rl.rounds.round import ReviewReason

_FACT = "review sampler"


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """How reviews are drawn, and what they show.

    >>> ReviewPlan(due_s=0)
    Traceback (most recent call last):
    ValueError: due_s must be > 0, got 0
    """

    sampling: ReviewConfig = field(default_factory=ReviewConfig)
    exploration: ExplorationConfig = field(default_factory=ExplorationConfig)
    due_s: float = 259_200.0
    # After which a review counts as unanswered. Decisions that are older when they are read are not asked about.

    def __post_init__(self) -> None:
        if not self.due_s > 0:
            raise ValueError(f"due_s must be > 0, got {self.due_s}")


class _Draw(NamedTuple):
    p_review: float
    parts: dict[str, float]
    reason: ReviewReason
    proposal: tuple[UnitRecord, ...] | None


class ReviewBook:
    """All reviews that may still be answered.

    >>> from prometheus_client import CollectorRegistry
    >>> with FeedbackStore(":memory:") as store:
    ...     ReviewBook(store, ReviewPlan(), FeedbackMetrics(CollectorRegistry())).n_open
    0
    """

    def __init__(self, store: FeedbackStore, plan: ReviewPlan, metrics: FeedbackMetrics) -> None:
        self._store = store
        self._connection = store.connection
        self._plan = plan
        self._metrics = metrics
        fact = store.fact(_FACT)
        self._sampler = ReviewSampler.restore(plan.sampling, fact) if fact else ReviewSampler(plan.sampling)

    @property
    def n_open(self) -> int:
        """How many wait for an answer."""
        [(n_open,)] = self._connection.execute("SELECT count(*) FROM reviews WHERE outcome IS NULL")
        return int(n_open)

    def draw(
        self, decided: DecidedDocument, now: datetime, *, has_open_episode: bool, is_disputed: bool
    ) -> ReviewDrawn | None:
        """Toss a decision's coin, and return the review if it was drawn."""
        decision = decided.decision
        if now - decision.decided_at > timedelta(seconds=self._plan.due_s):
            self._metrics.count_too_old_to_review()
            return None
        drawn = self._sampler.draw(
            ReviewCandidate(
                decision.document_id,
                decision.policy_version,
                decision.published_at,
                decision.sentiment,
                tuple(span.sentiment for span in decision.spans),
                has_open_episode=has_open_episode,
                is_disputed=is_disputed,
            )
        )
        if not drawn.is_drawn:
            return None
        is_blind = drawn.reason is ReviewReason.BLIND
        proposal = None if is_blind else shown_records(proposal_of(decision, self._plan.exploration))
        parts = {name: getattr(drawn.parts, name) for name in ("uniform", "uncertain", "impact", "disagreement")}
        return self._open(decided, _Draw(drawn.p_review, parts, drawn.reason, proposal), now)

    def second(self, decided: DecidedDocument, now: datetime) -> ReviewDrawn | None:
        """Toss the coin of a document that an analyst came upon, and return the review for somebody else, if any.

        Of a document that has a review already others are asked anyway. It is blind: whether two agree is to be seen.
        """
        decision = decided.decision
        is_asked = self._connection.execute("SELECT 1 FROM reviews WHERE origin = ?", (decided.key,)).fetchone()
        if is_asked or not self._sampler.is_seconded(decision.document_id, decision.policy_version):
            return None
        p = self._plan.sampling.second
        return self._open(decided, _Draw(p, {"second": p}, ReviewReason.SECOND, None), now)

    def find(self, review_id: str) -> ReviewDrawn | None:
        """Return a review."""
        row = self._connection.execute("SELECT record FROM reviews WHERE id = ?", (review_id,)).fetchone()
        return decode(ReviewDrawn, row[0]) if row else None

    def answer(self, review: ReviewDrawn, correction: Correction, now: datetime) -> None:
        """Say that a review has its answer; that others answer it too changes nothing."""
        if not self._end(review.id, "answered"):
            return
        self._send(_ended(review, "answered", now, correction))
        self._metrics.count_answered(review.reason)

    def expire(self, now: datetime) -> int:
        """Say of reviews that were due that nobody has answered them, and return how many these are."""
        rows = self._connection.execute(
            "SELECT record FROM reviews WHERE outcome IS NULL AND due_s < ? ORDER BY due_s", (int(now.timestamp()),)
        ).fetchall()
        for (record,) in rows:
            review = decode(ReviewDrawn, record)
            self._end(review.id, "unanswered")
            self._send(_ended(review, "unanswered", now))
            self._metrics.count_unanswered(review.reason)
        return len(rows)

    def save(self) -> None:
        """Write what the budget is kept by, at the end of a step."""
        self._store.set_fact(_FACT, self._sampler.snapshot())

    def _end(self, review_id: str, outcome: Literal["answered", "unanswered"]) -> bool:
        """Return whether this outcome is news: an unanswered review may be answered yet, and never the other way."""
        changed = self._connection.execute(
            "UPDATE reviews SET outcome = ? WHERE id = ? AND (outcome IS NULL OR outcome = 'unanswered')",
            (outcome, review_id),
        )
        return changed.rowcount > 0

    def _open(self, decided: DecidedDocument, draw: _Draw, now: datetime) -> ReviewDrawn:
        decision = decided.decision
        review = ReviewDrawn(
            id=review_id_of(decision, is_second=draw.reason is ReviewReason.SECOND),
            document_id=decision.document_id,
            origin=decision.origin,
            policy_version=decision.policy_version,
            p_review=draw.p_review,
            parts=draw.parts,
            reason=draw.reason,
            proposal=draw.proposal,
            drawn_at=now,
            due_at=now + timedelta(seconds=self._plan.due_s),
        )
        due_s = int(review.due_at.timestamp())
        self._connection.execute(
            "INSERT OR IGNORE INTO reviews VALUES (?, ?, ?, NULL, ?)", (review.id, decided.key, due_s, encode(review))
        )
        self._send(review)
        self._metrics.count_drawn(review.reason)
        return review

    def _send(self, record: ReviewRecord) -> None:
        self._store.send(Sending("reviews", record.document_id.encode(), encode(record)))


def review_id_of(decision: Decision, *, is_second: bool = False) -> str:
    """Return the id of a decision's review: one that no other has, and that tells nothing.

    Args:
        decision: that is asked about.
        is_second: it asks for a second word on what an analyst came upon.
    """
    parts = (decision.document_id, decision.origin, decision.policy_version)
    key = msgspec.json.encode((*parts, "second") if is_second else parts)
    return f"r-{blake2b(key, digest_size=8).hexdigest()}"


def _ended(
    review: ReviewDrawn,
    outcome: Literal["answered", "unanswered"],
    now: datetime,
    correction: Correction | None = None,
) -> ReviewEnded:
    return ReviewEnded(
        id=review.id,
        document_id=review.document_id,
        outcome=outcome,
        reason=review.reason,
        ended_at=now,
        analyst=correction.analyst if correction else None,
        correction_id=correction.id if correction else None,
    )
