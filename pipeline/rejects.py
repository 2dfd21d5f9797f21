"""Why a record is not decided: the reasons, and the error that carries one.

A rejected record goes to the dead letters; nothing here knows how.
"""

from __future__ import annotations

from enum import StrEnum

MAX_DETAIL_CHARS = 200  # it travels as a Kafka header and stands in one line of a terminal


class RejectReason(StrEnum):
    """Why a record was rejected; the value is what metrics and dead letters show.

    >>> RejectReason("empty_text").name
    'EMPTY_TEXT'
    """

    EMPTY_RECORD = "empty_record"  # a tombstone, or no bytes
    TOO_LARGE = "too_large"
    MALFORMED_JSON = "malformed_json"
    BAD_UNICODE = "bad_unicode"  # not UTF-8, or half of a surrogate pair
    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_SCHEMA = "unknown_schema"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_KIND = "unknown_kind"
    EMPTY_TEXT = "empty_text"  # nothing that a reader could see
    BAD_ID = "bad_id"
    BAD_SOURCE = "bad_source"
    BAD_TIME = "bad_time"  # cannot be read, or has no UTC offset
    IN_FUTURE = "in_future"
    TOO_OLD = "too_old"
    MALFORMED_ROW = "malformed_row"  # of a CSV file, at ingest
    UNDECIDABLE = "undecidable"  # the policy fails on this document, alone
    UNKNOWN_ANALYST = "unknown_analyst"  # who corrects is not in the file of analysts
    UNKNOWN_DOCUMENT = "unknown_document"  # a correction of what was never decided
    UNKNOWN_REVIEW = "unknown_review"  # an answer to a review that was not drawn of this document
    PAST_HORIZON = "past_horizon"  # a correction of what is no longer kept
    BAD_LABELS = "bad_labels"  # they do not fit the verdict or the text


class RecordRejected(Exception):
    """A record that is not decided; whoever catches it sends the original bytes to the dead letters.

    >>> str(RecordRejected(RejectReason.BAD_ID, "id is empty"))
    'bad_id: id is empty'

    Attributes:
        reason: why, from a fixed set.
        detail: what exactly, for people: one line, cut to 200 characters, never the document's text.
    """

    def __init__(self, reason: RejectReason, detail: str) -> None:
        self.reason = reason
        detail = " ".join(detail.split())
        self.detail = detail if len(detail) <= MAX_DETAIL_CHARS else detail[: MAX_DETAIL_CHARS - 1] + "…"
        super().__init__(reason, self.detail)

    def __str__(self) -> str:
        """Return reason and detail as one line."""
        return f"{self.reason.value}: {self.detail}"
