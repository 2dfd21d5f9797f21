"""Which alerts people were told of and are open, against those that a rebuild finds open.

The past is not told again; but what is open now must be known, and what is open no longer must end.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from pipeline.records import AlertRecord

_Key = tuple[str, str]
"""Topic and absolute rule, each of which has one episode open at most."""


class OpenAlerts:
    """The last transition of each open episode.

    >>> from pipeline.receivers.sample import sample_alert
    >>> alerts = OpenAlerts()
    >>> alerts.update(sample_alert())
    >>> [alert.id for alert in alerts.get()]
    ['sample/1/1']
    """

    def __init__(self) -> None:
        self._held: dict[_Key, AlertRecord] = {}

    def update(self, alert: AlertRecord) -> None:
        """Take note of a transition; they come in the order of the log."""
        if alert.transition == "closed":
            self._held.pop(_key(alert), None)
        else:
            self._held[_key(alert)] = alert

    def get(self) -> tuple[AlertRecord, ...]:
        """Return what is open, in the order of topics."""
        return tuple(self._held[key] for key in sorted(self._held))


def to_tell(told: OpenAlerts, found: OpenAlerts, past: Iterable[AlertRecord] = ()) -> list[AlertRecord]:
    """Return what must be told so that people know of what is open now, and of nothing else.

    Args:
        told: as `alerts` says.
        found: as the rebuild has it.
        past: of those, what history alone had led to: nobody is told of it before it changes.
    """
    before = {_key(alert): alert for alert in told.get()}
    now = {_key(alert): alert for alert in found.get()}
    ends = [_ended(alert) for key, alert in before.items() if not _is_same(alert, now.get(key))]
    quiet = set(past)
    begins = [alert for key, alert in now.items() if alert not in quiet and not _is_same(alert, before.get(key))]
    return ends + begins


def _key(alert: AlertRecord) -> _Key:
    return alert.topic, alert.rule


def _is_same(one: AlertRecord, other: AlertRecord | None) -> bool:
    return other is not None and (one.episode, one.opened_at) == (other.episode, other.opened_at)


def _ended(alert: AlertRecord) -> AlertRecord:
    number = alert.number + 1
    return msgspec.structs.replace(
        alert,
        id=f"{alert.id.rpartition('/')[0]}/{number}",
        number=number,
        transition="closed",
        reason="rebuilt",
        summary=f"{alert.topic_name}: no surge by the rules and topics of today; closed by a rebuild",
    )
