"""The way in for corrections: bytes become a `Correction` that fits together, or are rejected with a reason.

The command line and the join use this one check. Whether labels fit the text is told in `labels.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from pipeline.documents import split_fields
from pipeline.feedback.records import Correction
from pipeline.records import SCHEMA
from pipeline.rejects import RecordRejected, RejectReason
from rl.rounds.round import Verdict

MAX_ID_CHARS = 256  # as of documents
MAX_NOTE_CHARS = 2_000
MAX_MENTIONS = 500
MAX_AHEAD_S = 300.0  # how far an analyst's clock may be before the broker's
_REQUIRED = ("schema", "id", "document_id", "analyst", "verdict", "corrected_at")

_decoder = msgspec.json.Decoder(Correction)


def parse_correction(value: bytes | None, recorded_at: datetime) -> Correction:
    """Return the correction that `value` holds, its time in UTC.

    >>> at = datetime(2026, 1, 2, 4, tzinfo=UTC)
    >>> raw = b'{"schema":1,"id":"c","document_id":"d","analyst":"ada","verdict":"correct",'
    >>> parse_correction(raw + b'"corrected_at":"2026-01-02T03:04:05Z"}', at)
    Traceback (most recent call last):
    pipeline.rejects.RecordRejected: bad_labels: verdict `correct` needs labels that say something

    Args:
        value: a record's value, JSON.
        recorded_at: when the broker took it, aware; decides what is "in the future".

    Raises:
        RecordRejected: it is not a correction that could be used.
    """
    fields = split_fields(value)
    if missing := [name for name in _REQUIRED if name not in fields]:
        raise RecordRejected(RejectReason.MISSING_FIELD, f"{missing[0]} is missing")
    if bytes(fields["schema"]) != str(SCHEMA).encode():
        shown = bytes(fields["schema"])[:40].decode(errors="replace")
        raise RecordRejected(RejectReason.UNKNOWN_SCHEMA, f"schema must be {SCHEMA}, got {shown}")
    try:
        correction = _decoder.decode(value or b"")
    except msgspec.ValidationError as error:
        raise RecordRejected(RejectReason.WRONG_TYPE, str(error)) from None
    except msgspec.DecodeError as error:  # half of a surrogate pair, which `split_fields` skips
        raise RecordRejected(RejectReason.BAD_UNICODE, str(error)) from None
    check_correction(correction, recorded_at)
    return msgspec.structs.replace(correction, corrected_at=correction.corrected_at.astimezone(UTC))


def check_correction(correction: Correction, recorded_at: datetime) -> None:
    """Pass, or say what does not fit together.

    Raises:
        RecordRejected: with the reason.
    """
    for name in ("id", "document_id", "analyst", "review_id"):
        _check_name(name, getattr(correction, name))
    if correction.corrected_at > recorded_at + timedelta(seconds=MAX_AHEAD_S):
        detail = f"corrected_at {correction.corrected_at.isoformat()} is after {recorded_at.isoformat()}"
        raise RecordRejected(RejectReason.IN_FUTURE, detail)
    if correction.note is not None and len(correction.note) > MAX_NOTE_CHARS:
        detail = f"note has {len(correction.note)} characters, at most {MAX_NOTE_CHARS} are taken"
        raise RecordRejected(RejectReason.TOO_LARGE, detail)
    _check_wrong(correction)
    _check_labels(correction)


def _check_wrong(correction: Correction) -> None:
    wrong, is_missing = correction.wrong, correction.is_missing
    if wrong is None and not is_missing:
        return
    detail = ""
    if correction.verdict is not Verdict.REJECT:
        detail = f"verdict `{correction.verdict.value}` has nothing wrong; what is wrong is said with `reject`"
    elif wrong is None or (not wrong and not is_missing):
        detail = "wrong must name what is wrong, or be [] with is_missing true, if only something is missing"
    elif min(wrong, default=0) < 0 or len(set(wrong)) < len(wrong):
        detail = f"wrong must be places from 0, each once, got {list(wrong)}"
    if detail:
        raise RecordRejected(RejectReason.BAD_LABELS, detail)


def _check_labels(correction: Correction) -> None:
    labels = correction.labels
    if correction.verdict is not Verdict.CORRECT:
        if labels is not None:
            detail = f"verdict `{correction.verdict.value}` has no labels; what is right is said with `correct`"
            raise RecordRejected(RejectReason.BAD_LABELS, detail)
        return
    if labels is None or not (labels.sentiment or labels.mentions or labels.are_mentions_complete):
        raise RecordRejected(RejectReason.BAD_LABELS, "verdict `correct` needs labels that say something")
    if len(labels.mentions) > MAX_MENTIONS:
        detail = f"{len(labels.mentions)} mentions, at most {MAX_MENTIONS} are taken"
        raise RecordRejected(RejectReason.TOO_LARGE, detail)


def _check_name(field: str, name: str | None) -> None:
    if name is None:
        return
    if not name.strip() or len(name) > MAX_ID_CHARS:
        detail = f"{field} must have 1 to {MAX_ID_CHARS} characters, got {len(name)}"
        raise RecordRejected(RejectReason.BAD_ID, detail)
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        raise RecordRejected(RejectReason.BAD_ID, f"{field} holds a control character")
