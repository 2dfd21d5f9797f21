"""Puts what a rebuild has computed in the place of what lies on Kafka: windows, state, alerts, offsets.

Each step can be repeated: a rebuild that was killed in one of them begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

import msgspec

from pipeline import wiring
from pipeline.broker.changelog import KafkaChangelog
from pipeline.broker.preflight import partitions_of
from pipeline.broker.rule_log import key_of, rules_by_key
from pipeline.broker.section import Section, whole_section
from pipeline.candidates import Candidate, RulesRecord, RulesTaken
from pipeline.rebuild.groups import REBUILT, go_on_at, positions
from pipeline.rebuild.log_sender import LogSender
from pipeline.rebuild.open_alerts import OpenAlerts, to_tell
from pipeline.rebuild.raw_log import read_raw
from pipeline.rebuild.rebuilt_flow import RebuiltFlow
from pipeline.rebuild.report import RebuildReport, Steps
from pipeline.rebuild.spool import ResultSpool
from pipeline.records import AlertRecord, encode
from pipeline.rejects import RecordRejected
from pipeline.roles.dead_letter_box import decoded
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings
from pipeline.stage import partition_of

_decoder = msgspec.json.Decoder(AlertRecord)
_candidates: msgspec.json.Decoder[Candidate] = msgspec.json.Decoder(Candidate)


class Replacement:
    """One run's results on their way.

    Args:
        settings: the deployment's.
        flow: has run over all.
        spool: holds the windows and late mentions.
        ends: of `decisions`, by partition, as far as the flow has come.
        steps: told of the progress.
        report: told what was written.
    """

    def __init__(
        self,
        settings: Settings,
        flow: RebuiltFlow,
        spool: ResultSpool,
        ends: Mapping[int, int],
        steps: Steps,
        report: RebuildReport,
    ) -> None:
        self._settings = settings
        self._flow = flow
        self._spool = spool
        self._ends = ends
        self._steps = steps
        self._report = report

    async def write(self, rules: RulesTaken | None) -> None:
        """Write all of it, outputs before state, as the roles do.

        Args:
            rules: what the flow was given in place of the rule books that were applied; others are to know of it.

        Raises:
            BrokerUnavailable: something was not taken.
            CommandFailed: a worker has joined one of the groups.
        """
        settings = self._settings
        candidates = await whole_section(settings.connection, settings.kafka_topic("candidates"))
        async with LogSender(settings.connection) as sender:
            await self._send_rules(sender, rules, candidates)
            await self._send_results(sender)
            for role in REBUILT:
                await self._send_states(sender, role.value)
            await self._send_alerts(sender)
        mentions = await whole_section(settings.connection, settings.kafka_topic("mentions"))
        # link goes on where the rebuild ended, the others behind all that the old workers wrote
        await go_on_at(settings, Role.LINK, self._ends)
        await go_on_at(settings, Role.TRENDS, mentions.ends)
        await go_on_at(settings, Role.SURGES, candidates.ends)

    async def _send_rules(self, sender: LogSender, rules: RulesTaken | None, candidates: Section) -> None:
        """Write the rule book of this rebuild, and take those that wait in `candidates`, which nobody will read."""
        kafka_topic = self._settings.kafka_topic("config")
        known = await rules_by_key(self._settings)
        if rules is not None:
            await sender.send(kafka_topic, 0, key_of(uuid4().hex), encode(rules))
        begins = await positions(self._settings, Role.SURGES, candidates.ends)
        waiting = {number: (begins[number], end) for number, end in candidates.ends.items()}
        async for record in read_raw(self._settings, Section(candidates.kafka_topic, waiting)):
            sent: Candidate | RecordRejected = decoded(_candidates, record.value)
            if isinstance(sent, RulesRecord) and key_of(sent.id) not in known:
                for outbound in self._flow.take_rules(sent):
                    await sender.send(kafka_topic, outbound.partition, outbound.key, encode(outbound.record))
        await sender.flush()

    async def _send_results(self, sender: LogSender) -> None:
        self._steps.begin("writing trends", self._spool.n_results)
        for kafka_topic, topic, value in self._spool.read():
            partition = partition_of(topic, self._settings.partitions)
            await sender.send(self._settings.kafka_topic(kafka_topic), partition, topic.encode(), value)
            self._steps.advance()
        await sender.flush()

    async def _send_states(self, sender: LogSender, role: str) -> None:
        log = wiring.state_log(self._settings, role)
        changelog = KafkaChangelog(self._settings.connection, log.kafka_topic)
        partitions = await partitions_of(self._settings.connection, log.kafka_topic)
        written = await changelog.load(await changelog.ends({tp.partition for tp in partitions}))
        states = self._flow.states[role]
        n_states = sum(1 for _ in states.items())
        self._steps.begin(f"writing the state of {role}", n_states)
        for partition, key, value in states.changes(written, log.encode):
            await sender.send(log.kafka_topic, partition, key.encode(), value)
            if value is not None:
                self._steps.advance()
        await sender.flush()
        self._report.n_states += n_states

    async def _send_alerts(self, sender: LogSender) -> None:
        settings = self._settings
        alerts = to_tell(await self._told(), self._flow.alerts, self._flow.past)
        for alert in alerts:
            partition = partition_of(alert.topic, settings.partitions)
            await sender.send(settings.kafka_topic("alerts"), partition, alert.topic.encode(), encode(alert))
        await sender.flush()
        self._report.told = [alert.id for alert in alerts]

    async def _told(self) -> OpenAlerts:
        told = OpenAlerts()
        section = await whole_section(self._settings.connection, self._settings.kafka_topic("alerts"))
        async for record in read_raw(self._settings, section):
            alert: AlertRecord | RecordRejected = decoded(_decoder, record.value)
            if isinstance(alert, AlertRecord):
                told.update(alert)
        return told
