"""`finsurge settings`: what is set, and what it is for."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table

from pipeline.settings import Settings, described, shown


@click.command("settings")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print the README's table, with the defaults.")
@click.pass_obj
def command(settings: Settings, as_json: bool, markdown: bool) -> None:
    """Print every setting with its value and what it is for; of a secret, only that it is set.

    Example: finsurge --config finsurge.yaml settings
    """
    if markdown:
        click.echo("\n".join(markdown_table()))
        return
    values = shown(settings)
    if as_json:
        click.echo(json.dumps(values, default=str, indent=2))
        return
    table = Table("variable", "value", "what for")
    for (variable, _, help_text), value in zip(described(), values.values(), strict=True):
        table.add_row(variable, "" if value is None else str(value), help_text)
    Console().print(table)


def markdown_table() -> list[str]:
    """Return the lines of the README's table of settings.

    >>> print(markdown_table()[2])
    | `FINSURGE_BROKER` | `kafka://127.0.0.1:9092` | the Kafka to use: kafka://host:port[,host:port] |
    """
    rows = [(f"`{variable}`", f"`{default}`" if default else "", text) for variable, default, text in described()]
    head = [("variable", "default", "what for"), ("---", "---", "---")]
    return [f"| {' | '.join(row)} |" for row in (*head, *rows)]
