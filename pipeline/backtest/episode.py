"""An episode as a back-test sees it: its alerts, and when people would have been told each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.rules.quiet import QuietHours, quiet_until
from pipeline.records import AlertRecord

QuietOf = Callable[[str], Sequence[QuietHours]]


@dataclass(frozen=True, slots=True)
class Told:
    """An alert, and when it was told: quiet hours may hold it."""

    alert: AlertRecord
    at: datetime


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode of one topic, with its alerts in order; the first of them opened it."""

    id: str  # topic/episode, or topic!rule/episode
    told: tuple[Told, ...]

    @property
    def opened(self) -> AlertRecord:
        """Return the alert that opened it."""
        return self.told[0].alert

    @property
    def topic(self) -> str:
        """Return whose it is."""
        return self.opened.topic

    @property
    def opened_at(self) -> datetime:
        """Return since when."""
        return self.opened.at

    @property
    def closed_at(self) -> datetime | None:
        """Return until when; `None`: it was open at the end."""
        last = self.told[-1].alert
        return last.at if last.transition == "closed" else None

    @property
    def severity(self) -> str:
        """Return the gravest severity."""
        return self.told[-1].alert.severity

    @property
    def raising(self) -> tuple[Told, ...]:
        """Return the alerts that said that something is wrong."""
        return tuple(each for each in self.told if each.alert.transition != "closed")


def episodes_of(alerts: Sequence[AlertRecord], quiet_of: QuietOf) -> tuple[Episode, ...]:
    """Return the episodes that alerts are of, in order of their opening.

    Args:
        alerts: in the order in which they were told.
        quiet_of: the quiet hours of a topic.
    """
    by_episode: dict[str, list[Told]] = {}
    for told in _told(alerts, quiet_of):
        by_episode.setdefault(told.alert.id.rpartition("/")[0], []).append(told)
    episodes = (Episode(name, tuple(told)) for name, told in by_episode.items())
    return tuple(sorted(episodes, key=lambda episode: (episode.opened_at, episode.id)))


def _told(alerts: Sequence[AlertRecord], quiet_of: QuietOf) -> Iterable[Told]:
    """Return alerts with their times: what is held is told when quiet hours end, or with the topic's next."""
    told: list[Told] = []
    next_at: dict[str, datetime] = {}
    for alert in reversed(alerts):
        until = quiet_until(quiet_of(alert.topic), alert.at, is_critical=alert.severity == "critical")
        at = alert.at if until is None else min(until, next_at.get(alert.topic, until))
        next_at[alert.topic] = at
        told.append(Told(alert, at))
    return reversed(told)
