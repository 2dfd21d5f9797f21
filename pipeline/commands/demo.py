"""`finsurge demo`: news of some days, a crisis that is found, and mistakes that are corrected for good."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from types import FrameType

import click
import msgspec
from rich.console import Console

from pipeline.broker.embedded import EmbeddedUnavailable
from pipeline.broker.server import KafkaUnavailable
from pipeline.broker.topics import TopicRefused
from pipeline.demo.board import Board
from pipeline.demo.broker import open_broker
from pipeline.demo.crew import Crew
from pipeline.demo.feed import Feed
from pipeline.demo.gauges import Gauges
from pipeline.demo.home import demo_settings, furnish, own_folder
from pipeline.demo.loop.analysts import Analysts, Workload
from pipeline.demo.loop.facts import LoopFacts
from pipeline.demo.loop.loop import Loop
from pipeline.demo.loop.truth import Truth
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
@click.option("--until-alert", is_flag=True, help="End by itself once all is shown, as without a terminal.")
@click.option(
    "--news-only",
    is_flag=True,
    help="Only send the news, to the Kafka of this deployment, whose processes run already.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another one writes other news.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON; all else goes to standard error.")
@click.pass_obj
def command(settings: Settings, broker: str, until_alert: bool, news_only: bool, seed: int, as_json: bool) -> None:
    """Show the whole way from news to alert, and from corrections to a better policy, on a feed written for it.

    Some days of ordinary news are read first, so that there is a baseline; then eight hours of news pass in a
    minute and a half, with a crisis at one company. After the alert, invented analysts answer reviews and correct
    bad news in sober words, which the policy reads as neutral; the learner makes a better one of that, the gate
    judges it, it is tried in shadow and as a canary, and takes over. All texts are invented.

    With --news-only the same news go into `documents` of the Kafka in FINSURGE_BROKER, without end, and what comes of
    them is that deployment's work: a first look at a new one. Not for one in use, which would keep what is invented.

    Exit code: 0 if exactly the crisis topic alerted and the new policy reads such news right, in wordings that nobody
    corrected; 1 otherwise.

    Example: finsurge demo --broker embedded --until-alert
    """
    if news_only:
        _send_news(settings, seed)
        return
    console = Console(stderr=as_json)
    is_live = console.is_terminal and not until_alert
    view: View = LiveView(console) if is_live else PlainView(console)
    for client in ("aiokafka", "kafka"):  # they log what they then retry; what fails for good is raised
        logging.getLogger(client).addHandler(logging.NullHandler())
    stop = _Stop()
    for number in _stops():  # before the event loop takes over: leave all blocks in order
        signal.signal(number, stop)
    try:
        summary = _demo(settings, broker, seed, view, stop, is_endless=is_live)
    except (EmbeddedUnavailable, KafkaUnavailable, TopicRefused) as reason:
        raise click.ClickException(str(reason)) from None
    if as_json:
        click.echo(msgspec.json.encode(summary).decode())
    else:
        for line in summary.lines():
            view.tell(line)
    raise SystemExit(summary.reason.exit_code)


def _send_news(settings: Settings, seed: int) -> None:
    from pipeline.demo.newsroom import Newsroom
    from pipeline.standing import prepare, run_until_told

    prepare("news", settings)
    run_until_told(Newsroom(settings, load_texts(), seed, _now))


def _demo(settings: Settings, broker: str, seed: int, view: View, stop: _Stop, *, is_endless: bool) -> Summary:
    scenario, texts, started_at = Scenario(), load_texts(), _now()
    live_at = started_at - timedelta(seconds=scenario.fast_s)
    feed = Feed(texts, scenario, live_at, seed)
    workload, truth = Workload(), Truth()
    board = Board(_now, scenario.speed, LoopFacts(n_wanted=workload.n_corrections))
    with ExitStack() as leaving:
        home = leaving.enter_context(own_folder(settings.state_dir))
        furnish(home, texts, seed)
        ours = demo_settings(settings, home)
        kafka = settings.state_dir / "kafka"
        chosen = leaving.enter_context(open_broker(broker, ours, started_at, view.tell, cache=kafka))
        crew = leaving.enter_context(Crew(chosen, os.environ, home))
        leaving.enter_context(view)
        view.tell(_opening(scenario))
        gauges = Gauges(chosen)
        analysts = Analysts(truth, workload)
        loop = Loop(chosen, feed, truth, analysts, board, gauges, lambda line: view.tell(board.stamped(line)), _now)
        run = DemoRun(chosen, feed, scenario, live_at, board, crew, gauges, loop, view, _now, is_endless)
        ending = asyncio.run(_until_interrupted(run, stop))
        _ignore_stops()
    return board.summary(ending, broker=broker, seed=seed, crisis_topic=feed.crisis_topic)


def _opening(scenario: Scenario) -> str:
    return (
        f"all news is invented; {scenario.history_s // 86_400} days of it are read first; then live news pass at "
        f"{scenario.speed / 60:.0f} min a second, with a crisis; then analysts correct what the policy reads wrongly"
    )


async def _until_interrupted(run: DemoRun, stop: _Stop) -> Ending:
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _stops():
        loop.add_signal_handler(number, interrupted.set)
    if stop.was_told:
        interrupted.set()
    return await run.run(interrupted)


def _now() -> datetime:
    return datetime.now(UTC)


def _stops() -> list[signal.Signals]:
    """Return what ends the demo; a hang-up does not under nohup."""
    return [number for number in _STOPS if signal.getsignal(number) is not signal.SIG_IGN]


def _ignore_stops() -> None:
    """See to it that what is being stopped is stopped to the end, however often Ctrl-C is pressed."""
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)


class _Stop:
    """The handler of signals until the event loop has its own.

    It remembers that it was called: a bare `except` somewhere in a library that is being imported takes the interrupt
    for a missing module, and nobody would ever hear of it.
    """

    def __init__(self) -> None:
        self.was_told = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.was_told = True
        _ignore_stops()
        raise KeyboardInterrupt
