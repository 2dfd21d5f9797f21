"""`finsurge topics`: make the Kafka topics, and tell what is wrong with them or with a watchlist."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from models.topics.watchlist import WatchlistInvalid, bundled_watchlist, load_watchlist
from pipeline.broker.connection import BrokerUnavailable
from pipeline.broker.topics import Finding, TopicRefused, topic_specs
from pipeline.broker.topics import check as check_topics
from pipeline.broker.topics import create as create_topics
from pipeline.settings import Settings

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("topics")
def command() -> None:
    """Make finsurge's Kafka topics, or check those that are there, or a watchlist."""


@command.command()
@_json
@click.pass_obj
def create(settings: Settings, as_json: bool) -> None:
    """Make the Kafka topics that are missing; those that are there stay as they are.

    Example: FINSURGE_PARTITIONS=4 finsurge topics create
    """
    specs = topic_specs(settings.topic_prefix, settings.partitions)
    try:
        made = create_topics(settings.connection, specs)
        findings = check_topics(settings.connection, specs)
    except (BrokerUnavailable, TopicRefused, ValueError) as reason:
        raise click.ClickException(str(reason)) from None
    _show(findings, len(specs), as_json, made)


@command.command()
@click.argument("file", required=False)
@_json
@click.pass_obj
def check(settings: Settings, file: str | None, as_json: bool) -> None:
    r"""Check a watchlist FILE, or, without one, the broker's Kafka topics; exit code 1 if a worker would stumble.

    FILE is a YAML file, `default` or `crypto`; every fault is one line that names topics, name and mend.

    \b
    Example: finsurge topics check --json
    Example: finsurge topics check watchlist.yaml
    """
    if file is not None:
        _check_watchlist(file, as_json)
        return
    specs = topic_specs(settings.topic_prefix, settings.partitions)
    try:
        findings = check_topics(settings.connection, specs)
    except (BrokerUnavailable, ValueError) as reason:
        raise click.ClickException(str(reason)) from None
    _show(findings, len(specs), as_json)


def _check_watchlist(file: str, as_json: bool) -> None:
    faults: tuple[str, ...] = ()
    n_topics, version = 0, None
    try:
        watchlist = load_watchlist(bundled_watchlist(file) if file in ("default", "crypto") else Path(file))
        n_topics, version = len(watchlist.topics), watchlist.version
    except WatchlistInvalid as reason:
        faults = reason.faults
    if as_json:
        click.echo(json.dumps({"faults": faults, "topics": n_topics, "version": version}))
    else:
        for line in faults or (f"{file}: {n_topics} topics, version {version}, as they should be",):
            click.echo(line)
    if faults:
        raise SystemExit(1)


def _show(findings: Sequence[Finding], n_topics: int, as_json: bool, made: Sequence[str] = ()) -> None:
    if as_json:
        told = [
            {"kind": f.kind, "kafka_topic": f.kafka_topic, "problem": f.problem, "mend": f.mend} for f in findings
        ]
        click.echo(json.dumps({"made": made, "findings": told}))
    else:
        for line in (*(f"made {name}" for name in made), *map(str, findings)):
            click.echo(line)
        if not findings:
            click.echo(f"all {n_topics} Kafka topics are as they should be")
    if findings:
        raise SystemExit(1)
