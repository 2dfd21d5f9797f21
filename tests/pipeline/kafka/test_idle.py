"""A stream in which most partitions fall silent, and what `finsurge replay` makes of its decisions."""

from __future__ import annotations

import signal
import time
import urllib.request
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.records import AlertRecord, Document, decode
from pipeline.roles.faust_app import Role

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

N_EVERYWHERE = 300


def test_a_few_documents_in_one_partition_are_enough_for_windows_to_close(new_deployment, documents) -> None:
    run = new_deployment(idle_s=2.0)
    run.start()
    run.publish(list(documents(n_ordinary=12)), keys=[b"one key"] * 36)

    def hold(windows) -> bool:
        return sum(window.status == "final" and window.resolution_s == run.settings.bin_s for window in windows) >= 20

    run.until_windows(hold)
    assert run.exits == []
    # as the rules of deploy/prometheus ask: news of March, partitions without any, and nothing is late
    [delay_s] = shown(run, Role.READ, "finsurge_stream_delay_seconds")
    usual_s = run.settings.bin_s + run.settings.disorder_s
    assert delay_s > 0
    for role in (Role.LINK, Role.TRENDS, Role.SURGES):
        marks = shown(run, role, "finsurge_watermark_timestamp_seconds")
        assert len(marks) == (1 if role is Role.SURGES else run.settings.partitions)
        assert -60 < time.time() - delay_s - min(marks) < usual_s + 60
    for role in (Role.READ, Role.LINK, Role.TRENDS, Role.SURGES):
        assert shown(run, role, "finsurge_is_ready") == [1]
        assert shown(run, role, "finsurge_lag_seconds")[0] < 60
    [promoted_at] = shown(run, Role.READ, "finsurge_policy_promoted_timestamp_seconds")
    assert promoted_at == 0  # the policy of the settings


def shown(run, role: Role, name: str) -> list[float]:
    """Return the values of a metric that a process of the role shows now."""
    with urllib.request.urlopen(f"http://127.0.0.1:{run.process(role)[1]}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return [sample.value for family in families for sample in family.samples if sample.name == name]


def test_windows_close_though_three_of_four_partitions_fall_silent(
    new_deployment, documents, finsurge, tmp_path: Path
) -> None:
    values = list(documents(n_ordinary=600))
    run = new_deployment(idle_s=2.0)
    run.start()
    run.publish(values[:N_EVERYWHERE])
    run.publish(values[N_EVERYWHERE:], keys=[b"one key"] * (len(values) - N_EVERYWHERE))
    silent_at = published_at(values[N_EVERYWHERE])
    last_at = published_at(values[-1])

    def hold(windows) -> bool:
        final = [window.end_at for window in windows if window.status == "final"]
        # disorder, grace and a bin before the last document, and as much again as the stream is thin
        return bool(final) and (last_at - max(final)).total_seconds() < 4 * 3600

    run.until_windows(hold)
    assert (last_at - silent_at).total_seconds() > 40 * 3600
    run.leave(Role.READ, 0, signal.SIGTERM)  # or it would tick for ever
    run.settle()
    outcome = run.outcome()
    outcome.check()

    ended = finsurge(
        "--broker", run.settings.broker, "replay", "--from-kafka", "--out", "replayed",
        TOPIC_PREFIX=run.settings.topic_prefix, WATCHLIST="crypto",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    folder = tmp_path / "cwd" / "replayed"
    assert set((folder / "trends.jsonl").read_bytes().splitlines()) == outcome.trends.keys()
    alerts = [decode(AlertRecord, line) for line in (folder / "alerts.jsonl").read_bytes().splitlines()]
    assert {alert.id: alert for alert in alerts} == outcome.alerts
    assert len((folder / "decisions.jsonl").read_bytes().splitlines()) == outcome.n_decisions


def published_at(value: bytes) -> datetime:
    return msgspec.json.decode(value, type=Document).published_at
