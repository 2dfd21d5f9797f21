"""Who is told what: routes, and what people have said about topics and episodes. Knows no Kafka and no clock."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from pipeline.feedback.actions_in_force import ActionsInForce
from pipeline.feedback.actions_on_alerts import Acknowledged, AlertAction, Escalated, Resolved, Silenced
from pipeline.logs.about import about
from pipeline.metrics import Metrics
from pipeline.receivers.notice import ActionTold, Notice, WithheldReason, notice_of, told_of
from pipeline.receivers.outbox import CommittedStates, Outbox
from pipeline.receivers.routing import LOG, route
from pipeline.records import AlertRecord, Origin
from pipeline.stage import partition_of

log = logging.getLogger(__name__)
OnEpisode = Acknowledged | Escalated | Resolved


class Teller:
    """Puts alerts and what people do about them into the outbox, and keeps what is open of each topic and rule.

    All of it happens within the outbox's `changes`.

    Args:
        states: of the role.
        outbox: over the same states.
        metrics: is told what is withheld, and of unknown routes.
        forgetful: receivers that hold what is open, which must hear of its end whatever people say.
        partitions: of `alerts` and `actions`.
    """

    def __init__(
        self,
        states: CommittedStates,
        outbox: Outbox,
        metrics: Metrics,
        *,
        forgetful: frozenset[str],
        partitions: int,
    ) -> None:
        self._states = states
        self._outbox = outbox
        self._metrics = metrics
        self._forgetful = forgetful
        self._partitions = partitions
        self._in_force = ActionsInForce()

    def forget_actions(self) -> None:
        """Have no action hold; they are read again."""
        self._in_force = ActionsInForce()

    def open_alerts(self) -> Iterator[AlertRecord]:
        """Yield the last alert of each open episode, with who looks after it."""
        for _topic, state in self._states.items():  # noqa: PERF102 - it is no dict
            if isinstance(state, AlertRecord):
                action = self._in_force.acknowledgement_of(state)
                yield told_of(state, _told(action)) if action else state

    def take_alert(self, alert: AlertRecord, partition: int, now: datetime) -> None:
        """Have those told that an alert is for, and those that have heard of its episode."""
        withheld = self._in_force.withheld(alert, now)
        held = self._held(alert)
        if held is not None:
            alert = msgspec.structs.replace(alert, routes=_both(held.routes, alert.routes))
        if withheld is None:
            self._put(notice_of(alert), partition, now)
            self._keep(alert, partition)
        else:
            self._withhold(alert, withheld, partition, now)

    def take_action(self, action: AlertAction, origin: Origin, now: datetime, *, is_owned: bool) -> None:
        """Have an action hold, and those told whom it concerns, if this process owns its partition."""
        self._in_force.update(action)
        if not is_owned or not self._outbox.apply_action(origin):
            return
        if origin.partition != partition_of(action.topic, self._partitions):
            log.warning(
                "action %s is not told: it must be keyed by its topic, %s",
                action.id,
                action.topic,
                extra=about(topic=action.topic),
            )
        elif isinstance(action, Silenced):
            until = f"{action.until:%Y-%m-%d %H:%M %Z}"
            log.info("%s is silenced by %s until %s", action.topic, action.by, until, extra=about(topic=action.topic))
        else:
            self._tell(action, origin.partition, now)

    def _tell(self, action: OnEpisode, partition: int, now: datetime) -> None:
        held = self._held(action.alert)
        # what the person saw may have changed since
        alert = action.alert if held is None else max(action.alert, held, key=lambda each: each.number)
        told = told_of(alert, _told(action))
        if self._in_force.silence_of(action.topic, now) is not None and not isinstance(action, Escalated):
            self._hush(told, WithheldReason.SILENCED, partition, now, also=self._forgetful)
        else:
            self._put(told, partition, now)
        if held is not None and not isinstance(action, Acknowledged):
            self._keep(told, partition)

    def _held(self, alert: AlertRecord) -> AlertRecord | None:
        """Return the open alert of the same episode."""
        state = self._states.get(alert.subject)
        return state if isinstance(state, AlertRecord) and state.episode == alert.episode else None

    def _put(self, notice: Notice, partition: int, now: datetime) -> None:
        receivers, unknown = route(notice, self._outbox.receivers)
        if unknown:
            self._metrics.count_unknown_route()
            about_it = about(alert=notice.id, topic=notice.topic)
            log.error("alert %s goes to all: no receiver is called %s", notice.id, ", ".join(unknown), extra=about_it)
        self._outbox.put(notice, receivers, partition, now)

    def _withhold(self, alert: AlertRecord, reason: WithheldReason, partition: int, now: datetime) -> None:
        is_end = alert.transition == "closed"
        # who resolved an episode has ended it there already
        also = self._forgetful if is_end and reason is not WithheldReason.RESOLVED else frozenset[str]()
        self._hush(alert, reason, partition, now, also=also)
        if is_end:
            self._keep(alert, partition)

    def _hush(
        self, alert: AlertRecord, reason: WithheldReason, partition: int, now: datetime, *, also: frozenset[str]
    ) -> None:
        """Tell the log, and of those that the alert is for `also` these."""
        self._metrics.count_withheld(reason)
        routed = route(alert, self._outbox.receivers).receivers
        receivers = [name for name in routed if name == LOG or name in also]
        self._outbox.put(notice_of(alert, withheld=reason), receivers, partition, now)

    def _keep(self, alert: AlertRecord, partition: int) -> None:
        if alert.transition == "closed":
            self._states.drop(alert.subject, partition)
        else:
            self._states.put(alert.subject, partition, alert)


def _both(routes: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*routes, *others))) if routes and others else ()


def _told(action: OnEpisode) -> ActionTold:
    kinds: dict[type[OnEpisode], Literal["acknowledged", "escalated", "resolved"]] = {
        Acknowledged: "acknowledged",
        Escalated: "escalated",
        Resolved: "resolved",
    }
    return ActionTold(id=action.id, type=kinds[type(action)], by=action.by, at=action.at, reason=action.reason)
