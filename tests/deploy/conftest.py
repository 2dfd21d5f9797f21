"""What the tests of images, of compose and of charts share: a command line, tried without being run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click
import pytest

from pipeline.cli import finsurge

ROOT = Path(__file__).resolve().parents[2]

CommandOf = Callable[[Sequence[str]], str]


@pytest.fixture
def command_of() -> CommandOf:
    """Parses the words after `finsurge` and returns the name of the command; fails where it would not be taken."""

    def parse(words: Sequence[str]) -> str:
        context = finsurge.make_context("finsurge", list(words))
        name = ""
        while isinstance(context.command, click.Group):
            rest = [*context._protected_args, *context.args]
            found, command, rest = context.command.resolve_command(context, rest)
            assert command is not None
            name = f"{name} {found}".strip()
            context = command.make_context(found, rest, parent=context)
        return name

    return parse
