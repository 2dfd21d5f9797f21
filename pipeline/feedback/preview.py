"""Checks a correction before it is sent, by what the join will check it by, as far as that is known here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from pipeline.feedback.check import parse_correction
from pipeline.feedback.decided import DecidedDocument, DecidedDocuments
from pipeline.feedback.join import Joinable, right_by
from pipeline.feedback.records import Correction, ReviewDrawn
from pipeline.feedback.roster import Roster
from pipeline.feedback.store import FeedbackStore
from pipeline.records import Origin, decode
from pipeline.rejects import RecordRejected, RejectReason


@dataclass(frozen=True, slots=True)
class Previewed:
    """A correction that can be sent, and the text that it is about, if that is known here."""

    correction: Correction
    text: str | None


class Preview:
    """The check.

    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> raw = b'{"schema":1,"id":"c","document_id":"d","analyst":"ada","verdict":"confirm",'
    >>> raw += b'"corrected_at":"2026-01-02T12:00:00Z"}'
    >>> with Preview(Path("nowhere"), Roster([]), horizon_s=60) as preview:
    ...     preview.check(raw, at)
    Traceback (most recent call last):
    pipeline.rejects.RecordRejected: unknown_analyst: nobody knows 'ada': set FINSURGE_ANALYSTS to a file of analysts

    Args:
        path: the join's store, if it is on this machine.
        roster: who may correct; None: that is known elsewhere.
        horizon_s: of the join.
    """

    def __init__(self, path: Path, roster: Roster | None, horizon_s: float) -> None:
        self._roster = roster
        self._store = _opened(path)
        self._decided = DecidedDocuments(self._store, horizon_s) if self._store else None

    @property
    def knows_documents(self) -> bool:
        """Whether the join's store is here."""
        return self._store is not None

    @property
    def knows_analysts(self) -> bool:
        """Whether it is known here who may correct."""
        return self._roster is not None

    def check(self, value: bytes, now: datetime) -> Previewed:
        """Return the correction that `value` holds.

        Raises:
            RecordRejected: the join would refuse it.
        """
        correction = parse_correction(value, now)
        if self._roster is not None:
            self._roster.check(correction.analyst)
        decided = self._decided.first_of(correction.document_id) if self._decided else None
        if self._decided is None or decided is None:
            if self._decided and self._decided.is_forgotten(correction.document_id):
                raise RecordRejected(RejectReason.PAST_HORIZON, "the document was decided too long ago")
            return Previewed(correction, None)  # the join waits for a decision that is to come
        if self._decided.is_past(decided):
            raise RecordRejected(RejectReason.PAST_HORIZON, "the document was published too long ago")
        text = self._decided.text_of(decided)
        if text is not None:
            self._check_labels(correction, decided, text)
        return Previewed(correction, text)

    def close(self) -> None:
        """Close the store."""
        if self._store:
            self._store.close()

    def __enter__(self) -> Preview:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_labels(self, correction: Correction, decided: DecidedDocument, text: str) -> None:
        review = self._review(correction)
        if correction.review_id is not None and (review is None or review.document_id != correction.document_id):
            detail = f"review {correction.review_id!a} was not drawn of this document; see `finsurge reviews`"
            raise RecordRejected(RejectReason.UNKNOWN_REVIEW, detail)
        right_by(Joinable(correction, Origin(-1, -1), correction.corrected_at, decided, text, review))

    def _review(self, correction: Correction) -> ReviewDrawn | None:
        if self._store is None or correction.review_id is None:
            return None
        row = self._store.connection.execute(
            "SELECT record FROM reviews WHERE id = ?", (correction.review_id,)
        ).fetchone()
        return decode(ReviewDrawn, row[0]) if row else None


def _opened(path: Path) -> FeedbackStore | None:
    if not path.is_file():
        return None
    try:
        return FeedbackStore(path, is_read_only=True)
    except sqlite3.OperationalError:  # of another user, or on a disk that cannot be written at all
        return None
