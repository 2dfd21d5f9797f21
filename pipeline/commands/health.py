"""`finsurge health`: whether the processes of this machine or container live; a container asks it again and again."""

from __future__ import annotations

import json

import click

from pipeline.settings import Settings


@click.command("health")
@click.option("--ready", is_flag=True, help="Ask whether they are ready (/readyz), not only whether they live.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(settings: Settings, ready: bool, as_json: bool) -> None:
    """Ask every finsurge process that runs on this machine how it is.

    Exit code: 0 at least one answers and all are well, 1 one of them is not, or none runs.

    Example: finsurge health --ready
    """
    from pipeline.probe import PLACES, ask_processes

    answers = list(ask_processes(settings, "/readyz" if ready else "/healthz"))
    if as_json:
        click.echo(json.dumps({answer.process: list(answer.reasons) for answer in answers}))
    else:
        for answer in answers:
            click.echo(f"{answer.process}: {'; '.join(answer.reasons) or 'ok'}")
        if not answers:
            last = settings.http_port + max(PLACES.values())
            click.echo(f"no finsurge process listens on {settings.http_host}:{settings.http_port}-{last}", err=True)
    raise SystemExit(not answers or any(not answer.is_good for answer in answers))
