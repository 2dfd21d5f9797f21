"""Rebuild: computes trends, alerts and state anew from the log, then puts them in the place of the old ones.

Until the second step begins nothing is changed; from there on workers refuse to start until it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

import msgspec
from prometheus_client import CollectorRegistry

from pipeline import wiring
from pipeline.broker.decision_log import read_history, read_section
from pipeline.broker.preflight import check_kafka_topics, check_partitions
from pipeline.broker.rebuild_log import Command, RebuildRecord, append
from pipeline.broker.rule_log import rules_taken
from pipeline.broker.section import Section
from pipeline.candidates import RulesTaken
from pipeline.errors import CommandFailed
from pipeline.metrics import Metrics
from pipeline.rebuild.groups import REBUILT, check_stopped
from pipeline.rebuild.rebuilt_flow import RebuiltFlow
from pipeline.rebuild.replacement import Replacement
from pipeline.rebuild.report import RebuildReport, Steps
from pipeline.rebuild.spool import ResultSpool
from pipeline.records import AlertRecord, Decision, DecisionOrTick, Mention, TrendRecord
from pipeline.settings import Settings


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
        rules: a rule book that holds for all ticks, in place of those that were applied.
        out: given every decision and result as well.
    """

    def __init__(
        self,
        settings: Settings,
        command: Command,
        steps: Steps,
        spool: ResultSpool,
        rules: RulesTaken | None = None,
        out: Callable[[msgspec.Struct], None] = lambda _: None,
    ) -> None:
        self.report = RebuildReport()
        self._id = uuid4().hex
        self._settings = settings
        self._command: Command = command
        self._steps = steps
        self._spool = spool
        self._rules = rules
        self._out = out
        self._flow = RebuiltFlow(settings, wiring.open_watchlist(settings), Metrics(CollectorRegistry()))
        self._history: tuple[tuple[int, int], ...] = ()
        self._ends: dict[int, int] = {}  # of `decisions`

    async def compute(self, history: Section, decisions: Section) -> None:
        """Run the stages over all of it; changes nothing on Kafka."""
        self._history = tuple(history.ranges[number] for number in sorted(history.ranges))
        self._ends = decisions.ends
        rules = await rules_taken(self._settings)
        for taken in [*rules, self._rules] if self._rules is not None else rules:
            self._flow.change_rules(taken)
        self._steps.begin("reading", history.n_records + decisions.n_records)
        async for partition, record in read_history(self._settings, history):
            self.report.n_history += isinstance(record, Decision)
            self._feed(partition, record)
        self._flow.end_history()
        async for partition, record in read_section(self._settings, decisions):
            self.report.n_decisions += isinstance(record, Decision)
            self._feed(partition, record)

    async def write(self, known: RebuildRecord | None) -> None:
        """Put what was computed in the place of what is there.

        Args:
            known: how the last run stood when this one began.

        Raises:
            CommandFailed: a worker or another run has begun meanwhile.
            BrokerUnavailable: the broker does not take it.
        """
        await check_stopped(self._settings)
        writing = self._record("writing", self._history)
        await append(self._settings, writing, known)
        try:
            await check_stopped(self._settings)  # whoever joined before it could read that
        except CommandFailed:
            before = known or self._record("whole", ())
            as_before = msgspec.structs.replace(before, id=self._id, at=datetime.now(UTC))
            await append(self._settings, as_before, writing)
            raise
        parts = (self._settings, self._flow, self._spool, self._ends, self._steps, self.report)
        await Replacement(*parts).write(self._rules)
        await append(self._settings, self._record("whole", self._history), writing)

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

    def _record(self, status: Literal["writing", "whole"], history: tuple[tuple[int, int], ...]) -> RebuildRecord:
        return RebuildRecord(id=self._id, command=self._command, status=status, at=datetime.now(UTC), history=history)
