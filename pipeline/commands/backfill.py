"""`finsurge backfill`: baselines out of documents of the past, before or after the live ones began."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click
from rich.console import Console

from pipeline.commands.ingest import MAX_SHOWN_REJECTIONS, columns_of
from pipeline.documents import KINDS
from pipeline.ingest.document_files import FileFormat
from pipeline.ingest.input_file import InputFile
from pipeline.ingest.mapping import FieldMapping
from pipeline.ingest.view import IngestView
from pipeline.records import Kind
from pipeline.rejects import RecordRejected
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.app import Parts
    from pipeline.broker.rebuild_log import RebuildRecord
    from pipeline.rebuild.backfill import HistoryWriter
    from pipeline.rebuild.history_files import HistoryRow
    from pipeline.rebuild.report import RebuildReport
    from pipeline.rebuild.view import RebuildView


@dataclass(frozen=True)
class Past:
    """What history is made of: files, or what another deployment has decided."""

    files: tuple[InputFile, ...] = ()
    mapping: FieldMapping = field(default_factory=FieldMapping)
    prefix: str | None = None
    until: datetime | None = None
    is_anew: bool = False
    out: Path | None = None


@click.command("backfill")
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("--from-prefix", metavar="PREFIX", help="Instead of files: what the deployment under it has decided.")
@click.option("--until", metavar="TIME", help="First time that is live; by default that of the first live document.")
@click.option("--anew", is_flag=True, help="Begin again, where an interrupted backfill would go on.")
@click.option("--format", "file_format", type=click.Choice(get_args(FileFormat)), help="Instead of by the name.")
@click.option("--map", "pairs", multiple=True, metavar="FIELD=COLUMN", help="Where names differ; repeatable.")
@click.option("--kind", type=click.Choice(KINDS), default="news", show_default=True, help="For rows without one.")
@click.option("--source", default="unknown", show_default=True, help="For rows without one.")
@click.option("--assume-utc", is_flag=True, help="Times without an offset are UTC; dates alone are midnight.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for what is made, as JSON lines.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_obj
def command(
    settings: Settings,
    files: tuple[str, ...],
    from_prefix: str | None,
    until: str | None,
    anew: bool,
    file_format: FileFormat | None,
    pairs: tuple[str, ...],
    kind: Kind,
    source: str,
    assume_utc: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Decide documents of the past, so that what is usual for each topic is known, and hand over to the live ones.

    Takes files as `finsurge ingest` does, each sorted by time of publication. Nobody is told of alerts of the past;
    they are written to --out. The workers of link, trends and surges must be stopped meanwhile. Interrupted, it goes
    on where it was when it is run again with the same files. A second backfill takes the place of the first.

    Exit code: 0 all good, 1 rows were rejected, 2 it could not be done.

    Example: finsurge backfill 2024.jsonl 2025.jsonl.gz --out past

    Example: FINSURGE_TOPIC_PREFIX=v2- FINSURGE_PARTITIONS=24 finsurge backfill --from-prefix v1-
    """
    if bool(files) == (from_prefix is not None):
        raise click.UsageError("name either FILEs or --from-prefix")
    if from_prefix == settings.topic_prefix:
        raise click.UsageError(f"--from-prefix must be another deployment's, got this one's: {from_prefix!r}")
    mapping = FieldMapping(columns=columns_of(pairs), kind=kind, source=source, is_utc_assumed=assume_utc)
    past = Past(_inputs(files, file_format), mapping, from_prefix, _time(until), anew, out)
    raise SystemExit(run(settings, past, as_json=as_json))


