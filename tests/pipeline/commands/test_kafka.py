import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.broker.server import KafkaServer
from pipeline.commands.kafka import command
from pipeline.settings import Settings


def test_a_kafka_that_was_never_started_is_told_and_the_exit_code_says_so(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    result = CliRunner().invoke(command, ["status"], obj=settings)
    assert (result.exit_code, result.stdout) == (1, f"no kafka of {tmp_path / 'kafka'} is running\n")
    result = CliRunner().invoke(command, ["stop", "--json"], obj=settings)
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"was_running": False, "home": str(tmp_path / "kafka")}


def test_missing_java_is_one_line_on_standard_error(tmp_path: Path) -> None:
    runner = CliRunner(env={"PATH": os.devnull})
    result = runner.invoke(command, ["start"], obj=Settings(state_dir=tmp_path))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: a local Kafka needs Java 17+ and Maven; not found: java, mvn")
    assert result.stderr.count("\n") == 1


@pytest.mark.kafka
def test_a_running_kafka_is_shown_with_its_address(kafka_server: KafkaServer) -> None:
    result = CliRunner().invoke(command, ["status", "--json", "--home", str(kafka_server.home)], obj=Settings())
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "is_running": True,
        "pid": kafka_server.status().pid,
        "bootstrap": kafka_server.bootstrap,
        "home": str(kafka_server.home),
    }


@pytest.mark.kafka
def test_it_is_started_on_the_port_asked_for_and_stopped(kafka: str, tmp_path: Path) -> None:
    port = KafkaServer(tmp_path).port
    settings = Settings(state_dir=tmp_path)
    started = CliRunner().invoke(command, ["start", "--port", str(port)], obj=settings)
    try:
        assert started.exit_code == 0, started.output
        assert started.stdout.startswith(f"kafka runs at 127.0.0.1:{port} (pid ")
    finally:
        stopped = CliRunner().invoke(command, ["stop"], obj=settings)
    assert (stopped.exit_code, stopped.stdout) == (0, "kafka stopped\n")
