"""What the pages for operators tell to type is taken by the command line, and what they link to is there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pipeline.cli import finsurge

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(
    path
    for path in (
        *(ROOT / "docs" / "runbooks").rglob("*.md"),
        *(ROOT / "deploy").rglob("README.md"),
        ROOT / "docs" / "sizing.md",
        ROOT / "README.md",
    )
    if path.is_file()
)
FENCED = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
SHELLS = ("", "sh", "bash", "console", "shell")
INLINE = re.compile(r"`(finsurge [^`]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ASSIGNED = re.compile(r"[A-Z_]+=.*")
ENDS_COMMAND = {"|", "||", "&&", "&", ";", ">", ">>", "<", "2>&1", "2>"}
LEFT_OUT = "…"
OPTION_LEFT_OUT = re.compile(r"--(?:by|reason|roles|rules|out|force)[ =]…")


def words_after_finsurge(line: str) -> list[list[str]]:
    """Return the words of each `finsurge` on a line of shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;()")
    lexer.whitespace_split = True
    words = list(lexer)
    commands = []
    for place, word in enumerate(words):
        is_first = place == 0 or words[place - 1] in ENDS_COMMAND | {"(", "exec", "--"}
        if Path(word).name == "finsurge" and (is_first or all(map(ASSIGNED.fullmatch, words[:place]))):
            rest = words[place + 1 :]
            end = next((n for n, each in enumerate(rest) if each in ENDS_COMMAND | {")"}), len(rest))
            commands.append(rest[:end])
    return commands


def whole_lines(block: str, *, has_prompts: bool) -> Iterator[str]:
    """Yield the lines that are typed; one that ends in a backslash goes on."""
    typed = ""
    for line in block.splitlines():
        if has_prompts and not typed:
            if not line.lstrip().startswith("$ "):
                continue  # what the command printed
            line = line.lstrip().removeprefix("$ ")
        typed += line.strip().removesuffix("\\") + " "
        if not line.rstrip().endswith("\\"):
            yield typed
            typed = ""


def typed_commands(page: Path) -> Iterator[tuple[list[str], bool]]:
    """Yield the words after `finsurge`, and whether that is the whole command: in a sentence it may be a name."""
    text = page.read_text(encoding="utf-8")
    for _, language, block in FENCED.findall(text):
        if language in SHELLS:
            for line in whole_lines(block, has_prompts=language == "console"):
                if not line.lstrip().startswith("#") and "finsurge" in line:
                    yield from ((words, True) for words in words_after_finsurge(line))
    for span in INLINE.findall(FENCED.sub("", text)):
        # what is left out is the value of an option, or all that could follow
        spelled = span if OPTION_LEFT_OUT.search(span) else span.replace(LEFT_OUT, "")
        yield from ((words, False) for words in words_after_finsurge(spelled))


def check(words: list[str], *, is_whole: bool) -> None:
    """Pass if click takes the words; files that they name need not be there.

    Raises:
        click.UsageError: it does not.
    """
    command: click.Command = finsurge
    context = click.Context(command, info_name="finsurge")
    rest = words
    while True:
        given, rest, _ = command.make_parser(context).parse_args(list(rest))
        for parameter in command.get_params(context):
            value = given.get(parameter.name or "")
            if value is None or parameter.value_is_missing(value):
                if is_whole and parameter.required:
                    raise click.MissingParameter(ctx=context, param=parameter)
            elif not isinstance(parameter.type, click.Path):
                parameter.handle_parse_result(context, given, [])
        if not isinstance(command, click.Group):
            if rest:
                raise click.UsageError(f"too many words: {rest}")
            return
        if not rest:
            if is_whole and "--help" not in words:
                raise click.UsageError("a subcommand is missing")
            return
        _, found, rest = command.resolve_command(context, list(rest))
        assert found is not None
        context = click.Context(found, info_name=found.name, parent=context)
        command = found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_on_the_page_is_one_that_finsurge_takes(page: Path) -> None:
    refused = []
    for words, is_whole in typed_commands(page):
        try:
            check(words, is_whole=is_whole)
        except (click.UsageError, click.exceptions.Exit) as error:
            refused.append(f"finsurge {' '.join(words)}: {error}")
    assert refused == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_everything_that_the_page_links_to_is_there(page: Path) -> None:
    targets = LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8")))
    files = [target.partition("#")[0] for target in targets if "://" not in target]
    assert [name for name in files if name and not (page.parent / name).exists()] == []


def test_the_runbooks_are_all_found_from_their_first_page() -> None:
    folder = ROOT / "docs" / "runbooks"
    linked = set(LINK.findall((folder / "README.md").read_text(encoding="utf-8")))
    assert {path.name for path in folder.glob("*.md")} - {"README.md"} <= linked


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("finsurge workers", "No such command"),
        ("finsurge worker --rolls read", "No such option"),
        ("FINSURGE_PARTITIONS=4 finsurge topics make", "No such command"),
        ("finsurge policy promote", "Missing"),
        ("finsurge kafka start --port nine", "not a valid integer"),
        ("finsurge kafka start now", "too many words"),
        ("docker compose run --rm -- finsurge topics", "a subcommand is missing"),
    ],
)
def test_a_command_that_finsurge_does_not_take_is_refused(line: str, why: str) -> None:
    ((words),) = words_after_finsurge(line)
    with pytest.raises(click.UsageError) as refused:
        check(words, is_whole=True)
    assert why in str(refused.value) + refused.value.format_message()


def test_what_is_not_typed_is_no_command() -> None:
    assert words_after_finsurge("git clone finsurge && cd finsurge") == []
    assert words_after_finsurge("A=1 B=2 finsurge topics create && finsurge worker &") == [
        ["topics", "create"],
        ["worker"],
    ]
    assert list(whole_lines("$ finsurge doctor\nok    finsurge\n", has_prompts=True)) == ["finsurge doctor "]
