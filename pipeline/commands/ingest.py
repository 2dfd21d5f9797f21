"""`finsurge ingest`: files and standard input into `documents`; bad rows are reported, the rest is sent."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import get_args

import click
from rich.console import Console

from pipeline.documents import KINDS
from pipeline.ingest.background import Background
from pipeline.ingest.document_files import FileFormat, FileUnreadable
from pipeline.ingest.input_file import InputFile
from pipeline.ingest.mapping import MAPPABLE, FieldMapping
from pipeline.ingest.report import IngestReport
from pipeline.ingest.view import IngestView
from pipeline.records import Document, Kind
from pipeline.rejects import RecordRejected
from pipeline.settings import Settings

MAX_SHOWN_REJECTIONS = 100
_CONNECT_TIMEOUT_S = 10.0

Send = Callable[[Document], Awaitable[None]]


@click.command("ingest")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format", "file_format", type=click.Choice(get_args(FileFormat)), help="Instead of by the file's name."
)
@click.option("--map", "pairs", multiple=True, metavar="FIELD=COLUMN", help="Where names differ; repeatable.")
@click.option("--kind", type=click.Choice(KINDS), help="For rows without one.")
@click.option("--source", help="For rows without one.")
@click.option("--published-at", metavar="TIME", help="For rows without one: ISO 8601 with offset, or `now`.")
@click.option("--assume-utc", is_flag=True, help="Times without an offset are UTC; dates alone are midnight.")
@click.option("--all-errors", is_flag=True, help=f"Show every bad row, not the first {MAX_SHOWN_REJECTIONS}.")
@click.option("--dry-run", is_flag=True, help="Check the files; needs no broker, sends nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_obj
def command(
    settings: Settings,
    files: tuple[str, ...],
    file_format: FileFormat | None,
    pairs: tuple[str, ...],
    kind: Kind | None,
    source: str | None,
    published_at: str | None,
    assume_utc: bool,
    all_errors: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send documents from files to Kafka.

    Takes JSON lines (.jsonl, .ndjson), CSV with a header (.csv), plain lines (.txt), each also with .gz,
    and `-` for standard input, where each line is a text. Rows without an id get one made of their content.

    Exit code: 0 all good, 1 something was left out, 2 nothing could be read or sent.

    Example: finsurge ingest news.jsonl --kind news

    Example: finsurge ingest posts.csv.gz --map text=body --map source=author --kind social --assume-utc

    Example: tail -f wire.txt | finsurge ingest - --kind news --source wire
    """
    mapping = FieldMapping(
        columns=columns_of(pairs),
        kind=kind,
        source=source,
        published_at=published_at,
        is_utc_assumed=assume_utc,
    )
    started_s = time.monotonic()
    report = IngestReport()
    view = IngestView(Console(stderr=True), max_shown=None if all_errors else MAX_SHOWN_REJECTIONS)
    ingest = _Ingest(mapping, file_format, report, view)
    try:
        with view:
            asyncio.run(ingest.check(files) if dry_run else ingest.send(files, settings))
    except KeyboardInterrupt:
        view.tell(f"interrupted: {report.sentence(is_dry_run=dry_run)}")
        raise
    if as_json:
        click.echo(report.json(seconds=time.monotonic() - started_s, is_dry_run=dry_run))
    else:
        click.echo(report.sentence(is_dry_run=dry_run))
    raise SystemExit(report.exit_code)


class _Ingest:
    """Takes the files one after the other; each row is sent or reported."""

    def __init__(
        self, mapping: FieldMapping, file_format: FileFormat | None, report: IngestReport, view: IngestView
    ) -> None:
        self._mapping = mapping
        self._file_format = file_format
        self._report = report
        self._view = view

    async def check(self, names: Sequence[str]) -> None:
        """Read all files and send nothing."""
        for name in names:
            await self._take(name, _discard)

    async def send(self, names: Sequence[str], settings: Settings) -> None:
        """Send all files' documents; returns when all are acknowledged."""
        from pipeline.ingest.document_sender import DocumentSender
        from pipeline.tracing.opening import open_tracing

        # it logs every attempt to reconnect; the one line at the end says what came of them
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        tracing = open_tracing(settings, "ingest")
        settings.connection.reach(_CONNECT_TIMEOUT_S)
        try:
            async with DocumentSender(
                settings.connection, settings.kafka_topic("documents"), tracing=tracing
            ) as sender:
                for name in names:
                    await self._take(name, sender.send)
        finally:
            if tracing is not None:
                tracing.close()

    async def _take(self, name: str, send: Send) -> None:
        try:
            file = InputFile(name, self._file_format)
            mapping = file.with_defaults(self._mapping)
            self._view.open(file)
            async for row in Background(file.rows(mapping)):
                try:
                    if isinstance(row.fields, RecordRejected):
                        raise row.fields
                    document = mapping.document(row.fields, datetime.now(UTC))
                except RecordRejected as rejected:
                    self._report.reject(rejected.reason)
                    self._view.reject(name, row.number, rejected)
                else:
                    await send(document)
                    self._report.accept()
                self._view.advance()
        except FileUnreadable as error:
            self._report.leave_out(name)
            self._view.tell(f"{name}: {error}")
        else:
            self._view.close()


async def _discard(document: Document) -> None:
    """Send nothing."""


def columns_of(pairs: Sequence[str]) -> dict[str, str]:
    """Return which column is which field, of --map's pairs."""
    columns = {}
    for pair in pairs:
        name, _, column = pair.partition("=")
        if name not in MAPPABLE or not column:
            expected = f"FIELD=COLUMN with a field of {', '.join(MAPPABLE)}"
            raise click.BadParameter(f"must be {expected}, got {pair!r}", param_hint="--map")
        columns[name] = column
    return columns
