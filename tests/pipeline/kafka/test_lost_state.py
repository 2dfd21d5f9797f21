"""A changelog that is gone: workers do not go on as if nothing had been, and a rebuild brings all of it back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipeline import wiring
from pipeline.broker.topics import create, topic_specs
from pipeline.settings import to_environment

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]


def run_command(settings, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **to_environment(settings)}
    command = [sys.executable, "-m", "pipeline.cli", *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=200, check=False)


def test_a_changelog_that_was_lost_is_not_taken_for_a_new_deployment(new_deployment, documents):
    run = new_deployment()
    values = list(documents())
    run.publish(values[:1200])
    run.start()
    run.settle()
    run.stop()
    changelog = wiring.state_log(run.settings, "trends").kafka_topic
    with run.settings.connection.admin() as client:
        client.delete_topics([changelog])

    missing = run_command(run.settings, "worker", "--roles", "trends")
    assert (missing.returncode, missing.stderr.splitlines()[-1]) == (
        2,
        f"finsurge: Kafka topic {changelog} is missing; make it with `finsurge topics create`",
    )
    create(run.settings.connection, topic_specs(run.settings.topic_prefix, run.settings.partitions))
    empty = run_command(run.settings, "worker", "--roles", "trends")
    assert empty.returncode == 2
    assert f"{changelog} is empty, though trends has worked" in empty.stderr
    rebuilt = run_command(run.settings, "rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr

    again = new_deployment()
    again.publish(values[1200:])
    again.start()
    again.settle()
    assert again.exits == []
    outcome = again.outcome()
    assert outcome.replayed_trends <= outcome.trends.keys()
    assert outcome.alerts.keys() == outcome.replayed_alerts.keys()
