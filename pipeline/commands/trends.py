"""`finsurge trends`: what was published about a topic, window by window."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from pipeline.errors import CommandFailed
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.trends.series import Series

_MAX_ROWS = 100
_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.command("trends")
@click.argument("topic")
@click.option("--resolution", "written", default="1h", show_default=True, help="Length of a window: 5m, 1h, 1d.")
@click.option("--from", "since", type=_TIME, help="Of the first window, UTC: 2026-01-02, or 2026-01-02T15:00.")
@click.option("--to", "until", type=_TIME, help="Before which windows start, UTC.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The trends.jsonl of a replay, instead of `trends` of the broker.",
)
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Also draw it into this picture.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value: the windows as they lie in `trends`.")
@click.pass_obj
def command(
    settings: Settings,
    topic: str,
    written: str,
    since: datetime | None,
    until: datetime | None,
    file: Path | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Show the windows of TOPIC, an id of the watchlist; of each the last word that there is.

    NA is where there is nothing: no story, no window the day or the week before. Those compare stories (×) and the
    negative share (points). docs/trends.md says what each column is.

    Example: finsurge trends tesla --resolution 1d --from 2026-01-01 --plot tesla.png

    Example: finsurge trends ftx --file replayed/trends.jsonl --json
    """
    from pipeline.records import encode
    from pipeline.trends.series import Selection, Series, resolution_s

    try:
        length_s = resolution_s(written)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--resolution") from None
    series = Series(Selection(topic, length_s, _utc(since), _utc(until)))
    _fill(series, settings, file)
    if not series.windows:
        where = file or settings.kafka_topic("trends")
        raise CommandFailed(f"no window of {written} of the topic {topic!r} in {where}: is that its id?")
    if plot is not None:
        _draw(series, plot)
    if as_json:
        click.echo(json.dumps([json.loads(encode(window)) for window in series.windows], indent=2))
        return
    from pipeline.trends.view import table_of

    console = Console()
    console.print(table_of(series, _MAX_ROWS))


def _fill(series: Series, settings: Settings, file: Path | None) -> None:
    from pipeline.trends.sources import windows_of_file, windows_of_kafka

    if file is not None:
        series.add_all(windows_of_file(file))
        return

    async def read() -> None:
        async for window in windows_of_kafka(settings, series.selection.topic):
            series.add_all([window])

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    settings.connection.reach(timeout_s=10.0)
    asyncio.run(read())


def _draw(series: Series, path: Path) -> None:
    from pipeline.trends.plot import save_plot

    try:
        save_plot(series, path)
    except ImportError:
        raise CommandFailed("no plot: matplotlib is missing; pip install 'finsurge[train]'") from None
    except ValueError as error:
        raise CommandFailed(f"--plot {path}: {error}") from None


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)
