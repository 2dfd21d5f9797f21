"""The way in: raw bytes become a `Document`, or are rejected with a reason.

Every process that takes documents uses this one check, so what ingest accepts the worker accepts.
Knows neither Kafka nor the clock. The rules in words: docs/documents.md.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NoReturn, get_args

import msgspec

from pipeline.records import SCHEMA, Document, Kind, Origin
from pipeline.rejects import RecordRejected, RejectReason

KINDS: tuple[Kind, ...] = get_args(Kind)
REQUIRED = ("schema", "id", "kind", "source", "published_at", "text")
OPTIONAL = ("title", "url", "author")

_CONTROLS = frozenset({"Cc", "Zl", "Zp"})
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"})
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols by category, drawn as nothing
_INTEGER = re.compile(rb"-?[0-9]+")
_MAX_SHOWN_CHARS = 40

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_anything = msgspec.json.Decoder(msgspec.Raw)
_string = msgspec.json.Decoder(str)


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """What a document may be at most.

    >>> DocumentLimits(max_bytes=0)
    Traceback (most recent call last):
    ValueError: max_bytes must be > 0, got 0
    """

    max_bytes: int = 1_000_000
    """Of the JSON; with key and headers it stays below Kafka's own default limit of 1,048,588."""

    max_name_chars: int = 256
    """Of `id` and of `source`; ids are Kafka keys, and both are kept in state."""

    max_ahead_s: float = 300.0
    """How far `published_at` may be after `ingested_at`: clocks of publishers differ by minutes."""

    min_published_at: datetime = datetime(1990, 1, 1, tzinfo=UTC)
    """Older times are zeroes and typing errors: 1970-01-01, year 202."""

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_name_chars"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")
        if not self.max_ahead_s >= 0:
            raise ValueError(f"max_ahead_s must be >= 0, got {self.max_ahead_s}")
        if self.min_published_at.tzinfo is None:
            raise ValueError(f"min_published_at must be aware, got {self.min_published_at}")


@dataclass(frozen=True, slots=True)
class RawDocument:
    """A record of `documents` as it lies there."""

    value: bytes | None
    origin: Origin
    ingested_at: datetime


DEFAULT_LIMITS = DocumentLimits()


def parse_document(value: bytes | None, ingested_at: datetime, limits: DocumentLimits = DEFAULT_LIMITS) -> Document:
    """Return the document that `value` holds, its time in UTC.

    Unknown fields are ignored, whatever they hold, as long as the whole is JSON; of a field given twice
    the last counts.

    >>> at = datetime(2026, 1, 2, 4, tzinfo=UTC)
    >>> raw = b'{"schema":1,"id":"a","kind":"news","source":"s",'
    >>> raw += b'"published_at":"2026-01-02T04:04:05+01:00","text":"t"}'
    >>> parse_document(raw, at).published_at.isoformat()
    '2026-01-02T03:04:05+00:00'
    >>> parse_document(b'{"schema":1,"id":"a"}', at)
    Traceback (most recent call last):
    pipeline.rejects.RecordRejected: missing_field: kind is missing

    Args:
        value: a record's value, JSON.
        ingested_at: when the broker took it, aware; decides what is "in the future".
        limits: what a document may be at most.

    Raises:
        RecordRejected: it is not a valid document.
    """
    if ingested_at.tzinfo is None:
        raise ValueError(f"ingested_at must be aware, got {ingested_at}")
    fields = split_fields(value, limits)
    _check_schema(fields)
    texts = {name: _read_string(name, fields) for name in REQUIRED[1:]}
    extras = {name: _read_optional(name, fields) for name in OPTIONAL}
    _check_name("id", texts["id"], RejectReason.BAD_ID, limits)
    _check_name("source", texts["source"], RejectReason.BAD_SOURCE, limits)
    _check_text(texts["text"])
    return Document(
        schema=SCHEMA,
        id=texts["id"],
        kind=_read_kind(texts["kind"]),
        source=texts["source"],
        published_at=_read_time(texts["published_at"], ingested_at, limits),
        text=texts["text"],
        **extras,
    )


