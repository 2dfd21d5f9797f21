"""Which actions of people hold, and so which alerts are kept from receivers. Pure: the clock is an argument."""

from __future__ import annotations

from datetime import datetime

from pipeline.feedback.actions_on_alerts import Acknowledged, AlertAction, Resolved, Silenced
from pipeline.receivers.notice import WithheldReason
from pipeline.records import AlertRecord


class ActionsInForce:
    """The last silence of each topic, and the last acknowledgement and resolution of it and of each rule on it.

    Its state is the log of actions itself, which is read again from its beginning; it grows with the topics that were
    ever acted upon, not with the actions.

    >>> from datetime import UTC, timedelta
    >>> from pipeline.receivers.sample import sample_alert
    >>> noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    >>> actions = ActionsInForce()
    >>> actions.update(Silenced(id="a", topic="sample", by="ada", at=noon, until=noon + timedelta(hours=4)))
    >>> actions.withheld(sample_alert(), noon + timedelta(hours=3)).value
    'silenced'
    >>> actions.withheld(sample_alert(), noon + timedelta(hours=4)) is None
    True
    """

    def __init__(self) -> None:
        self._silences: dict[str, Silenced] = {}
        self._acknowledgements: dict[str, Acknowledged] = {}
        self._resolutions: dict[str, Resolved] = {}

    def update(self, action: AlertAction) -> None:
        """Take an action, in the order of its topic's log."""
        if isinstance(action, Silenced):
            self._silences[action.topic] = action
        elif isinstance(action, Acknowledged):
            self._acknowledgements[action.alert.subject] = action
        elif isinstance(action, Resolved):
            self._resolutions[action.alert.subject] = action

    def silence_of(self, topic: str, now: datetime) -> Silenced | None:
        """Return the silence over a topic."""
        silence = self._silences.get(topic)
        return silence if silence is not None and now < silence.until else None

    def acknowledgement_of(self, alert: AlertRecord) -> Acknowledged | None:
        """Return who looks after this alert's episode."""
        action = self._acknowledgements.get(alert.subject)
        return action if action is not None and action.episode == alert.episode else None

    def is_resolved(self, alert: AlertRecord) -> bool:
        """Return whether somebody has done with this alert's episode."""
        action = self._resolutions.get(alert.subject)
        return action is not None and action.episode == alert.episode

    def withheld(self, alert: AlertRecord, now: datetime) -> WithheldReason | None:
        """Return why an alert is told to nobody but the log, if it is not."""
        if self.is_resolved(alert):
            return WithheldReason.RESOLVED
        silence = self.silence_of(alert.topic, now)
        if silence is not None and (silence.also_critical or alert.severity != "critical"):
            return WithheldReason.SILENCED
        if alert.transition == "escalated" and self.acknowledgement_of(alert) is not None:
            return WithheldReason.ACKNOWLEDGED
        return None
