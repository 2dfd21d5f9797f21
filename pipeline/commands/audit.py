"""`finsurge audit`: whether the audit logs are as they were written, and what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.feedback.audit import AuditHead

_FILES = click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")


@click.group("audit")
def command() -> None:
    """Look at audit logs: each process that decides something keeps one, each entry holds the hash of the one before.

    Example: finsurge audit verify
    """


@command.command("verify")
@_FILES
@click.option("--known", metavar="NUMBER:HASH", help="Of the one FILE, as told before: it must still hold that.")
@_AS_JSON
@click.pass_obj
def verify_logs(settings: Settings, files: tuple[Path, ...], known: str | None, as_json: bool) -> None:
    """Check audit FILES, those in the state folder if none is given.

    Exit code: 0 if every chain is whole, 1 if not. Write NUMBER:HASH down elsewhere: with --known, it alone shows
    that whole lines were cut off the end.

    Example: finsurge audit verify .finsurge/learner/audit.jsonl
    """
    from pipeline.feedback.audit import AuditBroken, verify

    head_known = _head(known, files)
    found = []
    for path in files or _logs(settings):
        try:
            head = verify(path, head_known)
        except AuditBroken as broken:
            found.append({"file": str(path), "is_whole": False, "fault": str(broken)})
            continue
        found.append({"file": str(path), "is_whole": True, "n_entries": head.n_entries, "hash": head.hash})
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for log in found:
            whole = f"{log['file']}: whole, {log.get('n_entries')}:{log.get('hash')}"
            click.echo(whole if log["is_whole"] else log["fault"])
    raise SystemExit(0 if all(log["is_whole"] for log in found) else 1)


@command.command("show")
@_FILES
@click.option("--last", type=click.IntRange(min=1), help="Only so many of the latest entries.")
@_AS_JSON
@click.pass_obj
def show(settings: Settings, files: tuple[Path, ...], last: int | None, as_json: bool) -> None:
    """Print the entries of audit FILES, those in the state folder if none is given, in order of time.

    Example: finsurge audit show --last 20
    """
    import msgspec

    from pipeline.errors import CommandFailed
    from pipeline.feedback.audit import AuditBroken, AuditEntry, entries_of

    entries: list[AuditEntry] = []
    for path in files or _logs(settings):
        try:
            entries += entries_of(path)
        except AuditBroken as broken:
            raise CommandFailed(str(broken)) from None
    entries.sort(key=lambda entry: entry.at)
    entries = entries[-last:] if last else entries
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(entry) for entry in entries], indent=2))
        return
    for entry in entries:
        details = " ".join(f"{name}={value}" for name, value in entry.details.items())
        click.echo(
            f"{entry.at:%Y-%m-%d %H:%M:%S} {entry.who}: {entry.action.value} {entry.subject} {details}".rstrip()
        )


def _head(known: str | None, files: tuple[Path, ...]) -> AuditHead | None:
    from pipeline.feedback.audit import AuditHead

    if known is None:
        return None
    number, _, digest = known.partition(":")
    if len(files) != 1 or not number.isdigit() or len(digest) != 64:
        raise click.BadParameter(f"must be NUMBER:HASH of the one FILE, got {known}", param_hint="--known")
    return AuditHead(int(number), digest)


def _logs(settings: Settings) -> list[Path]:
    from pipeline.errors import CommandFailed

    found = sorted(settings.state_dir.glob("*/audit.jsonl"))
    if not found:
        raise CommandFailed(f"no audit log in {settings.state_dir}: name the file, or set FINSURGE_STATE_DIR")
    return found
