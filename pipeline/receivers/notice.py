"""What receivers are handed: an alert, and what a person did about it where that is the news."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import msgspec

from pipeline.records import AlertRecord, AwareDatetime


class WithheldReason(StrEnum):
    """Why an alert goes to nobody but the log.

    >>> WithheldReason.SILENCED.value
    'silenced'
    """

    SILENCED = "silenced"
    ACKNOWLEDGED = "acknowledged"  # it escalates an episode that somebody looks after
    RESOLVED = "resolved"  # somebody has done with its episode


class ActionTold(msgspec.Struct, frozen=True, kw_only=True):
    """What a person did about an episode.

    >>> from datetime import UTC, datetime
    >>> ActionTold(id="a-1", type="acknowledged", by="ada", at=datetime(2026, 1, 2, tzinfo=UTC)).reason
    ''
    """

    id: str
    type: Literal["acknowledged", "escalated", "resolved"]
    by: str
    at: AwareDatetime
    reason: str = ""


class Notice(AlertRecord, frozen=True, kw_only=True):
    """An alert on its way to a receiver.

    >>> from pipeline.receivers.sample import sample_alert
    >>> notice_of(sample_alert()).id, notice_of(sample_alert()).action
    ('sample/1/1', None)
    """

    action: ActionTold | None = None  # the news; None: it is the alert itself
    withheld: WithheldReason | None = None


def notice_of(alert: AlertRecord, **changes: Any) -> Notice:
    """Return an alert with some fields changed."""
    fields = {name: getattr(alert, name) for name in alert.__struct_fields__}
    return Notice(**(fields | changes))


def told_of(alert: AlertRecord, action: ActionTold) -> Notice:
    """Return the news that a person did something about the alert's episode; it has an id of its own.

    >>> from pipeline.receivers.sample import sample_alert
    >>> done = ActionTold(id="a-2", type="resolved", by="ada", at=sample_alert().at)
    >>> told = told_of(sample_alert(), done)
    >>> told.id, told.transition
    ('sample/1/resolved-a-2', 'closed')
    """
    name = f"{action.type}-{action.id}".replace("/", "-")  # an id's last two parts are the episode and what it is of
    changes: dict[str, Any] = {"id": f"{alert.subject}/{alert.episode}/{name}", "action": action}
    if action.type == "escalated":
        # to all, whatever its routes say
        changes |= {"transition": "escalated", "severity": "critical", "reason": action.type, "routes": ()}
    if action.type == "resolved":
        changes |= {"transition": "closed", "reason": action.type}
    return notice_of(alert, **changes)


def action_told(alert: AlertRecord) -> ActionTold | None:
    """Return what a person did, where that is the news.

    >>> from pipeline.receivers.sample import sample_alert
    >>> action_told(sample_alert()) is None
    True
    """
    return alert.action if isinstance(alert, Notice) else None
