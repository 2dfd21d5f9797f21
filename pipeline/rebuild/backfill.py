"""Backfill: decides documents of the past into `history`, then rebuilds the state out of that and of `decisions`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from pipeline.broker.decision_log import history_section, read_decisions, read_section
from pipeline.broker.rebuild_log import RebuildRecord, append, read_last
from pipeline.broker.section import Section, whole_section
from pipeline.errors import CommandFailed
from pipeline.rebuild.deciding import decide
from pipeline.rebuild.groups import n_behind
from pipeline.rebuild.history_files import HandOver, HistoryReport, HistoryRow, Reject
from pipeline.rebuild.live import read_live
from pipeline.rebuild.log_sender import LogSender
from pipeline.rebuild.report import Steps
from pipeline.records import Decision, Revision, Tick, encode
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings
from pipeline.stage import partition_of

if TYPE_CHECKING:
    from pipeline.reading.reader import Reader  # loads torch


class HistoryWriter:
    """Writes a part of `history`, which does not count before a rebuild says so.

    Args:
        settings: the deployment's.
        is_anew: write a new part, where an interrupted backfill has begun one.
    """

    def __init__(self, settings: Settings, *, is_anew: bool = False) -> None:
        self.report = HistoryReport()
        self.until: datetime | None = None
        self._settings = settings
        self._is_anew = is_anew
        self._kafka_topic = settings.kafka_topic("history")
        self._begins: dict[int, int] = {}

    async def hand_over_at(self, until: datetime | None, steps: Steps) -> set[str]:
        """Settle where history ends, and return the ids of live documents.

        Raises:
            CommandFailed: live documents before `until` would be late.
        """
        live = await read_live(self._settings, steps)
        if until is not None and live.first_at is not None and until > live.first_at:
            raise CommandFailed(
                f"--until {until.isoformat()} is after the first live document ({live.first_at.isoformat()}), which "
                "would then be late; leave --until out, or say a time before that"
            )
        self.until = until or live.first_at
        return live.ids

    async def begin(self) -> RebuildRecord:
        """Say that a backfill is deciding, and return what then stands in `rebuilds`."""
        known = await read_last(self._settings)
        if known is not None and known.status == "deciding" and not self._is_anew:
            self._begins = dict(enumerate(known.deciding_from))
            return known
        ends = (await whole_section(self._settings.connection, self._kafka_topic)).ends
        self._begins = ends
        record = RebuildRecord(
            id=uuid4().hex,
            command="backfill",
            status="deciding",
            at=datetime.now(UTC),
            history=known.history if known is not None else (),
            deciding_from=tuple(ends[number] for number in sorted(ends)),
        )
        await append(self._settings, record, known)
        return record

    async def written(self) -> Section:
        """Return the part, as far as it is written."""
        ends = (await whole_section(self._settings.connection, self._kafka_topic)).ends
        return Section(self._kafka_topic, {number: (begin, ends[number]) for number, begin in self._begins.items()})

    async def decide(self, rows: Iterator[HistoryRow], reader: Reader, live: set[str], reject: Reject) -> None:
        """Decide those documents that are history and not decided yet."""
        decided = {
            record.document_id
            async for _, record in read_section(self._settings, await self.written())
            if isinstance(record, Decision)
        }
        hand_over = HandOver(self._end_at(), live, decided, self.report)
        taken = (row for row in rows if hand_over.takes(row.document.id, row.document.published_at))
        async with LogSender(self._settings.connection) as sender:
            await decide(taken, reader, sender, self._settings, self.report, reject)

    def _end_at(self) -> datetime | None:
        """Return until when documents that are not live are history.

        Longer than `until` by the disorder: they would have come beside the first live ones. The watermark that
        history leaves is then `until` at most, and no live document is late or delayed by it.
        """
        return None if self.until is None else self.until + timedelta(seconds=self._settings.disorder_s)

    async def copy(self, prefix: str, steps: Steps) -> None:
        """Take the decisions and corrections of the deployment under another prefix for history.

        Raises:
            CommandFailed: it has documents that are not decided yet.
        """
        other = dataclasses.replace(self._settings, topic_prefix=prefix)
        documents = await whole_section(other.connection, other.kafka_topic("documents"))
        if n_documents := await n_behind(other, Role.READ, documents.ends):
            raise CommandFailed(
                f"{n_documents} documents of {documents.kafka_topic} are not decided: have producers write to "
                f"{self._settings.kafka_topic('documents')}, let the old `read` finish, and run this again"
            )
        decisions = await whole_section(other.connection, other.kafka_topic("decisions"))
        steps.begin("copying", (await history_section(other)).n_records + decisions.n_records)
        async with LogSender(self._settings.connection) as sender:
            async for _, record in read_decisions(other):
                steps.advance()
                if not isinstance(record, Tick):
                    await self._copy(sender, record)
            await sender.flush()

    async def _copy(self, sender: LogSender, record: Decision | Revision) -> None:
        partition = partition_of(record.document_id, self._settings.partitions)
        await sender.send(self._kafka_topic, partition, record.document_id.encode(), encode(record))
        if isinstance(record, Decision):
            self.report.n_decided += 1
            self.report.last_at = max(record.published_at, self.report.last_at or record.published_at)
