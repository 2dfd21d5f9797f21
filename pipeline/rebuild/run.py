"""A rebuild or a backfill from its checks to its end, with bars and files; what the two commands have in common."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from pipeline.broker.decision_log import Section, whole_section
from pipeline.broker.rebuild_log import Command, RebuildRecord
from pipeline.rebuild.rebuild import Rebuild, RebuildReport
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
    out: Path | None = None  # folder for the results as JSON lines
    is_dry: bool = False  # the folder alone gets them


async def run_plan(settings: Settings, plan: RebuildPlan, view: RebuildView) -> RebuildReport:
    """Compute, and unless it is a dry run, write.

    Raises:
        CommandFailed: a worker or another run has begun meanwhile, or a folder cannot be written.
    """
    decisions = await whole_section(settings.bootstrap, settings.kafka_topic("decisions"))
    with ExitStack() as stack:
        writer = stack.enter_context(ReplayWriter(plan.out)) if plan.out is not None else None
        spool = stack.enter_context(ResultSpool(settings.state_dir))
        out: Callable[[Any], None] = writer.write if writer is not None else _nowhere
        rebuild = Rebuild(settings, plan.command, view, spool, out)
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
