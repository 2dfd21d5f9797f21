"""What an Alertmanager must be told: the alerts that fire, and for a while those that have ended.

Pure: the clock is an argument. Knows no HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from pipeline.receivers.notice import ActionTold, action_told, told_of
from pipeline.records import AlertRecord

Severity = Literal["warning", "critical"]


@dataclass(frozen=True)
class Posting:
    """One alert in an Alertmanager's eyes, which are its labels: an episode at one severity.

    >>> from pipeline.receivers.sample import sample_alert
    >>> Posting.started(sample_alert(), sample_alert().at).is_firing
    True
    """

    alert: AlertRecord  # the last transition that changed it
    severity: Severity
    starts_at: datetime
    ends_at: datetime | None = None
    ended_at: datetime | None = None  # on the clock, where `ends_at` is event time
    acknowledged: ActionTold | None = None

    @property
    def is_firing(self) -> bool:
        """Whether it has not ended."""
        return self.ends_at is None

    @classmethod
    def started(cls, alert: AlertRecord, now: datetime) -> Posting:
        """Return it firing; event time ahead of the clock would make an alert that cannot be ended."""
        return cls(
            alert=alert,
            severity=alert.severity,
            starts_at=min(alert.opened_at, now),
            acknowledged=_acknowledgement(alert),
        )

    def ended(self, alert: AlertRecord, now: datetime) -> Posting:
        """Return it ended by `alert`, never in the clock's future and never before its start."""
        ends_at = max(self.starts_at, min(alert.at, now))
        return replace(self, alert=alert, ends_at=ends_at, ended_at=now)


class FiringAlerts:
    """The postings of all episodes that are open, or ended within the retention.

    The severity is a label, so an episode that escalates is another alert to Alertmanager; the one before is ended
    in the same update. Ended ones are kept, as Prometheus does, for an Alertmanager that restarts before it has
    notified. An older transition that comes again changes nothing.

    Args:
        retention_s: seconds for which an ended alert is told again.

    >>> from pipeline.receivers.sample import sample_alert
    >>> firing, opened = FiringAlerts(900.0), sample_alert()
    >>> _ = firing.update(opened, opened.at)
    >>> escalated = sample_alert(number=2, transition="escalated", severity="critical")
    >>> [(posting.severity, posting.is_firing) for posting in firing.update(escalated, opened.at)]
    [('warning', False), ('critical', True)]
    """

    def __init__(self, retention_s: float) -> None:
        if retention_s < 0:
            raise ValueError(f"retention_s must be >= 0, got {retention_s}")
        self._retention = timedelta(seconds=retention_s)
        self._held: dict[tuple[str, int], tuple[Posting, ...]] = {}

    def update(self, alert: AlertRecord, now: datetime) -> tuple[Posting, ...]:
        """Apply a transition and return the postings that it changes; none for one that is overtaken."""
        self._drop_old(now)
        key = alert.subject, alert.episode
        held = self._held.get(key, ())
        acknowledged = _acknowledgement(alert)
        if acknowledged and held:
            self._held[key] = tuple(replace(posting, acknowledged=acknowledged) for posting in held)
            return tuple(posting for posting in self._held[key] if posting.is_firing)
        if any(posting.alert.number > alert.number for posting in held):
            return ()
        if alert.transition == "closed":
            closing = held or (Posting.started(alert, now),)
            self._held[key] = tuple(p.ended(alert, now) if p.is_firing else p for p in closing)
        else:
            others = (p for p in held if p.severity != alert.severity)
            ended = tuple(p.ended(alert, now) if p.is_firing else p for p in others)
            known = next((posting.acknowledged for posting in held), acknowledged)
            self._held[key] = (*ended, replace(Posting.started(alert, now), acknowledged=known))
        # an ended one told once more would be notified once more
        return tuple(posting for posting in self._held[key] if posting.alert.number == alert.number)

    def get(self, now: datetime) -> tuple[Posting, ...]:
        """Return all that an Alertmanager should know."""
        self._drop_old(now)
        return tuple(posting for postings in self._held.values() for posting in postings)

    def forget(self, alert: AlertRecord) -> None:
        """Tell of this alert's episode no more."""
        self._held.pop((alert.subject, alert.episode), None)

    def snapshot(self) -> tuple[AlertRecord, ...]:
        """Return the last transition of each episode, with who looks after it."""
        last = (max(held, key=lambda posting: posting.alert.number) for held in self._held.values())
        return tuple(told_of(p.alert, p.acknowledged) if p.acknowledged else p.alert for p in last)

    def restore(self, alerts: Iterable[AlertRecord], now: datetime) -> None:
        """Replace all that is held by what `snapshot` gave.

        A severity that an episode has left is not in it: Alertmanager lets that one run out.
        """
        self._held.clear()
        for alert in alerts:
            self.update(alert, now)

    def _drop_old(self, now: datetime) -> None:
        def is_kept(posting: Posting) -> bool:
            return posting.ended_at is None or now - posting.ended_at < self._retention

        kept = ((key, tuple(filter(is_kept, held))) for key, held in self._held.items())
        self._held = {key: postings for key, postings in kept if postings}


def _acknowledgement(alert: AlertRecord) -> ActionTold | None:
    action = action_told(alert)
    return action if action is not None and action.type == "acknowledged" else None
