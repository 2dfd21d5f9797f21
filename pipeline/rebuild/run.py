"""A rebuild or a backfill from its checks to its end, with bars and files; what the two commands have in common."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from pipeline.broker.rebuild_log import Command, RebuildRecord
from pipeline.broker.section import Section, whole_section
from pipeline.candidates import RulesTaken
from pipeline.rebuild.rebuild import Rebuild
from pipeline.rebuild.report import RebuildReport
from pipeline.rebuild.spool import ResultSpool
from pipeline.rebuild.view import RebuildView
from pipeline.replay.files import ReplayWriter
from pipeline.settings import Settings


@dataclasses.dataclass(frozen=True)
class RebuildPlan:
    """What is to be made, and where it goes."""

    command: Command
    history: Section
    known: RebuildRecord | None  # how the last run stood when this one began
    writer: ReplayWriter | None = None  # gets decisions and results as JSON lines
    is_dry: bool = False  # nobody else does
    rules: RulesTaken | None = None  # in place of those that were applied


async def run_plan(settings: Settings, plan: RebuildPlan, view: RebuildView) -> RebuildReport:
    """Compute, and unless it is a dry run, write.

    Raises:
        CommandFailed: a worker or another run has begun meanwhile, or the folder cannot be written.
    """
    decisions = await whole_section(settings.connection, settings.kafka_topic("decisions"))
    out: Callable[[Any], None] = _nowhere if plan.writer is None else plan.writer.write
    with ResultSpool(settings.state_dir) as spool:
        rebuild = Rebuild(settings, plan.command, view, spool, plan.rules, out)
        await rebuild.compute(plan.history, decisions)
        if not plan.is_dry:
            await rebuild.write(plan.known)
        return rebuild.report


def run_interruptibly(work: Coroutine[Any, Any, None], view: RebuildView, untouched: str) -> None:
    """Run the work; an interrupt says what it has left behind.

    Args:
        work: the command's.
        view: knows the step.
        untouched: what to say before anything is written.
    """
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        is_written = view.step.startswith("writing")
        half = "the state is half written, and workers will not start: run `finsurge rebuild`"
        click.echo(f"interrupted: {half if is_written else untouched}", err=True)
        raise


def writer_to(folder: Path | None) -> AbstractContextManager[ReplayWriter | None]:
    """Return what writes into the folder, if there is to be one.

    Raises:
        CommandFailed: when entered, if the folder cannot be written.
    """
    return nullcontext() if folder is None else ReplayWriter(folder)


def new_view() -> RebuildView:
    """Return a view on standard error."""
    return RebuildView(Console(stderr=True))


def tell(report: RebuildReport, *, seconds: float, as_json: bool, is_dry: bool, **further: Any) -> None:
    """Print what was made: a sentence, or JSON with what the command has to add."""
    if as_json:
        told = {**further, **dataclasses.asdict(report), "dry_run": is_dry, "seconds": round(seconds, 3)}
        click.echo(json.dumps(told))
        return
    made = "would make" if is_dry else "made"
    click.echo(
        f"{made} {report.n_windows:,} windows of {report.n_history:,} decisions of history and "
        f"{report.n_decisions:,} live ones; {report.n_late:,} late mentions, {report.n_opened:,} episodes opened"
        + ("" if is_dry else f"; {report.n_states:,} records of state")
    )
    for alert in report.told:
        click.echo(f"told of {alert}, which is not as it was told")
    if report.n_late * 100 > report.n_history + report.n_decisions:
        click.echo("many mentions are late: are the files sorted by time of publication?", err=True)


def _nowhere(_record: Any) -> None:
    """Write nothing."""
