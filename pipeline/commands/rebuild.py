"""`finsurge rebuild`: trends, alerts and state anew out of `history` and `decisions`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.candidates import RulesTaken
    from pipeline.rebuild.report import RebuildReport
    from pipeline.rebuild.view import RebuildView

_path = click.Path(path_type=Path)


@click.command("rebuild")
@click.option("--dry-run", is_flag=True, help="Change nothing; workers may run. Needs --out.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for what is made, as JSON lines.")
@click.option("--without-history", is_flag=True, help="Forget what `finsurge backfill` decided.")
@click.option("--rules", type=_path, help="Judge all of the past by this file, and go on by it.")
@click.option("--by", metavar="NAME", help="Who changes the rules: it is kept with them. Needed with --rules.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_obj
def command(
    settings: Settings,
    dry_run: bool,
    out: Path | None,
    without_history: bool,
    rules: Path | None,
    by: str | None,
    as_json: bool,
) -> None:
    """Make trends, alerts and state anew from what was decided, by the watchlist of now.

    Rules that were applied (`finsurge rules history`) hold from when they did, those of FINSURGE_RULES before that;
    with --rules, these hold for all.

    Stop the workers of link, trends and surges first, and start them afterwards: they go on exactly where this
    ended. Nobody is told again of what is past. Killed while it writes, it leaves a mark by which workers refuse to
    start until it is run again. docs/rebuild.md says more, also how to come to another number of partitions.

    Example: finsurge rebuild --dry-run --out rebuilt

    Example: finsurge rebuild --rules rules.yaml --by ada
    """
    if (rules is None) != (by is None):
        raise click.UsageError("--rules and --by go together")
    if dry_run and out is None:
        raise click.UsageError("--dry-run needs --out, the folder for what it makes")
    from pipeline.rebuild.run import new_view, run_interruptibly, tell

    book = None if rules is None or by is None else _book(rules, by)
    settings.connection.reach(timeout_s=10.0)
    started_s = time.monotonic()
    made: list[RebuildReport] = []

    async def work() -> None:
        made.append(await _rebuild(settings, view, out, book, is_dry=dry_run, has_history=not without_history))

    with new_view() as view:
        run_interruptibly(work(), view, "nothing is changed")
    tell(made[0], seconds=time.monotonic() - started_s, as_json=as_json, is_dry=dry_run)


async def _rebuild(
    settings: Settings,
    view: RebuildView,
    out: Path | None,
    rules: RulesTaken | None,
    *,
    is_dry: bool,
    has_history: bool,
) -> RebuildReport:
    from pipeline.broker.decision_log import history_section
    from pipeline.broker.rebuild_log import read_last
    from pipeline.broker.section import Section
    from pipeline.rebuild.rebuild import check_ready
    from pipeline.rebuild.run import RebuildPlan, run_plan, writer_to

    await check_ready(settings, is_dry=is_dry)
    known = await read_last(settings)
    history = await history_section(settings) if has_history else Section(settings.kafka_topic("history"), {})
    with writer_to(out) as writer:
        plan = RebuildPlan("rebuild", history, known, writer, is_dry, rules)
        return await run_plan(settings, plan, view)


def _book(file: Path, by: str) -> RulesTaken:
    from alerts.rules.parse import load_rules
    from pipeline.candidates import RulesTaken

    version = load_rules(file).version
    text = file.read_text(encoding="utf-8")
    return RulesTaken(version=version, text=text, by=by, at=datetime.now(UTC), after=None)
