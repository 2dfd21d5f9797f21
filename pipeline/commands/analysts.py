"""`finsurge analysts`: how far those who correct are believed, whose rounds are held, and releasing them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from pipeline.settings import Settings


@click.group("analysts", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show each analyst's answers, accuracy with its interval, weight, and what is held on which topic since when.

    Example: finsurge analysts --json
    """
    if ctx.invoked_subcommand is not None:
        return
    from rich.console import Console

    from pipeline.feedback.analyst_desk import AnalystDesk
    from pipeline.feedback.analyst_view import analyst_rows, analysts_table

    settings: Settings = ctx.obj
    rows = analyst_rows(AnalystDesk(settings).guard())
    if as_json:
        click.echo(json.dumps({"analysts": [row.to_dict() for row in rows]}, indent=2))
        return
    Console().print(analysts_table(rows))
    for row in rows:
        for held in row.quarantines:
            click.echo(held.sentence)
            click.echo(f"  finsurge analysts release {held.analyst} {held.topic} --by NAME --reason WHY")


@command.command("release")
@click.argument("analyst")
@click.argument("topic")
@click.option("--by", required=True, help="The second person, who has looked.")
@click.option("--reason", required=True, help="Why the answers are honest; it is kept.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_obj
def release(settings: Settings, analyst: str, topic: str, by: str, reason: str, as_json: bool) -> None:
    """Let an ANALYST's held answers on a TOPIC count, up to now; later ones are looked at anew.

    Example: finsurge analysts release eve TSLA --by ada --reason "the plant did burn down"
    """
    import msgspec

    from pipeline.feedback.analyst_desk import AnalystDesk

    action = AnalystDesk(settings).release(analyst, topic, by=by, reason=reason, at=datetime.now(UTC))
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(action), indent=2))
        return
    click.echo(f"{analyst} is released on {topic} by {by}: answers until {action.at:%Y-%m-%d %H:%M} UTC count")
