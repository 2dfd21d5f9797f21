from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerts.rules.parse import RulesInvalid, parse_rules
from pipeline.commands.rules import command
from pipeline.errors import CommandFailed
from pipeline.settings import Settings

RULES = """
default:
  quiet: [{begin: 22:00, end: 07:00, timezone: Europe/Berlin}]
groups:
  banks: {topics: [financials], false_alarms: 0.5, quiet: []}
topics:
  jpmorgan: {severity: critical}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, encoding="utf-8")
    return file


def run(*words: str, **settings: object) -> Result:
    return CliRunner().invoke(command, words, obj=Settings(**settings), env={"COLUMNS": "160"})  # type: ignore[arg-type]


def test_good_rules_are_said_to_be_good(file: Path) -> None:
    ended = run("check", str(file))
    version = parse_rules(RULES).version

    assert (ended.exit_code, ended.stdout) == (
        0,
        f"{file}: as it should be; groups: 1, topics: 1, version {version}\n",
    )


def test_every_fault_is_a_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("default: {min_sources: 0}\ntopics: {tesla: {hold: 3}}", encoding="utf-8")
    ended = run("check", str(file))

    assert ended.exit_code == 1
    assert ended.stdout.splitlines() == [
        f"{file}: default: `min_sources` must be >= 1, got 0",
        f"{file}: topics.tesla: `hold` must have a unit, such as 3m, 3h or 3d, got 3",
    ]
    told = json.loads(run("check", str(file), "--json").stdout)
    assert (len(told["faults"]), told["findings"], told["version"]) == (2, [], None)


def test_what_changes_nothing_beside_the_watchlist_is_a_line(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(
        "topics: {tessla: {hold: 3h}, ford: {is_on: false, absolutes: [{name: sour, polarity_below: -0.4}]}}"
    )
    ended = run("check", rules=file)

    assert ended.exit_code == 1
    assert ended.stdout.splitlines() == [
        f"{file}: topics: 'tessla' is no topic of the watchlist; did you mean tesla?",
        f"{file}: topics.ford.absolutes: 'sour' can never fire: each topic that it is for is off, "
        "or has `absolutes` of its own",
    ]


def test_another_watchlist_knows_other_topics(file: Path) -> None:
    assert "'jpmorgan' is no topic of the watchlist" in run("check", str(file), watchlist="crypto").stdout


def test_without_a_file_there_is_nothing_to_check() -> None:
    ended = run("check")
    assert ended.exit_code == 2
    assert "name a file, or set FINSURGE_RULES" in ended.stderr


def test_a_file_that_is_not_there_is_a_line(tmp_path: Path) -> None:
    ended = run("check", str(tmp_path / "absent.yaml"))
    assert ended.exit_code == 1
    assert ended.stdout == f"{tmp_path}/absent.yaml: cannot be read: No such file or directory\n"


def test_the_example_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(run("example").stdout, encoding="utf-8")

    ended = run("check", str(file))
    assert ended.exit_code == 0, ended.stdout


def test_a_topic_is_explained_field_by_field(file: Path) -> None:
    told = json.loads(run("explain", "jpmorgan", "--file", str(file), "--json").stdout)

    assert told["ancestors"] == ["banks", "financials"]
    assert told["version"] == parse_rules(RULES).version
    fields = {field.pop("field"): field for field in told["fields"]}
    assert fields["false_alarms"] == {
        "value": 0.5,
        "from": "group banks, through financials",
        "meaning": "about one false alarm at most in 60 days",
    }
    assert fields["severity"] == {"value": "critical", "from": "topic jpmorgan", "meaning": "always critical"}
    assert fields["hold"]["from"] == "built in"
    assert (told["quiet_until"], told["next_quiet"]) == (None, None)


def test_the_next_quiet_hours_are_told(file: Path) -> None:
    told = json.loads(run("explain", "tesla", "--json", rules=file).stdout)
    begin, end = (datetime.fromisoformat(told["next_quiet"][name]) for name in ("begin", "end"))

    assert 8 <= (end - begin).total_seconds() / 3_600 <= 10  # nine hours, but for the nights on which clocks change
    shown = run("explain", "tesla", rules=file).stdout
    assert "next quiet from " in shown
    assert "22:00 Europe/Berlin to " in shown
    assert "every day from 22:00 to 07:00 the day after (Europe/Berlin)" in " ".join(shown.split())


def test_without_rules_what_is_built_in_is_explained() -> None:
    ended = run("explain", "tesla")

    assert ended.exit_code == 0, ended.output
    assert ended.stdout.startswith("tesla (under autos, consumer), by no rules: what is built in")
    assert "about one false alarm at most in 30 days" in ended.stdout


def test_a_discovered_topic_is_explained_by_what_holds_for_all(file: Path) -> None:
    told = json.loads(run("explain", "~brown forman", "--json", rules=file).stdout)
    assert told["ancestors"] == []
    assert {field["from"] for field in told["fields"]} == {"built in", "default"}


def test_a_topic_that_nobody_knows_is_a_mistake_with_the_nearest() -> None:
    ended = run("explain", "tessla")
    assert isinstance(ended.exception, CommandFailed)
    assert str(ended.exception) == "'tessla' is no topic of the watchlist default; did you mean tesla?"


def test_rules_that_cannot_be_used_explain_nothing(tmp_path: Path) -> None:
    ended = run("explain", "tesla", rules=tmp_path / "absent.yaml")
    assert isinstance(ended.exception, RulesInvalid)
