"""`finsurge kafka`: a single-node Apache Kafka on this machine, for whoever has none."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipeline.broker.server import KafkaServer, KafkaStatus, KafkaUnavailable
from pipeline.settings import Settings

_home = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Its folder [default: kafka in the state folder].",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("kafka")
def command() -> None:
    """Run a single-node Apache Kafka on this machine, on loopback only."""


@command.command()
@_home
@click.option("--port", type=click.IntRange(1, 65535), default=9092, show_default=True, help="Port of 127.0.0.1.")
@click.option("--kafka-version", metavar="VERSION", help="Another Kafka than the one that was tested.")
@_json
@click.pass_obj
def start(settings: Settings, home: Path | None, port: int, kafka_version: str | None, as_json: bool) -> None:
    """Start it and wait until it answers; what it held before is there again.

    Example: finsurge kafka start --port 19092
    """
    server = KafkaServer(home or settings.state_dir / "kafka", port, version=kafka_version)
    try:
        status = server.start()
    except KafkaUnavailable as reason:
        raise click.ClickException(str(reason)) from None
    _show(status, as_json)


@command.command()
@_home
@_json
@click.pass_obj
def stop(settings: Settings, home: Path | None, as_json: bool) -> None:
    """Stop it; its data stay.

    Example: finsurge kafka stop
    """
    server = KafkaServer(home or settings.state_dir / "kafka")
    was_running = server.stop()
    if as_json:
        click.echo(json.dumps({"was_running": was_running, "home": str(server.home)}))
    else:
        click.echo("kafka stopped" if was_running else f"no kafka of {server.home} is running")


@command.command()
@_home
@_json
@click.pass_obj
def status(settings: Settings, home: Path | None, as_json: bool) -> None:
    """Say whether it runs and where; exit code 1 if it does not.

    Example: finsurge kafka status --json
    """
    found = KafkaServer(home or settings.state_dir / "kafka").status()
    _show(found, as_json)
    if not found.is_running:
        raise SystemExit(1)


def _show(found: KafkaStatus, as_json: bool) -> None:
    bootstrap = found.bootstrap if found.is_running else None
    if as_json:
        facts = {"is_running": found.is_running, "pid": found.pid, "bootstrap": bootstrap, "home": str(found.home)}
        click.echo(json.dumps(facts))
    elif found.is_running:
        click.echo(f"kafka runs at {bootstrap} (pid {found.pid}, folder {found.home})")
    else:
        click.echo(f"no kafka of {found.home} is running")
