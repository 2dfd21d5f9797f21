"""`finsurge alerts`: the open episodes, what people do about them, and trying the receivers."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.feedback.actions_on_alerts import AlertAction
    from pipeline.feedback.alert_desk import OnOne, OpenEpisode

_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_by = click.option("--by", required=True, help="Who does it; receivers are told.")
_reason = click.option("--reason", default="", help="Why; it is kept, and told.")
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")


class Duration(click.ParamType):
    """A number with s, m, h or d."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return it, or say what one looks like."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if found is None:
            self.fail(f"{value!r} is none; it looks like 30m, 4h or 2d", param, ctx)
        return timedelta(seconds=int(found[1]) * _UNITS_S[found[2]])


class Moment(click.ParamType):
    """A time with its offset from UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return it, or say what one looks like."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(f"{value!r} is none; it looks like 2026-01-02T15:00Z, with its offset from UTC", param, ctx)
        return moment


@click.group("alerts")
def command() -> None:
    """Look after alerts, and try their receivers; docs/alerts.md."""


@command.command("list")
@_json
@click.pass_obj
def list_open(settings: Settings, as_json: bool) -> None:
    """List the open episodes, the last opened first, with what people have said about them.

    Example: finsurge alerts list --json
    """
    from rich.console import Console

    from pipeline.feedback.alert_desk import AlertDesk
    from pipeline.feedback.alert_view import episodes_table

    _be_quiet()
    now = datetime.now(UTC)
    episodes = AlertDesk(settings).open(now)
    if as_json:
        click.echo(json.dumps([_to_dict(episode) for episode in episodes], indent=2))
    elif episodes:
        Console().print(episodes_table(episodes, now))
    else:
        click.echo("no episode is open")


@command.command("ack")
@click.argument("topic")
@_by
@_reason
@_json
@click.pass_obj
def acknowledge(settings: Settings, topic: str, by: str, reason: str, as_json: bool) -> None:
    """Say that you look after a TOPIC's open episode: receivers are told, and it is not escalated to them.

    Example: finsurge alerts ack TSLA --by ada
    """
    from pipeline.feedback.actions_on_alerts import Acknowledged

    _act(settings, Acknowledged, "acknowledged", topic, by, reason, as_json=as_json)


@command.command("escalate")
@click.argument("topic")
@_by
@_reason
@_json
@click.pass_obj
def escalate(settings: Settings, topic: str, by: str, reason: str, as_json: bool) -> None:
    """Have all receivers told of a TOPIC's open episode once more, as a critical one.

    Example: finsurge alerts escalate TSLA --by ada --reason "the regulator has called"
    """
    from pipeline.feedback.actions_on_alerts import Escalated

    _act(settings, Escalated, "escalated, and all are told", topic, by, reason, as_json=as_json)


@command.command("resolve")
@click.argument("topic")
@_by
@_reason
@_json
@click.pass_obj
def resolve(settings: Settings, topic: str, by: str, reason: str, as_json: bool) -> None:
    """Have done with a TOPIC's open episode: receivers are told, and hear nothing more of it.

    Example: finsurge alerts resolve TSLA --by ada --reason "an old story, told again"
    """
    from pipeline.feedback.actions_on_alerts import Resolved

    _act(settings, Resolved, "resolved", topic, by, reason, as_json=as_json)


@command.command("silence")
@click.argument("topic")
@_by
@click.option("--for", "lasts", type=Duration(), help="How long: 30m, 4h, 2d; 0s ends a silence.")
@click.option("--until", type=Moment(), help="Until when, with its offset from UTC.")
@click.option("--also-critical", is_flag=True, help="Critical alerts as well, which otherwise go through.")
@_reason
@_json
@click.pass_obj
def silence(
    settings: Settings,
    topic: str,
    by: str,
    lasts: timedelta | None,
    until: datetime | None,
    also_critical: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Tell nobody but the log of a TOPIC for some time; it takes the place of the topic's silence before.

    Example: finsurge alerts silence TSLA --by ada --for 4h --reason "earnings call"
    """
    from pipeline.feedback.alert_desk import AlertDesk

    now = datetime.now(UTC)
    if (lasts is None) == (until is None):
        raise click.UsageError("give either --for or --until")
    end = until if until is not None else now + (lasts or timedelta())
    if until is not None and until <= now:
        raise click.BadParameter(f"{until} is over; to end a silence say --for 0s", param_hint="--until")
    _be_quiet()
    _warn_of_stranger(settings, topic)
    action = AlertDesk(settings).silence(topic, by=by, reason=reason, at=now, until=end, also_critical=also_critical)
    _show(action, f"{topic} is silenced by {by} until {end.astimezone(UTC):%Y-%m-%d %H:%M} UTC", as_json=as_json)


@command.command("test")
@click.option("--receiver", "name", required=True, help="Its name, `webhook` and `alertmanager` included.")
@click.pass_obj
def try_one(settings: Settings, name: str) -> None:
    """Send an alert to one receiver that says that it is a test; an Alertmanager forgets it after ten minutes.

    Example: finsurge alerts test --receiver risk-desk
    """
    import asyncio

    from pipeline.receivers.trial import try_receiver

    alert = asyncio.run(try_receiver(settings, name, datetime.now(UTC)))
    click.echo(f"{name} has taken test alert {alert.id}")


def _act(
    settings: Settings, kind: type[OnOne], done: str, topic: str, by: str, reason: str, *, as_json: bool
) -> None:
    from pipeline.feedback.alert_desk import AlertDesk

    _be_quiet()
    action = AlertDesk(settings).act(kind, topic, by=by, reason=reason, at=datetime.now(UTC))
    _show(action, f"by {by}, episode {action.episode} of {topic} is {done}", as_json=as_json)


def _show(action: AlertAction, said: str, *, as_json: bool) -> None:
    import msgspec

    click.echo(json.dumps(msgspec.to_builtins(action), indent=2) if as_json else said)


def _to_dict(episode: OpenEpisode) -> dict[str, Any]:
    import msgspec

    acknowledged, silenced = episode.acknowledged, episode.silenced
    return {
        "alert": msgspec.to_builtins(episode.alert),
        "acknowledged": acknowledged and {"by": acknowledged.by, "at": acknowledged.at.isoformat()},
        "silenced": silenced and {"by": silenced.by, "until": silenced.until.isoformat()},
    }


def _warn_of_stranger(settings: Settings, topic: str) -> None:
    from pipeline.wiring import open_watchlist

    # names that are in no watchlist begin with ~
    if not topic.startswith("~") and topic not in {each.id for each in open_watchlist(settings).topics}:
        click.echo(f"{topic} is not in the watchlist: look whether its id is spelled so", err=True)


def _be_quiet() -> None:
    import logging

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
