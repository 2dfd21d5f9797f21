"""What people do about alerts, as it travels (`actions`, keyed by topic, partitioned as `alerts` is).

Knows no Kafka client.
"""

from __future__ import annotations

import msgspec

from pipeline.feedback.actions import MAX_REASON_CHARS
from pipeline.records import SCHEMA, AlertRecord, AwareDatetime

MAX_NAME_CHARS = 64


class OnAlert(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What all of them say."""

    schema: int = SCHEMA
    id: str
    topic: str
    by: str
    at: AwareDatetime  # by the clock of whoever wrote it
    reason: str = ""

    def __post_init__(self) -> None:
        if not (self.id and self.topic):
            raise ValueError("id and topic must not be empty")
        if not self.by.strip() or len(self.by) > MAX_NAME_CHARS or not self.by.isprintable():
            raise ValueError(f"by must be 1 to {MAX_NAME_CHARS} printable characters, got {self.by[:80]!r}")
        if len(self.reason) > MAX_REASON_CHARS:
            raise ValueError(f"reason must have at most {MAX_REASON_CHARS} characters, got {len(self.reason)}")


class OnEpisode(OnAlert, frozen=True, kw_only=True):
    """One about an episode, with its last alert as the person saw it."""

    alert: AlertRecord

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.alert.topic != self.topic:
            raise ValueError(f"alert must be of topic {self.topic!r}, got {self.alert.topic!r}")

    @property
    def episode(self) -> int:
        """The episode's number."""
        return self.alert.episode


class Acknowledged(OnEpisode, frozen=True, kw_only=True, tag="acknowledged"):
    """Somebody looks after the episode.

    >>> from pipeline.receivers.sample import sample_alert
    >>> from pipeline.records import encode
    >>> seen = Acknowledged(id="a-1", topic="sample", by="ada", at=sample_alert().at, alert=sample_alert())
    >>> alert_action_of(encode(seen)) == seen
    True
    """


class Escalated(OnEpisode, frozen=True, kw_only=True, tag="escalated"):
    """Somebody finds it critical, and has everybody told."""


class Resolved(OnEpisode, frozen=True, kw_only=True, tag="resolved"):
    """Somebody has done with it, whatever is said about it afterwards."""


class Silenced(OnAlert, frozen=True, kw_only=True, tag="silenced"):
    """Nobody is to be told of the topic until then; it takes the place of the topic's silence before it.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    >>> Silenced(id="a-2", topic="TSLA", by="ada", at=noon, until=noon).also_critical
    False
    """

    until: AwareDatetime  # at `at` or before: it only ends the one before
    also_critical: bool = False


AlertAction = Acknowledged | Escalated | Resolved | Silenced
_TYPES = frozenset({"acknowledged", "escalated", "resolved", "silenced"})


class _Kind(msgspec.Struct):
    type: str


def alert_action_of(value: bytes | None) -> AlertAction | None:
    """Return the action that a record's value holds; None for an action of another kind.

    >>> alert_action_of(b'{"schema":1,"type":"quarantine_released","topic":"TSLA"}') is None
    True

    Raises:
        msgspec.DecodeError: it is no action.
    """
    if msgspec.json.decode(value or b"", type=_Kind).type not in _TYPES:
        return None
    action: AlertAction = msgspec.json.decode(value or b"", type=AlertAction)
    return action