def split_fields(value: bytes | None, limits: DocumentLimits = DEFAULT_LIMITS) -> dict[str, msgspec.Raw]:
    """Return the fields of the JSON object in `value`, still encoded.

    >>> bytes(split_fields(b'{"text": "a"}')["text"])
    b'"a"'

    Raises:
        RecordRejected: it is not one JSON object, or too large.
    """
    if not value:
        raise RecordRejected(RejectReason.EMPTY_RECORD, "the record has no value")
    if len(value) > limits.max_bytes:
        detail = f"{len(value)} bytes, at most {limits.max_bytes} are taken"
        raise RecordRejected(RejectReason.TOO_LARGE, detail)
    try:
        value.decode()  # msgspec does not look at the bytes inside strings that it skips
        return _fields.decode(value)
    except UnicodeDecodeError as error:
        raise RecordRejected(RejectReason.BAD_UNICODE, f"not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise RecordRejected(RejectReason.MALFORMED_JSON, "nested too deeply") from None
    except msgspec.ValidationError:
        _reject_other_than_object(value)
    except msgspec.DecodeError as error:
        _reject_malformed(value, str(error))


def _reject_other_than_object(value: bytes) -> NoReturn:
    try:
        kind = _json_kind(_anything.decode(value))
    except RecursionError:
        raise RecordRejected(RejectReason.MALFORMED_JSON, "nested too deeply") from None
    except msgspec.DecodeError as error:
        _reject_malformed(value, str(error))
    raise RecordRejected(RejectReason.NOT_AN_OBJECT, f"must be an object, got {kind}")


def _reject_malformed(value: bytes, detail: str) -> NoReturn:
    """Reject what msgspec could not read: half surrogate pairs by their own reason.

    msgspec tells them apart only by the text of its message; the standard library lets them through.
    """
    try:
        json.dumps(json.loads(value), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        detail = "an escape holds half of a surrogate pair"
        raise RecordRejected(RejectReason.BAD_UNICODE, detail) from None
    except (ValueError, RecursionError):
        pass
    raise RecordRejected(RejectReason.MALFORMED_JSON, detail)


def _check_schema(fields: dict[str, msgspec.Raw]) -> None:
    raw = bytes(_get("schema", fields))
    if not _INTEGER.fullmatch(raw):
        raise RecordRejected(RejectReason.WRONG_TYPE, f"schema must be an integer, got {_json_kind(raw)}")
    if raw != str(SCHEMA).encode():
        detail = f"schema must be {SCHEMA}, got {_shown(raw.decode())}"
        raise RecordRejected(RejectReason.UNKNOWN_SCHEMA, detail)


def _get(name: str, fields: dict[str, msgspec.Raw]) -> msgspec.Raw:
    if name not in fields:
        raise RecordRejected(RejectReason.MISSING_FIELD, f"{name} is missing")
    return fields[name]


def _read_string(name: str, fields: dict[str, msgspec.Raw]) -> str:
    raw = bytes(_get(name, fields))
    if not raw.startswith(b'"'):
        raise RecordRejected(RejectReason.WRONG_TYPE, f"{name} must be a string, got {_json_kind(raw)}")
    try:
        return _string.decode(raw)
    except msgspec.DecodeError as error:
        _reject_malformed(raw, f"{name}: {error}")


def _read_optional(name: str, fields: dict[str, msgspec.Raw]) -> str | None:
    if name not in fields or bytes(fields[name]) == b"null":
        return None
    return _read_string(name, fields)


def _read_kind(kind: str) -> Kind:
    for known in KINDS:
        if kind == known:
            return known
    detail = f"kind must be one of {', '.join(KINDS)}, got {_shown(kind)}"
    raise RecordRejected(RejectReason.UNKNOWN_KIND, detail)


def _read_time(text: str, ingested_at: datetime, limits: DocumentLimits) -> datetime:
    try:
        at = msgspec.convert(text, datetime)
        if at.tzinfo is None:
            detail = f"published_at has no UTC offset, got {_shown(text)}"
            raise RecordRejected(RejectReason.BAD_TIME, detail)
        at = at.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        detail = f"published_at must be ISO 8601 with date, time and offset, got {_shown(text)}"
        raise RecordRejected(RejectReason.BAD_TIME, detail) from None
    if at > ingested_at + timedelta(seconds=limits.max_ahead_s):
        detail = f"published_at {_shown(text)} is after {ingested_at.isoformat()}, when it was ingested"
        raise RecordRejected(RejectReason.IN_FUTURE, detail)
    if at < limits.min_published_at:
        detail = f"published_at {_shown(text)} is before {limits.min_published_at.isoformat()}"
        raise RecordRejected(RejectReason.TOO_OLD, detail)
    return at


def _check_name(field: str, name: str, reason: RejectReason, limits: DocumentLimits) -> None:
    if not name.strip():
        raise RecordRejected(reason, f"{field} is empty")
    if len(name) > limits.max_name_chars:
        detail = f"{field} has {len(name)} characters, at most {limits.max_name_chars} are taken"
        raise RecordRejected(reason, detail)
    if any(unicodedata.category(character) in _CONTROLS for character in name):
        raise RecordRejected(reason, f"{field} holds a control character, got {_shown(name)}")


def _check_text(text: str) -> None:
    if not any(_is_visible(character) for character in text):
        raise RecordRejected(RejectReason.EMPTY_TEXT, "text has no visible character")


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE and character not in _BLANKS


def _json_kind(raw: msgspec.Raw | bytes) -> str:
    kinds = {b'"': "a string", b"{": "an object", b"[": "an array", b"n": "null", b"t": "true", b"f": "false"}
    return kinds.get(bytes(raw)[:1], "a number")


def _shown(text: str) -> str:
    """Return the text in quotes, escaped and cut, fit for a log line."""
    return ascii(text if len(text) <= _MAX_SHOWN_CHARS else text[:_MAX_SHOWN_CHARS] + "...")
