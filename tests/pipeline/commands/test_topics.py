import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.broker.connection import Connection
from pipeline.broker.topics import TopicSpec, create, topic_specs
from pipeline.commands.topics import command
from pipeline.settings import Settings


@pytest.mark.kafka
def test_check_fails_until_create_has_run(kafka: str, topic_prefix: str) -> None:
    settings = Settings(broker=f"kafka://{kafka}", topic_prefix=topic_prefix, partitions=2)
    before = CliRunner().invoke(command, ["check"], obj=settings)
    assert before.exit_code == 1
    assert f"{topic_prefix}alerts: it is missing; run `finsurge topics create`\n" in before.stdout
    made = CliRunner().invoke(command, ["create", "--json"], obj=settings)
    assert made.exit_code == 0
    assert json.loads(made.stdout) == {"made": [s.name for s in topic_specs(topic_prefix, 2)], "findings": []}
    after = CliRunner().invoke(command, ["check"], obj=settings)
    n_topics = len(topic_specs(topic_prefix, 2))
    assert (after.exit_code, after.stdout) == (0, f"all {n_topics} Kafka topics are as they should be\n")


@pytest.mark.kafka
def test_create_does_not_hide_that_an_existing_one_is_wrong(kafka: str, topic_prefix: str) -> None:
    create(Connection(kafka), [TopicSpec(f"{topic_prefix}alerts", 1)])
    settings = Settings(broker=f"kafka://{kafka}", topic_prefix=topic_prefix, partitions=2)
    result = CliRunner().invoke(command, ["create"], obj=settings)
    assert result.exit_code == 1
    assert f"{topic_prefix}alerts: it has 1 partitions, not 2;" in result.stdout


def test_an_unreachable_broker_is_one_line_on_standard_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for name in ("create", "check"):
        result = CliRunner().invoke(command, [name], obj=Settings(broker=f"kafka://127.0.0.1:{port}"))
        assert result.exit_code == 1
        assert result.stdout == ""
        assert result.stderr.startswith(f"Error: no Kafka at 127.0.0.1:{port}: connection refused")
        assert result.stderr.count("\n") == 1


def test_a_good_watchlist_is_said_to_be_good() -> None:
    result = CliRunner().invoke(command, ["check", "crypto"], obj=Settings())
    assert result.exit_code == 0
    assert result.stdout.startswith("crypto: 71 topics, version ")


def test_every_fault_of_a_watchlist_is_a_line(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text("topics: [{id: a, name: Acme, parent: x}, {id: b, name: Acme Inc}]", encoding="utf-8")
    result = CliRunner().invoke(command, ["check", str(file)], obj=Settings())
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{file}: topic a: parent 'x' is not a topic here; add it, or leave it out",
        f"{file}: topic b: name 'Acme Inc' is claimed by topic a as well; leave it to one of them",
    ]
    told = json.loads(CliRunner().invoke(command, ["check", str(file), "--json"], obj=Settings()).stdout)
    assert (len(told["faults"]), told["topics"], told["version"]) == (2, 0, None)


def test_a_missing_watchlist_is_a_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["check", str(tmp_path / "absent.yaml")], obj=Settings())
    assert result.exit_code == 1
    assert "absent.yaml: cannot be read: No such file or directory\n" in result.stdout
