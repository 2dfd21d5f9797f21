"""What becomes of a correction: a round, a place among those that wait, or a dead letter with its reason.

Each accepted or refused one is in the audit log. Knows no Kafka client.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from models.labelled.example import Example
from pipeline.dead_letters import dead_letter_headers
from pipeline.feedback.amendment import amended
from pipeline.feedback.audit import AuditAction, Deed
from pipeline.feedback.check import parse_correction
from pipeline.feedback.decided import DecidedDocument, DecidedDocuments
from pipeline.feedback.effects import Effects
from pipeline.feedback.join import Joinable, joined, right_by
from pipeline.feedback.journal import RECORD, Journal
from pipeline.feedback.metrics import FeedbackMetrics
from pipeline.feedback.records import Correction, ReviewDrawn, RoundRecord
from pipeline.feedback.reviews import ReviewBook
from pipeline.feedback.roster import RosterFile
from pipeline.feedback.rounds import KeptRounds
from pipeline.feedback.store import FeedbackStore, Sending, integer_of
from pipeline.feedback.stories import StoryBook
from pipeline.feedback.subjects import Subjects, reading_of
from pipeline.feedback.waiting import ArrivedCorrection, WaitingRoom
from pipeline.logs.about import about
from pipeline.records import encode
from pipeline.rejects import RecordRejected, RejectReason
from rl.rounds.round import ReviewReason

log = logging.getLogger(__name__)
STAGE = "feedback"


class Outcome(StrEnum):
    """What became of a correction for now."""

    JOINED = "joined"
    WAITS = "waits"  # its decision, or the text of it, is not known yet
    REPEATED = "repeated"  # it is a round already
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Desks:
    """What a correction is checked by and joined with."""

    decided: DecidedDocuments
    reviews: ReviewBook
    rounds: KeptRounds
    stories: StoryBook
    subjects: Subjects
    effects: Effects
    journal: Journal
    roster: RosterFile


class _Judged(NamedTuple):
    outcome: Outcome
    document_id: str = ""


class CorrectionDesk:
    """Takes corrections, in the caller's step.

    Args:
        store: where all is written.
        desks: what they are joined with.
        waiting: where they wait.
        metrics: counts.
        kafka_topic: the name of `corrections` in this deployment, which dead letters tell.
    """

    def __init__(
        self, store: FeedbackStore, desks: Desks, waiting: WaitingRoom, metrics: FeedbackMetrics, kafka_topic: str
    ) -> None:
        self._store = store
        self._desks = desks
        self._waiting = waiting
        self._metrics = metrics
        self._kafka_topic = kafka_topic

    def take(self, arrived: ArrivedCorrection, now: datetime) -> Outcome:
        """Join a correction, have it wait, or reject it."""
        outcome, document_id = self._judge(arrived, now)
        if outcome is Outcome.WAITS:
            self._waiting.put(arrived, document_id, now)
        return outcome

    def retry(self, documents: Iterable[int], now: datetime) -> None:
        """Take those again that waited for one of these documents, by hash, in the order in which they came."""
        for arrived in self._waiting.of(documents):
            if self._judge(arrived, now).outcome is not Outcome.WAITS:
                self._waiting.leave(arrived)

    def give_up(self, now: datetime) -> None:
        """Reject those that have waited too long; the caller has read all decisions that there are."""
        for arrived in self._waiting.overdue(now):
            detail = f"no decision about it within {self._waiting.max_s:g} s; check the document's id"
            self._refuse(arrived, RecordRejected(RejectReason.UNKNOWN_DOCUMENT, detail), now)
            self._waiting.leave(arrived)

    def _judge(self, arrived: ArrivedCorrection, now: datetime) -> _Judged:
        try:
            correction = parse_correction(arrived.value, now)  # not by its record's time, which producers may set
            self._desks.roster.roster.check(correction.analyst)
            if self._is_known(correction):
                self._metrics.count_repeated()
                return _Judged(Outcome.REPEATED)
            joinable = self._joinable(correction, arrived)
            if joinable is None:
                return _Judged(Outcome.WAITS, correction.document_id)
            right = right_by(joinable)
        except RecordRejected as rejected:
            self._refuse(arrived, rejected, now)
            return _Judged(Outcome.REJECTED)
        self._accept(joinable, right, now)
        return _Judged(Outcome.JOINED)

    def _is_known(self, correction: Correction) -> bool:
        """Return whether a correction has come before.

        Raises:
            RecordRejected: its id has, with something else.
        """
        row = self._store.connection.execute(
            "SELECT digest FROM corrections WHERE id = ?", (correction.id,)
        ).fetchone()
        if row and row[0] != _digest(correction):
            detail = f"id {correction.id!a} was used for another correction; give each its own"
            raise RecordRejected(RejectReason.BAD_ID, detail)
        return row is not None

    def _joinable(self, correction: Correction, arrived: ArrivedCorrection) -> Joinable | None:
        """Return a correction with what it is joined with, or None if that is not known yet.

        Raises:
            RecordRejected: it will never be.
        """
        decided, review = self._found(correction)
        if decided is None:
            if self._desks.decided.is_forgotten(correction.document_id):
                raise RecordRejected(RejectReason.PAST_HORIZON, "the document was decided too long ago")
            return None
        if self._desks.decided.is_past(decided):
            raise RecordRejected(RejectReason.PAST_HORIZON, "the document was published too long ago")
        if correction.review_id is not None and review is None:
            detail = f"review {correction.review_id!a} was not drawn of this document; see `finsurge reviews`"
            raise RecordRejected(RejectReason.UNKNOWN_REVIEW, detail)
        text = self._text(decided)
        if text is None:
            return None
        previous = self._desks.rounds.last_of(decided.key, correction.analyst)
        if previous is not None and review is None and previous.trace.review_id is not None:
            # a second answer to the same review: as something found it would take a reviewed round's place
            review = self._desks.reviews.find(previous.trace.review_id)
        if review is not None and review.reason is ReviewReason.SECOND and _has_found(previous):
            detail = f"review {review.id!a} asks for the word of somebody else than {correction.analyst!a}"
            raise RecordRejected(RejectReason.UNKNOWN_REVIEW, detail)
        is_later = previous is not None and _order(previous) < (correction.corrected_at, correction.id)
        supersedes = previous.id if previous is not None and is_later else None
        return Joinable(correction, arrived.lies_at, arrived.recorded_at, decided, text, review, supersedes)

    def _found(self, correction: Correction) -> tuple[DecidedDocument | None, ReviewDrawn | None]:
        decided = self._desks.decided
        if correction.review_id is not None:
            review = self._desks.reviews.find(correction.review_id)
            if review is not None and review.document_id == correction.document_id:
                return decided.at(integer_of(review.origin)), review
        return decided.first_of(correction.document_id), None

    def _text(self, decided: DecidedDocument) -> str | None:
        text = self._desks.decided.text_of(decided)
        partition, offset = decided.decision.origin
        if text is None and self._store.offsets().get(("documents", partition), 0) > offset:
            raise RecordRejected(RejectReason.PAST_HORIZON, "the document's text is no longer there")
        return text

    def _accept(self, joinable: Joinable, right: Example | None, now: datetime) -> None:
        correction, decided = joinable.correction, joinable.decided
        served = reading_of(decided.decision)
        readings = [served] if right is None else [served, amended(served, right)]
        topics = self._desks.subjects.of(decided.decision.excerpt, *readings)
        record = joined(joinable, right, self._desks.stories.story_of(decided), topics)
        self._desks.rounds.keep(record, decided.key)
        self._store.connection.execute(
            "INSERT INTO corrections VALUES (?, ?, ?)", (correction.id, _digest(correction), int(now.timestamp()))
        )
        self._store.send(Sending("rounds", correction.document_id.encode(), encode(record)))
        if joinable.review is None:
            if len(self._desks.roster.roster) > 1:  # else there is nobody to ask
                self._desks.reviews.second(decided, now)
        else:
            self._desks.reviews.answer(joinable.review, correction, now)
        self._desks.effects.take(record, decided.key)
        told = {
            RECORD: _place(joinable.lies_at),
            "document": correction.document_id,
            "verdict": correction.verdict.value,
        }
        deed = Deed(now, correction.analyst, AuditAction.CORRECTION_ACCEPTED, correction.id, told)
        self._desks.journal.note(deed)

    def _refuse(self, arrived: ArrivedCorrection, rejected: RecordRejected, now: datetime) -> None:
        partition, offset = arrived.lies_at
        headers = dead_letter_headers(
            rejected,
            kafka_topic=self._kafka_topic,
            partition=partition,
            offset=offset,
            timestamp=arrived.recorded_at.timestamp(),
            stage=STAGE,
        )
        told = tuple((name, value.decode()) for name, value in headers)
        self._store.send(Sending("documents.dlq", arrived.key, arrived.value, headers=told))
        self._metrics.count_rejected(rejected.reason)
        place = about(kafka_topic=self._kafka_topic, partition=partition, offset=offset, reason=rejected.reason.value)
        # the detail may quote the document: it is in the dead letter
        log.warning("a correction is refused: %s", rejected.reason.value, extra=place)
        who, subject = _claimed(arrived.value)
        details = {RECORD: _place(arrived.lies_at), "reason": rejected.reason.value, "detail": rejected.detail}
        self._desks.journal.note(Deed(now, who, AuditAction.CORRECTION_REFUSED, subject, details))


def _has_found(previous: RoundRecord | None) -> bool:
    return previous is not None and previous.review_reason is ReviewReason.FOUND


class _Claim(msgspec.Struct):
    id: str = ""
    analyst: str = ""


def _claimed(value: bytes | None) -> tuple[str, str]:
    """Return who says to have sent a refused record, and its id, as far as it tells."""
    try:
        claim = msgspec.json.decode(value or b"", type=_Claim)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        claim = _Claim()
    return claim.analyst[:MAX_CLAIMED_CHARS] or "unknown", claim.id[:MAX_CLAIMED_CHARS] or "unknown"


MAX_CLAIMED_CHARS = 256
"""Of what a refused record says of itself: the audit log is kept for ever."""


_NO_TIME = datetime.min.replace(tzinfo=UTC)


def _digest(correction: Correction) -> bytes:
    """Return what a correction has in common with its repetition, which a producer may have given another time."""
    timeless = msgspec.structs.replace(correction, corrected_at=_NO_TIME)
    return blake2b(msgspec.msgpack.encode(timeless), digest_size=16).digest()


def _order(record: RoundRecord) -> tuple[datetime, str]:
    return record.corrected_at, record.id


def _place(lies_at: tuple[int, int]) -> str:
    return f"{lies_at[0]}@{lies_at[1]}"
