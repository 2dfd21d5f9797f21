import json
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.commands.alerts import command
from pipeline.settings import Settings

NOBODY = Settings(broker="kafka://127.0.0.1:1", watchlist="crypto")


def run(*arguments: str) -> Any:
    return CliRunner().invoke(command, list(arguments), obj=NOBODY)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--for", "4h", "--until", "2026-01-02T15:00Z"), "give either --for or --until"),
        ((), "give either --for or --until"),
        (("--for", "4 hours"), "'4 hours' is none; it looks like 30m, 4h or 2d"),
        (("--until", "tomorrow"), "'tomorrow' is none; it looks like 2026-01-02T15:00Z"),
        (("--until", "2026-01-02T15:00"), "it looks like 2026-01-02T15:00Z, with its offset from UTC"),
        (("--until", "2026-01-02T15:00Z"), "2026-01-02 15:00:00+00:00 is over; to end a silence say --for 0s"),
    ],
)
def test_a_silence_without_an_end_that_can_be_is_a_mistake(arguments: tuple[str, ...], said: str) -> None:
    ended = run("silence", "bitcoin", "--by", "ada", *arguments)
    assert ended.exit_code == 2
    assert said in " ".join(ended.output.replace("│", " ").split())


@pytest.mark.parametrize("name", ["ack", "escalate", "resolve", "silence"])
def test_somebody_must_do_it(name: str) -> None:
    ended = run(name, "bitcoin")
    assert ended.exit_code == 2
    assert "--by" in ended.output


def test_a_topic_that_is_not_in_the_watchlist_is_pointed_out_but_may_be_silenced() -> None:
    ended = run("silence", "bitconi", "--by", "ada", "--for", "4h")
    assert "bitconi is not in the watchlist" in ended.stderr
    assert type(ended.exception).__name__ == "BrokerUnavailable"
    assert "watchlist" not in run("silence", "~some name", "--by", "ada", "--for", "4h").stderr


def test_a_broker_that_is_not_there_is_told_in_one_line(finsurge) -> None:
    for arguments in (("list", "--json"), ("ack", "bitcoin", "--by", "ada")):
        ended = finsurge("alerts", *arguments, BROKER="kafka://127.0.0.1:1")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith("finsurge: no Kafka at 127.0.0.1:1: connection refused")
        assert json.dumps(ended.stderr).count("\\n") == 1
