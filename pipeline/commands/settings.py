"""`finsurge settings`: what is set, and what it is for."""

from __future__ import annotations

import dataclasses
import json

import click
from rich.console import Console
from rich.table import Table

from pipeline.settings import Settings, described


@click.command("settings")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(settings: Settings, as_json: bool) -> None:
    """Print every setting with its value and what it is for."""
    values = dataclasses.asdict(settings)
    if as_json:
        click.echo(json.dumps(values, default=str, indent=2))
        return
    table = Table("variable", "value", "what for")
    for (variable, _, help_text), value in zip(described(), values.values(), strict=True):
        table.add_row(variable, "" if value is None else str(value), help_text)
    Console().print(table)
