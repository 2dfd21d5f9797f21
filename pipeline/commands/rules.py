"""`finsurge rules`: check rules, tell what holds for a topic, and why, and have others hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from pipeline.settings import Settings

if TYPE_CHECKING:
    from alerts.rules.explanation import Explanation
    from alerts.rules.written import Plain

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_path = click.Path(path_type=Path)


@click.group("rules")
def command() -> None:
    """Check a file of rules, tell what holds for a topic, and have others hold: docs/rules.md."""


@command.command()
@click.argument("file", type=_path, required=False)
@_json
@click.pass_obj
def check(settings: Settings, file: Path | None, as_json: bool) -> None:
    r"""Check a FILE of rules, or that of FINSURGE_RULES, also beside the watchlist; exit code 1 if anything is found.

    Every fault is one line that says where in the file, what, and the mend. So is what changes nothing: topics that
    the watchlist does not have, absolute rules that can never fire.

    \b
    Example: finsurge rules check rules.yaml
    """
    from alerts.rules.findings import findings
    from alerts.rules.parse import RulesInvalid, load_rules
    from pipeline.wiring import open_watchlist

    file = file or settings.rules
    if file is None:
        raise click.UsageError("name a file, or set FINSURGE_RULES")
    told: dict[str, object] = {"file": str(file), "version": None, "groups": 0, "topics": 0}
    faults: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    try:
        book = load_rules(file)
    except RulesInvalid as reason:
        faults = reason.faults
    else:
        told |= {"version": book.version, "groups": len(book.groups), "topics": len(book.topics)}
        watchlist = open_watchlist(settings)
        families = {topic.id: watchlist.ancestors(topic.id) for topic in watchlist.topics}
        found = tuple(f"{file}: {finding}" for finding in findings(book, families))
    if as_json:
        click.echo(json.dumps(told | {"faults": faults, "findings": found}))
    else:
        good = "{file}: as it should be; groups: {groups}, topics: {topics}, version {version}".format(**told)
        for line in (*faults, *found) or (good,):
            click.echo(line)
    if faults or found:
        raise SystemExit(1)


@command.command()
@click.argument("topic")
@click.option("--file", type=_path, help="A file of rules, instead of FINSURGE_RULES.")
@_json
@click.pass_obj
def explain(settings: Settings, topic: str, file: Path | None, as_json: bool) -> None:
    r"""Print what holds for a TOPIC of the watchlist: each field, where it is from, what it means; and quiet hours.

    \b
    Example: finsurge rules explain jpmorgan --file rules.yaml
    """
    from alerts.rules.book import RuleBook
    from alerts.rules.explanation import Explanation
    from alerts.rules.findings import DISCOVERED
    from alerts.rules.parse import load_rules
    from alerts.rules.values import guess
    from pipeline.errors import CommandFailed
    from pipeline.wiring import open_watchlist

    watchlist = open_watchlist(settings)
    if topic not in watchlist and not topic.startswith(DISCOVERED):
        near = guess(topic, (each.id for each in watchlist.topics))
        raise CommandFailed(f"{topic!r:.70} is no topic of the watchlist {settings.watchlist}{near}")
    file = file or settings.rules
    book = RuleBook() if file is None else load_rules(file)
    ancestors = watchlist.ancestors(topic)
    explanation = Explanation.of(book, topic, ancestors, datetime.now(UTC))
    if as_json:
        head = {"topic": topic, "ancestors": ancestors, "file": file and str(file), "version": book.version}
        click.echo(json.dumps(head | _told(explanation), indent=2))
        return
    under = f" (under {', '.join(ancestors)})" if ancestors else ""
    source = f"{file}, version {book.version}" if file else "no rules: what is built in"
    _show(f"{topic}{under}, by {source}", explanation)


@command.command()
@click.argument("file", type=_path)
@click.option("--by", required=True, help="Who changes the rules: it is kept with them.")
@_json
@click.pass_obj
def apply(settings: Settings, file: Path, by: str, as_json: bool) -> None:
    r"""Have a FILE of rules hold from now on, without a restart, in place of FINSURGE_RULES.

    They hold from the first five minutes of the news that are not judged yet; episodes that are open go on by them.

    \b
    Example: finsurge rules apply rules.yaml --by ada
    """
    import asyncio

    from alerts.rules.parse import load_rules
    from pipeline.broker.rule_log import send_rules

    load_rules(file)  # names the file in what it says of faults
    sent = asyncio.run(send_rules(settings, file.read_text(encoding="utf-8"), by, datetime.now(UTC)))
    if as_json:
        click.echo(json.dumps({"id": sent.id, "version": sent.version, "by": by, "at": sent.at.isoformat()}))
        return
    click.echo(f"version {sent.version} is sent; `finsurge rules history` says from when it holds")


@command.command()
@_json
@click.pass_obj
def history(settings: Settings, as_json: bool) -> None:
    r"""Print the rules that were applied: version, by whom, when, and after which time of the news they hold.

    \b
    Example: finsurge rules history
    """
    import asyncio

    from pipeline.broker.rule_log import rules_taken

    taken = asyncio.run(rules_taken(settings))
    if as_json:
        rows = [
            {
                "version": each.version,
                "by": each.by,
                "at": each.at.isoformat(),
                "after": each.after and each.after.isoformat(),
                "text": each.text,
            }
            for each in taken
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for each in taken:
        after = f"after {each.after:%Y-%m-%d %H:%M} UTC" if each.after else "from the beginning"
        click.echo(f"{each.version}  {after}  sent {each.at:%Y-%m-%d %H:%M} UTC by {each.by}")
    if not taken:
        click.echo("none was ever applied: those of FINSURGE_RULES hold, or what is built in")


@command.command()
def example() -> None:
    r"""Print a file of rules that says, in comments, what can be said.

    \b
    Example: finsurge rules example > rules.yaml
    """
    click.echo((files("alerts.rules") / "example.yaml").read_text(encoding="utf-8"), nl=False)


def _told(explanation: Explanation) -> dict[str, object]:
    until, coming = explanation.quiet_until, explanation.next_quiet
    return {
        "fields": [field.to_dict() for field in explanation.fields],
        "quiet_until": until and until.isoformat(),
        "next_quiet": coming and {"begin": coming[0].isoformat(), "end": coming[1].isoformat()},
    }


def _show(title: str, explanation: Explanation) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("field", "value", "from", "which means", title=title, title_justify="left")
    for field in explanation.fields:
        table.add_row(field.key, _short(field.value), str(field.origin), field.meaning)
    Console().print(table)
    for line in _quiet_lines(explanation):
        click.echo(line)


def _short(value: Plain) -> str:
    if isinstance(value, list):
        is_nested = any(isinstance(each, dict) for each in value)
        return f"{len(value)} of them" if is_nested else ", ".join(map(str, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quiet_lines(explanation: Explanation) -> list[str]:
    lines = []
    if explanation.quiet_until is not None:
        lines.append(f"quiet now, until {_local(explanation.quiet_until, explanation)}")
    if explanation.next_quiet is not None:
        begin, end = explanation.next_quiet
        lines.append(f"next quiet from {_local(begin, explanation)} to {_local(end, explanation)}")
    return lines


def _local(at: datetime, explanation: Explanation) -> str:
    zone = explanation.rule.quiet[0].timezone
    return f"{at.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M} {zone}"
