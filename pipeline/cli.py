"""The `finsurge` command: settings in, one command out, one line for every mistake of the user."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import click

from pipeline.settings import SettingsInvalid, load_with_sources

LOADED = "finsurge.settings"
"""Where click keeps the settings with their sources."""

COMMANDS = {
    "alerts": "pipeline.commands.alerts",
    "analysts": "pipeline.commands.analysts",
    "audit": "pipeline.commands.audit",
    "backfill": "pipeline.commands.backfill",
    "backtest": "pipeline.commands.backtest",
    "correct": "pipeline.commands.correct",
    "demo": "pipeline.commands.demo",
    "detect": "pipeline.commands.detect",
    "doctor": "pipeline.commands.doctor",
    "evaluate": "pipeline.commands.evaluate",
    "exporter": "pipeline.commands.exporter",
    "feedback": "pipeline.commands.feedback",
    "health": "pipeline.commands.health",
    "ingest": "pipeline.commands.ingest",
    "kafka": "pipeline.commands.kafka",
    "learner": "pipeline.commands.learner",
    "policy": "pipeline.commands.policy",
    "rebuild": "pipeline.commands.rebuild",
    "replay": "pipeline.commands.replay",
    "reviews": "pipeline.commands.reviews",
    "rules": "pipeline.commands.rules",
    "settings": "pipeline.commands.settings",
    "study": "pipeline.commands.study",
    "topics": "pipeline.commands.topics",
    "train": "pipeline.commands.train",
    "trends": "pipeline.commands.trends",
    "worker": "pipeline.commands.worker",
}


class LazyGroup(click.Group):
    """Imports a command's module only when it is called: `finsurge kafka status` needs no torch."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return all names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command called `name`, which its module calls `command`."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[name]).command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path), help="YAML file with settings.")
@click.option("--broker", help="kafka://host:port, instead of FINSURGE_BROKER.")
@click.version_option(package_name="finsurge")
@click.pass_context
def finsurge(ctx: click.Context, config: Path | None, broker: str | None) -> None:
    """Watch what news and social media say, and warn when negative information about a topic surges."""
    loaded = load_with_sources(os.environ, config, broker=broker)
    ctx.obj = loaded.settings
    ctx.meta[LOADED] = loaded


def main() -> None:
    """Run the command line; the console script."""
    try:
        # out of standalone mode click returns the code of ctx.exit, and the value of a command, which is None
        sys.exit(finsurge(standalone_mode=False) or 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except SettingsInvalid as error:
        _fail(error)
    except Exception as error:
        from pipeline.errors import USER_ERRORS

        if not isinstance(error, USER_ERRORS):
            raise
        _fail(error)


def _fail(error: Exception) -> None:
    from pipeline.errors import one_line

    click.echo(f"finsurge: {one_line(error)}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
