"""Rules that are applied while `surges` runs, on the real Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.surges.evidence import Evidence, SurgeReason
from pipeline.broker.rule_log import rules_taken, send_rules
from pipeline.candidates import EvidenceRecord, TickMark
from pipeline.records import AlertRecord, decode, encode
from pipeline.roles.faust_app import Role

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def candidate(topic: str, minutes: float) -> bytes:
    at = NOON + timedelta(minutes=minutes)
    evidence = Evidence(
        topic=topic,
        at=at,
        reason=SurgeReason.SURGE,
        is_over=True,
        is_raised=True,
        return_period_s=5e6,
        n_negative=7,
        n_stories=9,
        expected=0.5,
        expected_low=0,
        expected_high=2,
        negative_share=0.8,
        usual_share=0.2,
        p_volume=1e-6,
        p_share=1e-3,
        onset_at=at,
        n_sources=3,
        baseline_age_s=1e6,
    )
    return encode(EvidenceRecord(topic=topic, at=at, evidence=evidence))


def marks(minutes: float) -> list[bytes]:
    at = NOON + timedelta(minutes=minutes)
    return [encode(TickMark(partition=number, at=at, n_partitions=4)) for number in range(4)]


def test_rules_hold_from_the_next_tick_on_and_after_a_kill(new_deployment: Callable[..., Any]) -> None:
    deployment = new_deployment()
    deployment.start([Role.SURGES])
    deployment.publish_raw("candidates", [candidate("ftx", 0), *marks(0)])
    deployment.settle()
    silent = "topics: {kraken: {is_on: false}}"
    asyncio.run(send_rules(deployment.settings, silent, "ada", NOON))
    deployment.settle()
    deployment.kill(Role.SURGES)
    deployment.publish_raw("candidates", [candidate("kraken", 5), candidate("okx", 5), *marks(5)])
    deployment.settle()
    told = [decode(AlertRecord, record.value) for record in deployment.read("alerts")]
    assert sorted(alert.id for alert in told) == ["ftx/1/1", "okx/1/1"]
    (taken,) = asyncio.run(rules_taken(deployment.settings))
    assert (taken.text, taken.by, taken.after) == (silent, "ada", NOON)
    assert {alert.rules_version for alert in told if alert.topic == "okx"} == {taken.version}
