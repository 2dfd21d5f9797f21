"""`finsurge alerts`: trying the receivers of alerts."""

from __future__ import annotations

import click

from pipeline.settings import Settings


@click.group("alerts")
def command() -> None:
    """Look after alerts, and try their receivers; docs/alerts.md."""


@command.command("test")
@click.option("--receiver", "name", required=True, help="Its name, `webhook` and `alertmanager` included.")
@click.pass_obj
def test(settings: Settings, name: str) -> None:
    """Send an alert to one receiver that says that it is a test; an Alertmanager forgets it after ten minutes.

    Example: finsurge alerts test --receiver risk-desk
    """
    import asyncio
    from datetime import UTC, datetime

    from pipeline.receivers.trial import try_receiver

    alert = asyncio.run(try_receiver(settings, name, datetime.now(UTC)))
    click.echo(f"{name} has taken test alert {alert.id}")
