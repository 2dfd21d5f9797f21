"""What a person does with alerts: looks at the open ones, and acts upon them. Reads Kafka; keeps nothing."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from pipeline.broker.whole_topic import whole_topic
from pipeline.errors import CommandFailed
from pipeline.feedback.actions_in_force import ActionsInForce
from pipeline.feedback.actions_on_alerts import (
    Acknowledged,
    AlertAction,
    Escalated,
    Resolved,
    Silenced,
    alert_action_of,
)
from pipeline.feedback.actions_sender import send_action
from pipeline.records import AlertRecord, decode
from pipeline.settings import Settings

OnOne = TypeVar("OnOne", Acknowledged, Escalated, Resolved)
Made = TypeVar("Made", Acknowledged, Escalated, Resolved, Silenced)


@dataclass(frozen=True)
class OpenEpisode:
    """An episode that goes on, with what people have said about it."""

    alert: AlertRecord  # the last one
    acknowledged: Acknowledged | None
    silenced: Silenced | None


def open_episodes(alerts: Iterable[AlertRecord], actions: ActionsInForce, now: datetime) -> list[OpenEpisode]:
    """Return the episodes that neither ended nor were resolved, the last opened first.

    Args:
        alerts: of all time, in the order of each topic; what comes again changes nothing.
        actions: that hold.
        now: for silences.

    >>> from pipeline.receivers.sample import sample_alert
    >>> alerts = [sample_alert(topic="a"), sample_alert(topic="b"), sample_alert(topic="b", transition="closed")]
    >>> [each.alert.topic for each in open_episodes(alerts, ActionsInForce(), sample_alert().at)]
    ['a']
    """
    last: dict[str, AlertRecord] = {}
    for alert in alerts:
        held = last.get(alert.subject)
        if held is None or (alert.episode, alert.number) >= (held.episode, held.number):
            last[alert.subject] = alert
    found = [alert for alert in last.values() if alert.transition != "closed" and not actions.is_resolved(alert)]
    return [
        OpenEpisode(alert, actions.acknowledgement_of(alert), actions.silence_of(alert.topic, now))
        for alert in sorted(found, key=lambda each: (each.opened_at, each.topic), reverse=True)
    ]


class AlertDesk:
    """The open alerts of a deployment, and what can be done about them.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    >>> AlertDesk(Settings()).silence("TSLA", by="", reason="", at=noon, until=noon, also_critical=False)
    Traceback (most recent call last):
    pipeline.errors.CommandFailed: by must be 1 to 64 printable characters, got ''
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def open(self, now: datetime) -> list[OpenEpisode]:
        """Return the open episodes, the last opened first.

        Raises:
            BrokerUnavailable: no Kafka answers.
        """
        self._settings.connection.reach(timeout_s=10.0)
        return asyncio.run(self._read(now))

    def act(self, kind: type[OnOne], topic: str, *, by: str, reason: str, at: datetime) -> OnOne:
        """Act upon the open episode of a topic, or of a rule on it (topic!rule), and return the action.

        Raises:
            CommandFailed: the topic has none, or the action is none.
        """
        alert = _named(topic, [each.alert for each in self.open(at)])
        fields = {"id": _new_id(), "topic": alert.topic, "by": by, "reason": reason.strip(), "at": at, "alert": alert}
        action = _checked(kind, fields)
        asyncio.run(send_action(self._settings, action))
        return action

    def silence(
        self, topic: str, *, by: str, reason: str, at: datetime, until: datetime, also_critical: bool
    ) -> Silenced:
        """Have nobody told of a topic until then, in the place of its silence before, and return the action.

        Raises:
            BrokerUnavailable: no Kafka answers.
            CommandFailed: the action is none.
        """
        fields = {"id": _new_id(), "topic": topic, "by": by, "reason": reason.strip(), "at": at, "until": until}
        action = _checked(Silenced, fields | {"also_critical": also_critical})
        self._settings.connection.reach(timeout_s=10.0)
        asyncio.run(send_action(self._settings, action))
        return action

    async def _read(self, now: datetime) -> list[OpenEpisode]:
        in_force, alerts = ActionsInForce(), []
        async for value in whole_topic(self._settings.connection, self._settings.kafka_topic("actions")):
            try:
                action: AlertAction | None = alert_action_of(value)
            except msgspec.DecodeError:  # `notify` warns of it
                continue
            if action is not None:
                in_force.update(action)
        async for value in whole_topic(self._settings.connection, self._settings.kafka_topic("alerts")):
            try:
                alerts.append(decode(AlertRecord, value))
            except msgspec.DecodeError:  # it is in the dead letters
                continue
        return open_episodes(alerts, in_force, now)


def _named(name: str, alerts: list[AlertRecord]) -> AlertRecord:
    for alert in alerts:
        if alert.subject == name:
            return alert
    of_rules = [alert.subject for alert in alerts if alert.topic == name]
    mend = f"there are: {', '.join(of_rules)}" if of_rules else "see `finsurge alerts list`"
    raise CommandFailed(f"{name} has no open episode; {mend}")


def _checked(kind: type[Made], fields: dict[str, Any]) -> Made:
    try:
        return kind(**fields)
    except ValueError as invalid:
        raise CommandFailed(str(invalid)) from None


def _new_id() -> str:
    return uuid.uuid4().hex[:16]
