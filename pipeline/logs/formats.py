"""The two formats of a log line: JSON for a collector, and text for a person at a terminal. Both bounded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from pipeline.logs.about import ATTRIBUTE
from pipeline.logs.secrets import Secrets

MAX_MESSAGE = 2_000
"""characters"""
MAX_FIELD = 300
MAX_EXCEPTION = 8_000
BODY = "body"
"""Attribute of a log record with JSON of ours, which stands whole in the line: an alert."""
UNTOLD = "n_untold"
"""Attribute of a log record: events like it that were left out before."""

TraceIds = Callable[[], Mapping[str, str]]
"""Returns trace_id and span_id of the span that is current, if one is."""

_CONTROLS = {**{code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}, 10: "\\n", 13: "\\r", 9: "\\t"}
_CONTROLS |= {0x2028: "\\u2028", 0x2029: "\\u2029"}


class EventFormat(logging.Formatter):
    """What both formats share: an event as fields, without secrets, each of bounded length."""

    def __init__(self, process: str, secrets: Secrets, trace_ids: TraceIds) -> None:
        super().__init__()
        self._process = process
        self._secrets = secrets
        self._trace_ids = trace_ids

    def event(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return the event's fields in their order."""
        body = getattr(record, BODY, None)
        message = record.getMessage() if body is None else str(record.msg).removesuffix(" %s")
        event: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": self._told(message, MAX_MESSAGE),
        }
        for name, value in self._fields(record).items():
            event[name] = self._told(value, MAX_FIELD) if isinstance(value, str) else value
        if record.exc_info and record.exc_info[0] is not None:
            event["exception"] = self._tail(self.formatException(record.exc_info))
        if body is not None:
            event[BODY] = msgspec.Raw(self._secrets.hidden_in(body.decode()).encode())
        return event

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields = {**self._trace_ids(), **getattr(record, ATTRIBUTE, {})}
        n_untold = getattr(record, UNTOLD, 0)
        return {**fields, UNTOLD: n_untold} if n_untold else fields

    def _told(self, text: str, max_characters: int) -> str:
        text = self._secrets.hidden_in(text)
        return text if len(text) <= max_characters else f"{text[: max_characters - 1]}…"

    def _tail(self, text: str) -> str:
        # what was raised stands at the end of a traceback
        text = self._secrets.hidden_in(text)
        return text if len(text) <= MAX_EXCEPTION else f"…{text[-MAX_EXCEPTION + 1 :]}"


class JsonFormat(EventFormat):
    """A JSON object per event, in one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return msgspec.json.encode(self.event(record), enc_hook=str).decode()


class ConsoleFormat(EventFormat):
    """A line per event, and a traceback below it; what would steer a terminal is spelled out."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        event = self.event(record)
        exception = event.pop("exception", None)
        body = event.pop(BODY, None)
        head = [event.pop(name) for name in ("timestamp", "level", "process", "logger", "message")]
        told = f"{head[0]} {head[1].upper()} {head[2]}: {head[4]}"
        if body is not None:
            told = f"{told} {bytes(body).decode()}"
        else:
            told += "".join(f" {name}={value}" for name, value in event.items())
        line = told.translate(_CONTROLS)
        return line if exception is None else f"{line}\n{exception}"
