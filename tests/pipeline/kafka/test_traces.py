"""A document's trace reaches the delivered alert, through the real roles on a real Kafka, and changes no result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from pipeline.roles.faust_app import Role
from pipeline.settings import child_environment

pytest.importorskip("opentelemetry.sdk")
pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

FLOW = (Role.READ, Role.LINK, Role.TRENDS, Role.SURGES, Role.NOTIFY)
PATIENCE_S = 60.0


def ingest(run, values: list[bytes], **environ: str) -> None:
    file = run.settings.state_dir / "documents.jsonl"
    file.write_bytes(b"\n".join(values))
    command = [sys.executable, "-m", "pipeline.cli", "ingest", str(file)]
    environ = child_environment(run.settings, os.environ) | environ
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def until(hold, what: str, run) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not hold():
        assert time.monotonic() < until_s, f"no {what}: {run.exits}, {run.logs()}"
        time.sleep(0.2)


def test_a_documents_trace_reaches_the_delivered_alert_and_results_are_the_replays(
    new_deployment, documents, collector, second_hook
) -> None:
    run = new_deployment(webhook_url=second_hook.url, trace_share=1.0, log_format="json")
    run.start(FLOW)
    values = list(documents())
    ingest(run, values)
    run.settle()
    until(lambda: collector.named("deliver webhook"), "delivery", run)
    outcome = run.outcome()
    outcome.check()
    assert outcome.n_decisions == outcome.n_documents == len(values)
    assert run.exits == []
    run.stop()

    by_id = {span.span_id: span for span in collector.spans}
    delivered = collector.named("deliver webhook")[0]
    assert collector.services[delivered.span_id].endswith("finsurge-notify")
    way = [delivered]
    while way[-1].parent_span_id:
        way.append(by_id[way[-1].parent_span_id])
    prefix = run.settings.topic_prefix
    assert [span.name for span in way] == [
        "deliver webhook",
        f"process {prefix}alerts",
        "alert opened",
        f"process {prefix}candidates",
        "close windows",
    ]
    assert {span.trace_id for span in way} == {delivered.trace_id}
    window = way[-1]
    assert window.links
    for link in window.links:
        span = by_id[link.span_id]
        told = []
        while span.parent_span_id:
            told.append(span.name)
            span = by_id[span.parent_span_id]
        assert told == [f"process {prefix}{name}" for name in ("mentions", "decisions", "documents")]
        assert span.name == f"send {prefix}documents"
        assert span.trace_id == link.trace_id != delivered.trace_id
    batches = collector.named("read batch")
    assert sum(len(batch.links) for batch in batches) > 0
    assert len({span.span_id for span in collector.spans}) == len(collector.spans)

    texts = {json.loads(value)["text"] for value in values}
    told = [each.value.string_value for span in collector.spans for each in span.attributes]
    assert texts.isdisjoint(told)


def test_a_collector_that_refuses_or_is_not_there_harms_nothing(
    new_deployment, documents, collector, monkeypatch
) -> None:
    collector.status = 503
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "64")  # it runs over
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "32")
    run = new_deployment(trace_share=1.0)
    values = list(documents())[:200]
    run.start([Role.READ])
    ingest(run, values, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
    run.until_decided(len(values))
    began_s = time.monotonic()
    run.stop()
    assert time.monotonic() - began_s < 20.0
    assert run.exits == []
    assert collector.spans == []
