"""`finsurge worker`: a process for each role, all of them ended, loudly, when one ends."""

from __future__ import annotations

import click

from pipeline.roles.faust_app import Role
from pipeline.settings import Settings


@click.command("worker")
@click.option(
    "--roles",
    default=",".join(role.value for role in Role),
    show_default=True,
    help="Roles to run, separated by commas. One role runs in this process, several in one process each.",
)
@click.pass_obj
def command(settings: Settings, roles: str) -> None:
    """Run the stream processor.

    Example: finsurge worker --roles read
    """
    known = {role.value: role for role in Role}
    unknown = [name for name in roles.split(",") if name not in known]
    if unknown:
        raise click.BadParameter(f"no role {unknown[0]!r}; roles are {', '.join(known)}", param_hint="--roles")
    chosen = [known[name] for name in dict.fromkeys(roles.split(","))]
    from pipeline.startup import check_startup

    check_startup(settings, chosen)
    if len(chosen) == 1:
        from pipeline.worker import run_role

        run_role(settings, chosen[0])
    from pipeline.supervisor import run_roles

    raise SystemExit(run_roles(settings, chosen))
