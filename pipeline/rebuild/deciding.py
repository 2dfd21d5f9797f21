"""Decides history in this process, with the policy that serves, into the Kafka topic `history`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from models.batching import BatchLimits
from pipeline.app import Parts
from pipeline.documents import RawDocument
from pipeline.errors import CommandFailed
from pipeline.metrics import Metrics
from pipeline.policies.keys import load_public
from pipeline.policies.release_log import ReleaseLog
from pipeline.rebuild.history_files import HistoryReport, HistoryRow, Reject
from pipeline.rebuild.log_sender import LogSender
from pipeline.records import Decision, Origin, encode
from pipeline.rejects import RecordRejected
from pipeline.settings import Settings
from pipeline.stage import partition_of

if TYPE_CHECKING:
    from pipeline.reading.reader import Reader  # loads torch


async def serving_reader(settings: Settings, parts: Parts) -> Reader:
    """Return a reader with the policy that a worker would take now; a canary decides no history.

    Raises:
        CommandFailed: the released policy cannot be had.
        CheckpointMismatch: the settings' policy is missing or damaged.
    """
    from models.policy import Policy
    from pipeline.reading.device import chosen_device
    from pipeline.reading.follower import PolicyFollower
    from pipeline.reading.line_up import LineUp
    from pipeline.reading.reader import Reader, open_policy
    from rl.registry.cache import PolicyCache

    limits = BatchLimits(settings.max_padded_tokens, settings.max_batch_documents)
    # a document of the past counts as ingested and decided when it was published
    reader = Reader((parts.policy or open_policy)(settings), limits, now=lambda raw: raw.ingested_at)
    load = parts.load or (lambda folder: Policy.load(folder, device=chosen_device(settings)))
    public_key = load_public(settings.policy_public_key) if settings.policy_public_key else None
    async with ReleaseLog(settings.connection, settings.kafka_topic("policies"), public_key) as releases:
        follower = PolicyFollower(
            releases,
            PolicyCache(settings.state_dir / "policy-cache"),
            load,
            reader.policy,
            lambda line_up, _trial, _folder: reader.use(LineUp(line_up.serving)),
            Metrics(CollectorRegistry()),
        )
        await follower.catch_up()
    if follower.is_behind:
        mend = "see that FINSURGE_REGISTRY is what the workers have, and holds it (`finsurge policy list`)"
        raise CommandFailed(f"the policy that serves cannot be had; {mend}")
    return reader


async def decide(
    rows: Iterator[HistoryRow],
    reader: Reader,
    sender: LogSender,
    settings: Settings,
    report: HistoryReport,
    reject: Reject,
) -> None:
    """Decide the rows in order, each into the partition that its live document would have."""
    loop = asyncio.get_running_loop()
    kafka_topic = settings.kafka_topic("history")
    while chunk := await loop.run_in_executor(None, lambda: list(islice(rows, settings.max_batch_documents))):
        raws = [_raw(row, settings.partitions) for row in chunk]
        outcomes, _ = await loop.run_in_executor(None, reader.read, raws)
        for row, outcome in zip(chunk, outcomes, strict=True):
            if isinstance(outcome, Decision):
                key = outcome.document_id.encode()
                await sender.send(kafka_topic, outcome.origin.partition, key, encode(outcome))
                report.n_decided += 1
            elif isinstance(outcome, RecordRejected):
                reject(row.file, row.number, outcome)
    await sender.flush()


def _raw(row: HistoryRow, partitions: int) -> RawDocument:
    document = row.document
    # its offset is its place in `history`, which only the log knows
    return RawDocument(encode(document), Origin(partition_of(document.id, partitions), 0), document.published_at)
