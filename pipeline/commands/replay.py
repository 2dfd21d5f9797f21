"""`finsurge replay`: the whole flow over a file, or over the decisions of a Kafka, without a worker."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import get_args

import click
from prometheus_client import CollectorRegistry
from rich.console import Console

from pipeline import wiring
from pipeline.commands.ingest import columns_of
from pipeline.documents import KINDS
from pipeline.errors import CommandFailed
from pipeline.ingest.document_files import FileFormat
from pipeline.ingest.input_file import InputFile
from pipeline.ingest.mapping import FieldMapping
from pipeline.ingest.view import IngestView
from pipeline.metrics import Metrics
from pipeline.records import Decision, Kind
from pipeline.rejects import RecordRejected
from pipeline.replay.files import ReplayWriter
from pipeline.replay.flow import Replay
from pipeline.settings import Settings


@click.command("replay")
@click.argument("file", required=False)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option("--from-kafka", is_flag=True, help="Start from `decisions` of the broker instead of a file.")
@click.option("--format", "file_format", type=click.Choice(get_args(FileFormat)), help="Instead of by the name.")
@click.option("--map", "pairs", multiple=True, metavar="FIELD=COLUMN", help="Where names differ; repeatable.")
@click.option("--kind", type=click.Choice(KINDS), default="news", show_default=True, help="For rows without one.")
@click.option("--source", default="unknown", show_default=True, help="For rows without one.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_obj
def command(
    settings: Settings,
    file: str | None,
    out: Path,
    from_kafka: bool,
    file_format: FileFormat | None,
    pairs: tuple[str, ...],
    kind: Kind,
    source: str,
    as_json: bool,
) -> None:
    """Run the flow over FILE as fast as it goes, and write decisions, trends, late mentions and alerts.

    Times come from the data, none from the clock: the same file on the same machine gives the same bytes. A file's
    windows of five minutes are all closed at its end, an hour or a day that is not over by then stays untold; those
    of a Kafka stay as far as its decisions have come.

    Example: finsurge replay news.jsonl --out replayed

    Example: finsurge --broker kafka://host:9092 replay --from-kafka --out replayed
    """
    if bool(file) == from_kafka:
        raise click.UsageError("name either a FILE or --from-kafka")
    started_s = time.monotonic()
    view = IngestView(Console(stderr=True), max_shown=100)
    with view, ReplayWriter(out) as writer:
        if file:
            mapping = FieldMapping(columns=columns_of(pairs), kind=kind, source=source)
            _replay_file(settings, InputFile(file, file_format), mapping, writer, view)
        else:
            asyncio.run(_replay_kafka(settings, writer))
    totals = {**writer.totals.as_dict(), "seconds": round(time.monotonic() - started_s, 3)}
    if as_json:
        click.echo(json.dumps(totals))
        return
    click.echo(
        f"{totals['n_decided']:,} documents decided, {totals['n_rejected']:,} rejected, "
        f"{totals['n_windows']:,} windows, {totals['n_late']:,} late mentions, "
        f"{totals['n_opened']} episodes opened; in {out}"
    )
    if totals["n_late"] > totals["n_decided"] / 100:
        click.echo("many mentions are late: is the file sorted by time of publication?", err=True)


def _replay_file(
    settings: Settings, file: InputFile, mapping: FieldMapping, writer: ReplayWriter, view: IngestView
) -> None:
    from models.batching import BatchLimits
    from pipeline.reading.reader import Reader, open_policy
    from pipeline.replay.files import decide_rows

    limits = BatchLimits(settings.max_padded_tokens, settings.max_batch_documents)
    # the batch plan must not depend on time, so the chunks are of a fixed size
    reader = Reader(open_policy(settings), limits, now=lambda raw: raw.ingested_at)
    replay = _replay(settings, n_sources=1)

    def reject(number: int, rejected: RecordRejected) -> None:
        writer.totals.n_rejected += 1
        view.reject(file.name, number, rejected)

    view.open(file)
    for decision in decide_rows(file.rows(mapping), mapping, reader, reject, settings.max_batch_documents):
        writer.write(decision)
        for result in replay.feed(decision, 0):
            writer.write(result)
        view.advance()
    for result in replay.close():
        writer.write(result)


async def _replay_kafka(settings: Settings, writer: ReplayWriter) -> None:
    from pipeline.broker.decision_log import read_decisions  # loads Faust
    from pipeline.broker.preflight import partition_counts
    from pipeline.broker.rule_log import rules_taken

    settings.connection.reach(timeout_s=10.0)
    kafka_topic = settings.kafka_topic("decisions")
    n_sources = (await partition_counts(settings.connection)).get(kafka_topic)
    if not n_sources:
        raise CommandFailed(f"Kafka topic {kafka_topic} is missing: nothing was ever decided there")
    replay = _replay(settings, n_sources)
    for taken in await rules_taken(settings):
        replay.change_rules(taken)
    async for partition, record in read_decisions(settings):
        if isinstance(record, Decision):
            writer.write(record)
        for result in replay.feed(record, partition):
            writer.write(result)


def _replay(settings: Settings, n_sources: int) -> Replay:
    settings = wiring.with_partitions(settings, n_sources)
    return Replay(settings, wiring.open_watchlist(settings), Metrics(CollectorRegistry()))
