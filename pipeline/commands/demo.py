"""`finsurge demo`: news of some days, then a crisis at one topic, and the worker that finds it."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import click
import msgspec
from rich.console import Console

from pipeline.broker.embedded import EmbeddedUnavailable
from pipeline.broker.server import KafkaUnavailable
from pipeline.broker.topics import TopicRefused
from pipeline.demo.board import Board
from pipeline.demo.broker import open_broker
from pipeline.demo.crew import Crew, free_ports
from pipeline.demo.feed import Feed
from pipeline.demo.outcome import Ending, Summary
from pipeline.demo.run import DemoRun
from pipeline.demo.scenario import Scenario
from pipeline.demo.texts import load_texts
from pipeline.demo.view import LiveView, PlainView, View
from pipeline.settings import Settings

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command("demo")
@click.option(
    "--broker",
    default="embedded",
    show_default=True,
    metavar="BROKER",
    help="`embedded`, `kafka` (one is started; needs Java 17+ and Maven), or kafka://host:port.",
)
@click.option("--until-alert", is_flag=True, help="End by itself after the live feed, as without a terminal.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another one writes other news.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON; all else goes to standard error.")
@click.pass_obj
def command(settings: Settings, broker: str, until_alert: bool, seed: int, as_json: bool) -> None:
    """Show the whole way from news to alert, on a feed written for it.

    Some days of ordinary news are read first, so that there is a baseline; then eight hours of news pass in a
    minute and a half, with a crisis at one company. All texts are invented.

    Exit code: 0 if exactly the crisis topic alerted, 1 if none or another did or a part failed.

    Example: finsurge demo --broker embedded --until-alert
    """
    console = Console(stderr=as_json)
    is_live = console.is_terminal and not until_alert
    view: View = LiveView(console) if is_live else PlainView(console)
    for client in ("aiokafka", "kafka"):  # they log what they then retry; what fails for good is raised
        logging.getLogger(client).addHandler(logging.NullHandler())
    for number in _stops():  # before the event loop takes over: leave all blocks in order
        signal.signal(number, _interrupt)
    try:
        summary = _demo(_demo_settings(settings), broker, seed, view, is_endless=is_live)
    except (EmbeddedUnavailable, KafkaUnavailable, TopicRefused) as reason:
        raise click.ClickException(str(reason)) from None
    if as_json:
        click.echo(msgspec.json.encode(summary).decode())
    else:
        for line in summary.lines():
            view.tell(line)
    raise SystemExit(summary.reason.exit_code)


def _demo(settings: Settings, broker: str, seed: int, view: View, *, is_endless: bool) -> Summary:
    scenario = Scenario()
    started_at = _now()
    live_at = started_at - timedelta(seconds=scenario.live_s)
    feed = Feed(load_texts(), scenario, live_at, seed)
    board = Board(_now, scenario.speed)
    with (
        open_broker(broker, settings, started_at, view.tell) as chosen,
        Crew(chosen, os.environ, _folder(settings)) as crew,
        view,
    ):
        view.tell(
            f"all news is invented; {scenario.history_s // 86_400} days of it are read first, then "
            f"{scenario.live_s // 3_600} h of live news pass in {scenario.live_wall_s:.0f} s: "
            f"1 s of the demo = {scenario.speed / 60:.0f} min of news"
        )
        run = DemoRun(chosen, feed, scenario, live_at, board, crew, view, _now, is_endless)
        ending = asyncio.run(_until_interrupted(run))
        _ignore_stops()
    return board.summary(ending, broker=broker, seed=seed, crisis_topic=feed.crisis_topic)


async def _until_interrupted(run: DemoRun) -> Ending:
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _stops():
        loop.add_signal_handler(number, interrupted.set)
    return await run.run(interrupted)


def _demo_settings(settings: Settings) -> Settings:
    """Return the settings with what a demo must not share: ports, topics, and above all receivers of alerts."""
    ours = Settings()
    return dataclasses.replace(
        settings,
        watchlist=ours.watchlist,
        idle_s=ours.idle_s,
        bin_s=ours.bin_s,
        disorder_s=ours.disorder_s,
        grace_s=ours.grace_s,
        http_host=ours.http_host,
        http_port=free_ports(5),
        webhook_url=None,
        alertmanager_url=None,
    )


def _folder(settings: Settings) -> Path:
    return settings.state_dir / "demo"


def _now() -> datetime:
    return datetime.now(UTC)


def _stops() -> list[signal.Signals]:
    """Return what ends the demo; a hang-up does not under nohup."""
    return [number for number in _STOPS if signal.getsignal(number) is not signal.SIG_IGN]


def _ignore_stops() -> None:
    """See to it that what is being stopped is stopped to the end, however often Ctrl-C is pressed."""
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    _ignore_stops()
    raise KeyboardInterrupt