def run(settings: Settings, past: Past, parts: Parts | None = None, *, as_json: bool = False) -> int:
    """Make the backfill, tell what came of it, and return the exit code."""
    from pipeline.app import Parts
    from pipeline.rebuild.backfill import HistoryWriter
    from pipeline.rebuild.run import new_view, run_interruptibly, tell

    settings.connection.reach(timeout_s=10.0)
    started_s = time.monotonic()
    history = HistoryWriter(settings, is_anew=past.is_anew or past.prefix is not None)
    made: list[RebuildReport] = []

    async def work() -> None:
        made.append(await _backfill(settings, past, history, view, parts or Parts()))

    view = new_view()
    untouched = "nothing is changed; what was decided is kept, and the same command goes on from there"
    run_interruptibly(work(), view, untouched)
    report = history.report
    rejected = dict(report.n_rejected)
    if not as_json:
        _tell_history(history)
    tell(
        made[0],
        seconds=time.monotonic() - started_s,
        as_json=as_json,
        is_dry=False,
        n_decided=report.n_decided,
        n_decided_before=report.n_before,
        n_known=report.n_known,
        n_after_hand_over=report.n_left,
        rejected=rejected,
    )
    return 1 if rejected else 0


async def _backfill(
    settings: Settings, past: Past, history: HistoryWriter, view: RebuildView, parts: Parts
) -> RebuildReport:
    from pipeline.broker.rebuild_log import check_whole
    from pipeline.rebuild.rebuild import check_ready
    from pipeline.rebuild.run import RebuildPlan, run_plan, writer_to

    await check_ready(settings)
    await check_whole(settings)
    with writer_to(past.out) as writer:
        known = await _write_history(settings, past, history, view, parts)
        with view:
            return await run_plan(settings, RebuildPlan("backfill", await history.written(), known, writer), view)


async def _write_history(
    settings: Settings, past: Past, history: HistoryWriter, view: RebuildView, parts: Parts
) -> RebuildRecord:
    if past.prefix is not None:
        known = await history.begin()
        with view:
            await history.copy(past.prefix, view)
        return known
    with view:
        live = await history.hand_over_at(past.until, view)
    known = await history.begin()
    await _decide(settings, past, history, live, parts)
    return known


async def _decide(settings: Settings, past: Past, history: HistoryWriter, live: set[str], parts: Parts) -> None:
    from pipeline.rebuild.deciding import serving_reader
    from pipeline.rebuild.history_files import read_files

    reader = await serving_reader(settings, parts)
    with IngestView(Console(stderr=True), max_shown=MAX_SHOWN_REJECTIONS) as view:

        def reject(name: str, number: int, rejected: RecordRejected) -> None:
            history.report.n_rejected[rejected.reason.value] += 1
            view.reject(name, number, rejected)

        for file in past.files:
            view.open(file)
        rows = _counted(read_files(past.files, past.mapping, datetime.now(UTC), reject), view)
        await history.decide(rows, reader, live, reject)
        view.close()


def _counted(rows: Iterator[HistoryRow], view: IngestView) -> Iterator[HistoryRow]:
    for row in rows:
        view.advance()
        yield row


def _tell_history(history: HistoryWriter) -> None:
    report = history.report
    click.echo(
        f"decided {report.n_decided:,} documents"
        + (f", {report.n_before:,} before it was interrupted" if report.n_before else "")
        + (f", rejected {report.n_rejected.total():,}" if report.n_rejected else "")
        + (f", {report.n_known:,} known already" if report.n_known else "")
    )
    if report.n_left:
        click.echo(
            f"{report.n_left:,} documents count nowhere: published after the hand-over, and not live", err=True
        )
    if history.until is not None and report.last_at is not None:
        gap_s = (history.until - report.last_at).total_seconds()
        if gap_s > 86_400:
            click.echo(
                f"history ends {gap_s / 86_400:.1f} days before {history.until.isoformat()}, where live documents "
                "begin: what is usual takes these days for silent ones",
                err=True,
            )


def _inputs(names: tuple[str, ...], file_format: FileFormat | None) -> tuple[InputFile, ...]:
    """Return the files, which are all there: before a policy is loaded for them, and a run begun."""
    inputs = tuple(InputFile(name, file_format) for name in names)
    for file in inputs:
        if not file.is_standard_input and not Path(file.name).is_file():
            raise click.UsageError(f"there is no file {file.name}")
    return inputs


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise click.BadParameter(f"must be ISO 8601 with an offset, got {text!r}", param_hint="--until")
    return at
