"""What people do about topics and those who correct, as it travels (`actions`, keyed by topic).

So far that is the release of an analyst's held rounds. Knows no Kafka client.
"""

from __future__ import annotations

import msgspec

from pipeline.records import SCHEMA, AwareDatetime
from rl.analysts.quarantine import Release

MAX_REASON_CHARS = 2_000


class QuarantineReleased(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="quarantine_released"):
    """A second person finds that an analyst's rounds on a topic are honest, and says why.

    >>> at = msgspec.json.decode(b'"2026-01-02T03:04:05Z"', type=AwareDatetime)
    >>> released = QuarantineReleased(id="a-1", topic="TSLA", analyst="ada", by="bob", at=at, reason="a true crisis")
    >>> released.release.by, action_of(msgspec.json.encode(released)) == released
    ('bob', True)
    """

    schema: int = SCHEMA
    id: str
    topic: str
    analyst: str
    by: str  # not the analyst
    at: AwareDatetime  # rounds until then count
    reason: str

    def __post_init__(self) -> None:
        if not (self.id and self.topic and self.analyst and self.by):
            raise ValueError("id, topic, analyst and by must not be empty")
        if self.by == self.analyst:
            raise ValueError(f"by must be a second person, got {self.by}")
        if not self.reason.strip() or len(self.reason) > MAX_REASON_CHARS:
            raise ValueError(f"reason must have 1 to {MAX_REASON_CHARS} characters, got {len(self.reason)}")

    @property
    def release(self) -> Release:
        """What the guard over analysts is told."""
        return Release(self.analyst, self.topic, self.by, self.at)


class _Kind(msgspec.Struct):
    type: str


def action_of(value: bytes | None) -> QuarantineReleased | None:
    """Return the action that a record's value holds; None for an action of another kind.

    >>> action_of(b'{"schema":1,"type":"acknowledged","topic":"TSLA"}') is None
    True

    Raises:
        msgspec.DecodeError: it is no action.
    """
    kind = msgspec.json.decode(value or b"", type=_Kind).type
    if kind != "quarantine_released":
        return None
    return msgspec.json.decode(value or b"", type=QuarantineReleased)
