"""Ingest: a row with whatever names its columns have becomes a document by the documented schema.

Fills in what the user said once for all rows; the check itself is `documents.parse_document`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from pipeline.documents import DEFAULT_LIMITS, OPTIONAL, REQUIRED, DocumentLimits, parse_document
from pipeline.ingest.document_files import Fields, FileUnreadable
from pipeline.records import SCHEMA, Document, Kind, encode
from pipeline.rejects import RecordRejected, RejectReason

MAPPABLE = (*REQUIRED[1:], *OPTIONAL)
_ALIASES = {"published_at": "created_at"}
_UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Which column is which field of a document, and what stands in for a column that is not there.

    >>> mapping = FieldMapping(columns={"text": "headline"}, kind="news", source="Wire")
    >>> row = {"headline": "Shares fell.", "created_at": "2026-01-02T03:04:05Z"}
    >>> document = mapping.document(row, datetime(2026, 1, 3, tzinfo=UTC))
    >>> document.text, document.source, document.id
    ('Shares fell.', 'Wire', 'sha256-72c8035b8cd33b78c0fc416250ebc83c')
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    """Field to column, where the names differ; `created_at` stands for `published_at` by itself."""

    kind: Kind | None = None
    source: str | None = None
    published_at: str | None = None
    """ISO 8601, or `now` for the time at which the row is read."""

    is_utc_assumed: bool = False
    """Times without an offset are UTC, and dates without a time are midnight."""

    def __post_init__(self) -> None:
        for name in self.columns:
            if name not in MAPPABLE:
                raise ValueError(f"columns must map one of {', '.join(MAPPABLE)}, got {name!r}")

    def check_columns(self, columns: list[str]) -> None:
        """Return if a file with these columns can give documents.

        Raises:
            FileUnreadable: a column that every row needs is not there; names the option that helps.
        """
        for name, column in self.columns.items():
            if column not in columns:
                raise FileUnreadable(f"has no column {column!r} for {name}; it has {', '.join(columns)}")
        for name in REQUIRED[2:]:
            if self._find(name, columns) is None and self._default(name) is None:
                raise FileUnreadable(f"has no column for {name}; it has {', '.join(columns)}; {_mend(name)}")

    def document(self, fields: Fields, read_at: datetime, limits: DocumentLimits = DEFAULT_LIMITS) -> Document:
        """Return the row's document; without an id it gets one made of its content.

        Args:
            fields: the row by column; texts, or JSON not yet decoded.
            read_at: when it was read, aware.
            limits: what a document may be at most.

        Raises:
            RecordRejected: the row does not make a valid document.
        """
        found: dict[str, msgspec.Raw | str | int] = {"schema": fields.get("schema", SCHEMA)}
        for name in MAPPABLE:
            column = self._find(name, fields)
            if column is not None and not _is_nothing(name, fields[column]):
                found[name] = fields[column]
        is_timed = "published_at" in found
        has_id = "id" in found
        for name in REQUIRED[2:]:
            if name not in found:
                found[name] = self._filled_in(name, read_at)
        if self.is_utc_assumed:
            found["published_at"] = _with_offset(found["published_at"])
        document = parse_document(msgspec.json.encode({"id": _UNNAMED, **found}), read_at, limits)
        if not has_id:
            document = msgspec.structs.replace(document, id=content_id(document, is_timed=is_timed))
        if len(encode(document)) > limits.max_bytes:
            detail = f"more than {limits.max_bytes} bytes with all its fields"
            raise RecordRejected(RejectReason.TOO_LARGE, detail)
        return document

    def _find(self, name: str, columns: Fields | list[str]) -> str | None:
        if name in self.columns:
            return self.columns[name] if self.columns[name] in columns else None
        names = (name, _ALIASES.get(name, name))
        return next((candidate for candidate in names if candidate in columns), None)

    def _default(self, name: str) -> str | None:
        return {"kind": self.kind, "source": self.source, "published_at": self.published_at}.get(name)

    def _filled_in(self, name: str, read_at: datetime) -> str:
        default = self._default(name)
        if default is None:
            raise RecordRejected(RejectReason.MISSING_FIELD, f"{name} is missing; {_mend(name)}")
        if name == "published_at" and default == "now":
            return read_at.astimezone(UTC).isoformat()
        return default


def content_id(document: Document, *, is_timed: bool) -> str:
    """Return an id that is the same whenever the same content is ingested.

    Args:
        document: whose source, title, text and address count.
        is_timed: whether its time came with it, and so tells it from others of the same words.
    """
    at = document.published_at.isoformat() if is_timed else None
    content = (document.source, at, document.title, document.text, document.url)
    return "sha256-" + hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]


def _is_nothing(name: str, value: msgspec.Raw | str) -> bool:
    """Decide whether the value stands for none: null, or an empty CSV cell; an empty text is empty."""
    return bytes(value) == b"null" if isinstance(value, msgspec.Raw) else value == "" and name != "text"


def _mend(name: str) -> str:
    if name == "text":
        return "name its column with --map text=COLUMN"
    return f"name its column with --map {name}=COLUMN, or give --{name.replace('_', '-')} for all"


def _with_offset(at: msgspec.Raw | str | int) -> msgspec.Raw | str | int:
    """Return a time without an offset as UTC; anything else as it was, for the check to judge."""
    try:
        text = msgspec.json.decode(at, type=str) if isinstance(at, msgspec.Raw) else str(at)
        parsed = datetime.fromisoformat(text)
    except (msgspec.DecodeError, ValueError):
        return at
    return at if parsed.tzinfo else parsed.replace(tzinfo=UTC).isoformat()
