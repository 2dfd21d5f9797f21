"""Rebuild: computes trends, alerts and state anew from the log, then puts them in the place of the old ones.

Until the second step begins nothing is changed; from there on workers refuse to start until it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from uuid import uuid4

import msgspec
from prometheus_client import CollectorRegistry

from pipeline import wiring
from pipeline.broker.changelog import KafkaChangelog
from pipeline.broker.decision_log import Section, read_history, read_section, whole_section
from pipeline.broker.preflight import check_kafka_topics, check_partitions
from pipeline.broker.rebuild_log import Command, RebuildRecord, append
from pipeline.errors import CommandFailed
from pipeline.metrics import Metrics
from pipeline.rebuild.groups import REBUILT, check_stopped, go_on_at
from pipeline.rebuild.log_sender import LogSender
from pipeline.rebuild.open_alerts import OpenAlerts, to_tell
from pipeline.rebuild.raw_log import read_raw
from pipeline.rebuild.rebuilt_flow import RebuiltFlow
from pipeline.rebuild.spool import ResultSpool
from pipeline.records import AlertRecord, Decision, DecisionOrTick, Mention, TrendRecord, decode, encode
from pipeline.settings import Settings
from pipeline.stage import partition_of


class Steps(Protocol):
    """Is told how far a rebuild has come."""

    def begin(self, name: str, total: int) -> None:
        """Begin a step of so many records."""

    def advance(self) -> None:
        """Count a record of it."""


@dataclass
class RebuildReport:
    """What a rebuild went through and made."""

    n_history: int = 0  # decisions
    n_decisions: int = 0
    n_windows: int = 0
    n_late: int = 0
    n_opened: int = 0
    n_states: int = 0  # keys in changelogs
    told: list[str] = field(default_factory=list)  # ids of alerts


async def check_ready(settings: Settings, *, is_dry: bool = False) -> None:
    """Pass if the deployment can be rebuilt now; a dry run minds no worker.

    Raises:
        CommandFailed: its Kafka topics are not as the settings say, or a worker runs.
    """
    await check_partitions(settings, ("history", "rebuilds"))
    for role in REBUILT:
        await check_kafka_topics(settings, role)
    if not is_dry:
        await check_stopped(settings)


class Rebuild:
    """One run.

    Args:
        settings: the deployment's.
        command: that began it.
        steps: told of the progress.
        spool: for what must not be seen before it counts.
        out: given every decision and result as well.
    """

    def __init__(
        self,
        settings: Settings,
        command: Command,
        steps: Steps,
        spool: ResultSpool,
        out: Callable[[msgspec.Struct], None] = lambda _: None,
    ) -> None:
        self.id = uuid4().hex
        self.report = RebuildReport()
        self._settings = settings
        self._command = command
        self._steps = steps
        self._spool = spool
        self._out = out
        self._flow = RebuiltFlow(settings, wiring.open_watchlist(settings), Metrics(CollectorRegistry()))
        self._history: tuple[tuple[int, int], ...] = ()
        self._ends: dict[int, int] = {}  # of `decisions`

    async def compute(self, history: Section, decisions: Section) -> None:
        """Run the stages over all of it; changes nothing on Kafka."""
        settings, report = self._settings, self.report
        self._history = tuple(history.ranges[number] for number in sorted(history.ranges))
        self._ends = decisions.ends
        self._steps.begin("reading", history.n_records + decisions.n_records)
        async for partition, record in read_history(settings, history):
            report.n_history += isinstance(record, Decision)
            self._feed(partition, record)
        self._flow.end_history()
        async for partition, record in read_section(settings, decisions):
            report.n_decisions += isinstance(record, Decision)
            self._feed(partition, record)

    async def write(self, known: RebuildRecord | None) -> None:
        """Put what was computed in the place of what is there.

        Args:
            known: how the last run stood when this one began.

        Raises:
            CommandFailed: a worker or another run has begun meanwhile.
        """
        settings = self._settings
        await check_stopped(settings)
        writing = self._record("writing", self._history)
        await append(settings, writing, known)
        try:
            await check_stopped(settings)  # whoever joined before it could read that
        except CommandFailed:
            before = known or self._record("whole", ())
            await append(settings, msgspec.structs.replace(before, id=self.id, at=datetime.now(UTC)), writing)
            raise
        async with LogSender(settings.bootstrap) as sender:
            await self._send_results(sender)
            for role in REBUILT:
                await self._send_states(sender, role.value)
            await self._send_alerts(sender)
        await self._go_on()
        await append(settings, self._record("whole", self._history), writing)

    def _feed(self, partition: int, record: DecisionOrTick) -> None:
        if isinstance(record, Decision):
            self._out(record)
        for result in self._flow.feed(record, partition):
            self._out(result)
            if isinstance(result, AlertRecord):
                self.report.n_opened += result.transition == "opened"
            else:
                self.report.n_windows += isinstance(result, TrendRecord)
                self.report.n_late += isinstance(result, Mention)
                self._spool.append(result)
        self._steps.advance()

    async def _send_results(self, sender: LogSender) -> None:
        self._steps.begin("writing trends", self._spool.n_results)
        for kafka_topic, topic, value in self._spool.read():
            partition = partition_of(topic, self._settings.partitions)
            await sender.send(self._settings.kafka_topic(kafka_topic), partition, topic.encode(), value)
            self._steps.advance()
        await sender.flush()  # outputs before state, as in the roles

    async def _send_states(self, sender: LogSender, role: str) -> None:
        log = wiring.state_log(self._settings, role)
        changelog = KafkaChangelog(self._settings.bootstrap, log.kafka_topic)
        partitions = {0} if role == "surges" else set(range(self._settings.partitions))
        written = await changelog.load(await changelog.ends(partitions))
        states = self._flow.states[role]
        n_states = sum(1 for _ in states.items())
        self._steps.begin(f"writing the state of {role}", n_states)
        for partition, key, value in states.changes(written, log.encode):
            await sender.send(log.kafka_topic, partition, key.encode(), value)
            if value is not None:
                self._steps.advance()
        await sender.flush()
        self.report.n_states += n_states

    async def _send_alerts(self, sender: LogSender) -> None:
        settings = self._settings
        alerts = to_tell(await self._told(), self._flow.alerts, self._flow.past)
        for alert in alerts:
            partition = partition_of(alert.topic, settings.partitions)
            await sender.send(settings.kafka_topic("alerts"), partition, alert.topic.encode(), encode(alert))
        await sender.flush()
        self.report.told = [alert.id for alert in alerts]

    async def _told(self) -> OpenAlerts:
        told = OpenAlerts()
        section = await whole_section(self._settings.bootstrap, self._settings.kafka_topic("alerts"))
        async for record in read_raw(self._settings, section):
            try:
                told.update(decode(AlertRecord, record.value or b""))
            except msgspec.DecodeError:
                continue  # `notify` put it to the dead letters
        return told

    async def _go_on(self) -> None:
        """Have link go on where the rebuild ended, and the others behind all that the old workers wrote."""
        for role in REBUILT:
            ends = self._ends
            if role.inbound != "decisions":
                kafka_topic = self._settings.kafka_topic(role.inbound)
                ends = (await whole_section(self._settings.bootstrap, kafka_topic)).ends
            await go_on_at(self._settings, role, ends)

    def _record(self, status: str, history: tuple[tuple[int, int], ...]) -> RebuildRecord:
        return msgspec.convert(
            {"id": self.id, "command": self._command, "status": status, "at": datetime.now(UTC), "history": history},
            RebuildRecord,
        )
