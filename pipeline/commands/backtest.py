"""`finsurge backtest`: months of documents under one rule set or several, compared with known events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click
import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from pipeline.documents import KINDS
from pipeline.ingest.document_files import FileFormat
from pipeline.records import Kind
from pipeline.settings import Settings

if TYPE_CHECKING:
    from models.topics.watchlist import Watchlist
    from pipeline.backtest.decisions import DecisionLog
    from pipeline.backtest.run import Outcome, RuleSet
    from pipeline.ingest.mapping import FieldMapping
    from pipeline.reading.reader import Reader


@click.command("backtest")
@click.argument("file")
@click.option("--rules", "names", multiple=True, metavar="FILE", help="Rules, or `default` [default]; repeatable.")
@click.option("--events", "events_file", type=click.Path(path_type=Path), help="Known events, to be found.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for decisions, report and plots.")
@click.option("--no-plots", is_flag=True, help="Draw no plots.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--format", "file_format", type=click.Choice(get_args(FileFormat)), help="Instead of by the name.")
@click.option("--map", "pairs", multiple=True, metavar="FIELD=COLUMN", help="Where names differ; repeatable.")
@click.option("--kind", type=click.Choice(KINDS), default="news", show_default=True, help="For rows without one.")
@click.option("--source", default="unknown", show_default=True, help="For rows without one.")
@click.pass_obj
def command(
    settings: Settings,
    file: str,
    names: tuple[str, ...],
    events_file: Path | None,
    out: Path,
    no_plots: bool,
    as_json: bool,
    file_format: FileFormat | None,
    pairs: tuple[str, ...],
    kind: Kind,
    source: str,
) -> None:
    r"""Run the documents of FILE through the flow, once for each rule set, and tell what would have been alerted.

    FILE is documents, as `finsurge replay` takes them, or decisions: a folder that it wrote, or its decisions.jsonl.
    Documents are read by the policy once; their decisions are kept in the folder, and used again while file, policy
    and options are the same. Writes report.json, report.md and a plot per episode. docs/backtest.md says how it
    counts.

    \b
    Example: finsurge backtest news.jsonl --rules default --rules strict.yaml --events events.yaml --out backtest
    """
    from pipeline import wiring
    from pipeline.backtest.events import read_events
    from pipeline.backtest.files import plot_names, save_report
    from pipeline.backtest.report import report_of
    from pipeline.backtest.run import rule_sets
    from pipeline.backtest.tables import show
    from pipeline.commands.ingest import columns_of
    from pipeline.ingest.mapping import FieldMapping

    watchlist = wiring.open_watchlist(settings)
    events = () if events_file is None else read_events(events_file, watchlist)
    sets = rule_sets(names)  # what is wrong with them is told before anything is read
    console = Console(stderr=True)
    mapping = FieldMapping(columns=columns_of(pairs), kind=kind, source=source)
    log, n_rejected = _decided(settings, file, file_format, mapping, out, console)
    outcome = _run(settings, watchlist, sets, log, console)
    has_plots = not no_plots and _plot(outcome, out, console)
    report = report_of(
        outcome,
        watchlist,
        events,
        file=file,
        events_file=None if events_file is None else str(events_file),
        n_rejected=n_rejected,
        plots=plot_names(outcome) if has_plots else {},
    )
    save_report(report, out)
    if as_json:
        click.echo(msgspec.json.encode(report))
        return
    show(report, Console())
    drawn = f", {sum(len(trial.episodes) for trial in outcome.trials)} plots" if has_plots else ""
    click.echo(f"report.md, report.json{drawn} in {out}")


def _decided(
    settings: Settings,
    file: str,
    file_format: FileFormat | None,
    mapping: FieldMapping,
    out: Path,
    console: Console,
) -> tuple[DecisionLog, int]:
    """Return the decisions that a file holds, or that the policy takes on it, and how many rows gave none."""
    from pipeline.backtest.decisions import DecisionStore, find_log
    from pipeline.backtest.reading import decide_file, made_of, policy_version
    from pipeline.ingest.input_file import InputFile
    from pipeline.ingest.view import IngestView

    log = find_log(file)
    if log is not None:
        return log, 0

    def new_reader() -> Reader:
        from models.batching import BatchLimits
        from pipeline.reading.reader import Reader, open_policy

        limits = BatchLimits(settings.max_padded_tokens, settings.max_batch_documents)
        return Reader(open_policy(settings), limits, now=lambda raw: raw.ingested_at)

    documents, store = InputFile(file, file_format), DecisionStore(out)
    depends_on = made_of(settings, policy_version(settings), documents, mapping)
    with IngestView(console, max_shown=100) as view:
        kept = decide_file(documents, mapping, depends_on, store, view, new_reader)
    return store.log, kept.n_rejected


def _run(
    settings: Settings, watchlist: Watchlist, sets: Sequence[RuleSet], log: DecisionLog, console: Console
) -> Outcome:
    from pipeline.backtest.run import run

    columns = (TextColumn("link, trends, surges"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=log.n_bytes)
        return run(settings, watchlist, sets, log, lambda n_bytes: bar.update(task, completed=n_bytes))


def _plot(outcome: Outcome, out: Path, console: Console) -> bool:
    """Draw the episodes, and return whether that could be done."""
    from pipeline.backtest.files import save_plots

    n_plots = sum(len(trial.episodes) for trial in outcome.trials)
    columns = (TextColumn("drawing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=n_plots)
        try:
            save_plots(outcome, out, lambda: bar.advance(task))
        except ImportError:
            click.echo("no plots: matplotlib is missing; pip install 'finsurge[train]'", err=True)
            return False
    return True
