"""`finsurge doctor`: what a worker would stumble over, each with its mend."""

from __future__ import annotations

import json
import logging

import click

from pipeline.checks.check import Check, Level
from pipeline.settings import Settings

_COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def command(settings: Settings, as_json: bool) -> None:
    """Check machine, policy, watchlist, broker, ports and receivers; each fault comes with its mend.

    Sends nothing and changes nothing. Exit code 1 if a worker would not start or alerts would not arrive.

    Example: finsurge doctor

    Example: finsurge --broker kafka://kafka-1:9092 doctor --json
    """
    from pipeline.doctor import examine

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a line a check, not one for every try to connect
    checks = []
    for check in examine(settings):
        checks.append(check)
        if not as_json:
            _show(check)
    is_well = all(check.level is not Level.FAIL for check in checks)
    if as_json:
        told = [{"name": check.name, "level": check.level, "said": check.said} for check in checks]
        click.echo(json.dumps({"ok": is_well, "checks": told}, indent=2))
    if not is_well:
        raise SystemExit(1)


def _show(check: Check) -> None:
    level = click.style(f"{check.level:<4}", fg=_COLOURS[check.level])
    click.echo(f"{level}  {check.name:<12}  {check.said}")
