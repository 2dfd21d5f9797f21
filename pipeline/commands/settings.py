"""`finsurge settings`: what is set, by whom, and what it is for."""

from __future__ import annotations

import json
from itertools import groupby

import click
from rich import box
from rich.console import Console
from rich.table import Table

from pipeline.cli import LOADED
from pipeline.settings import LoadedSettings, SourceKind, all_settings, shown
from pipeline.settings.view import default_text


@click.command("settings")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print the README's tables, with the defaults.")
@click.pass_context
def command(ctx: click.Context, as_json: bool, markdown: bool) -> None:
    """Print every setting: its value, where that comes from, and what it is for; of a secret, only that it is set.

    Example: finsurge --config finsurge.yaml settings
    """
    loaded: LoadedSettings = ctx.meta[LOADED]
    if markdown:
        click.echo("\n".join(markdown_tables()))
        return
    if as_json:
        click.echo(json.dumps(_as_json(loaded), default=str, indent=2))
    else:
        _print(loaded, Console())
    for name in loaded.unused:
        click.echo(f"finsurge: {name} is set, and is no setting: finsurge itself does not read it", err=True)


def markdown_tables() -> list[str]:
    """Return the lines of the README's tables of settings, one for each group.

    >>> print(markdown_tables()[6])
    | `FINSURGE_KAFKA_CERTIFICATE` |  | PEM file of a certificate to be known by, where the Kafka wants one |
    """
    lines = []
    for group, members in groupby(all_settings(), key=lambda each: each.group):
        rows = [
            (f"`{each.variable}`", f"`{default_text(each)}`" if default_text(each) else "", each.help)
            for each in members
        ]
        head = [("variable", "default", "what for"), ("---", "---", "---")]
        lines += [f"**{group.value}**", "", *(f"| {' | '.join(row)} |" for row in (*head, *rows)), ""]
    return lines[:-1]


def _as_json(loaded: LoadedSettings) -> dict[str, object]:
    values = shown(loaded.settings)
    return {
        each.name: {
            "value": values[each.name],
            "source": loaded.sources[each.name].kind.value,
            "from": loaded.sources[each.name].name or None,
            "default": each.default,
            "variable": each.variable,
            "group": each.group.value,
            "help": each.help,
        }
        for each in all_settings()
    }


def _print(loaded: LoadedSettings, console: Console) -> None:
    values = shown(loaded.settings)
    console.print("Set `name` as FINSURGE_NAME in the environment, or as `name:` in a YAML file.", end="\n\n")
    for group, members in groupby(all_settings(), key=lambda each: each.group):
        table = Table("setting", "value", "from", "what for", box=box.SIMPLE_HEAD, title_justify="left", expand=True)
        table.title = f"[bold]{group.value}[/bold]"
        for column, ratio in zip(table.columns, (7, 8, 7, 16), strict=True):
            column.ratio, column.overflow = ratio, "fold"
        for each in members:
            source = loaded.sources[each.name]
            is_default = source.kind is SourceKind.DEFAULT
            value = values[each.name]
            table.add_row(
                each.name,
                "" if value is None else str(value),
                str(source),
                each.help,
                style="" if is_default else "bold",
            )
        console.print(table)
