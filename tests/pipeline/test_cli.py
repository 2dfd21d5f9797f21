import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pipeline.cli import COMMANDS, LazyGroup
from pipeline.cli import finsurge as group
from pipeline.commands.settings import markdown_tables

ROOT = Path(__file__).resolve().parents[2]


def leaves() -> Iterator[tuple[str, ...]]:
    """Return every command and subcommand by its words."""
    context = click.Context(group)
    for name in sorted(COMMANDS):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((name, sub) for sub in command.commands)
        else:
            yield (name,)


@pytest.mark.parametrize("words", list(leaves()), ids=" ".join)
def test_every_command_says_what_it_does_with_an_example(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(group, [*words, "--help"])
    assert result.exit_code == 0, result.output
    example = re.search(r"Example: (.+)", result.output)
    assert example, f"no example in finsurge {' '.join(words)} --help"
    assert "finsurge" in example.group(1)


def test_help_lists_every_command_and_loads_no_torch() -> None:
    script = (
        "import sys; from click.testing import CliRunner; from pipeline.cli import finsurge;"
        "print(CliRunner().invoke(finsurge, ['--help']).output); print('torch' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    *lines, has_torch = ended.stdout.splitlines()
    assert has_torch == "False"
    listed = {line.split()[0] for line in lines if line.startswith("  ") and line.strip()}
    assert set(COMMANDS) <= listed


def test_an_unknown_command_is_refused_with_the_usage() -> None:
    result = CliRunner().invoke(group, ["dem"])
    assert result.exit_code == 2
    assert "No such command 'dem'" in result.output


def test_the_command_line_knows_its_commands_before_it_loads_them() -> None:
    assert isinstance(group, LazyGroup)
    assert group.list_commands(click.Context(group)) == sorted(COMMANDS)


def test_the_readme_has_every_command_with_an_example() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    spelled = {words: r"\b.*\b".join(("finsurge", *words)) for words in leaves()}  # `kafka start|stop` will do
    missing = [" ".join(words) for words, pattern in spelled.items() if not re.search(rf"{pattern}\b", readme)]
    assert missing == [], "the README lacks an example of these commands"


def test_the_readme_has_every_setting_as_it_is() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "\n".join(markdown_tables()) in readme, "put the output of `finsurge settings --markdown` into the README"
