"""What a person does with analysts: looks at them, and releases what is held. Reads Kafka; keeps nothing."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from datetime import datetime

import msgspec

from pipeline.broker.whole_topic import whole_topic
from pipeline.errors import CommandFailed
from pipeline.feedback.actions import MAX_REASON_CHARS, QuarantineReleased, action_of
from pipeline.feedback.actions_sender import send_action
from pipeline.feedback.guarding import new_guard
from pipeline.feedback.records import RoundRecord
from pipeline.feedback.roster import load_roster
from pipeline.feedback.round_record import round_of
from pipeline.records import decode
from pipeline.settings import Settings
from rl.analysts.guard import AnalystGuard


class AnalystDesk:
    """The analysts of a deployment, as its rounds and actions show them.

    >>> AnalystDesk(Settings()).check_release("eve", by="eve", reason="honest")
    Traceback (most recent call last):
    pipeline.errors.CommandFailed: eve cannot release eve: a second person has to look (--by NAME)
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def guard(self) -> AnalystGuard:
        """Return the guard, told of every round and release that Kafka has.

        Raises:
            BrokerUnavailable: no Kafka answers.
        """
        self._settings.connection.reach(timeout_s=10.0)
        return asyncio.run(self._told())

    def release(self, analyst: str, topic: str, *, by: str, reason: str, at: datetime) -> QuarantineReleased:
        """Let an analyst's rounds on a topic count up to now, for every process, and return the action.

        Raises:
            CommandFailed: the person may not, or nothing is held.
        """
        self.check_release(analyst, by=by, reason=reason)
        held = [each for each in self.guard().held_on(topic) if each.analyst == analyst]
        if not held:
            said = f"nothing of {analyst} is held on {topic}: see `finsurge analysts`"
            raise CommandFailed(said)
        action = QuarantineReleased(
            id=uuid.uuid4().hex, topic=topic, analyst=analyst, by=by, at=at, reason=reason.strip()
        )
        asyncio.run(send_action(self._settings, action))
        return action

    def check_release(self, analyst: str, *, by: str, reason: str) -> None:
        """Pass, or say why a person may not release an analyst.

        Raises:
            CommandFailed: it is the analyst, or, where there is a file of analysts, one who may not release.
        """
        if by == analyst:
            raise CommandFailed(f"{by} cannot release {analyst}: a second person has to look (--by NAME)")
        if not reason.strip() or len(reason) > MAX_REASON_CHARS:
            raise CommandFailed(f"--reason must have 1 to {MAX_REASON_CHARS} characters, got {len(reason)}")
        if self._settings.analysts is None:
            return
        may = [each.id for each in load_roster(self._settings.analysts) if each.may_release]
        if by not in may:
            known = ", ".join(may) or "nobody"
            raise CommandFailed(
                f"{by} may not release: `may_release: true` in {self._settings.analysts} is said of {known}"
            )

    async def _told(self) -> AnalystGuard:
        guard = new_guard(self._settings)

        def take_round(value: bytes) -> None:
            guard.update(round_of(decode(RoundRecord, value)))

        def take_action(value: bytes) -> None:
            action = action_of(value)
            if action is not None:
                guard.release(action.release)

        await self._each("rounds", take_round)
        await self._each("actions", take_action)
        return guard

    async def _each(self, name: str, take: Callable[[bytes], None]) -> None:
        """Take every record of a Kafka topic; what cannot be understood, its own readers warn of."""
        async for value in whole_topic(self._settings.connection, self._settings.kafka_topic(name)):
            try:
                take(value)
            except (msgspec.DecodeError, ValueError):
                continue
