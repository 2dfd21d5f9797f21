from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from alerts.episodes import EpisodeConfig, EpisodeTracker
from alerts.evidence import Evidence, EvidenceStory, SurgeReason
from pipeline.metrics import Metrics
from pipeline.records import AlertRecord, EvidenceRecord, Origin, decode, encode
from pipeline.stage import MemoryStates, Outbound, partition_of
from pipeline.stages.surges import SurgesStage

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
CONFIG = EpisodeConfig(hold_s=3600, cool_down_s=0)


def candidate(hours: float, topic: str = "ftx", *, is_over: bool = True, **changes: Any) -> EvidenceRecord:
    moment = NOON + timedelta(hours=hours)
    fields: dict[str, Any] = {
        "topic": topic,
        "at": moment,
        "reason": SurgeReason.SURGE if is_over else SurgeReason.QUIET,
        "is_over": is_over,
        "is_raised": is_over,
        "return_period_s": 5e6,
        "n_negative": 5,
        "n_stories": 6,
        "expected": 0.5,
        "expected_low": 0,
        "expected_high": 2,
        "negative_share": 5 / 6,
        "usual_share": 0.2,
        "p_volume": 1e-6,
        "p_share": 1e-3,
        "onset_at": NOON,
        "n_sources": 2,
        "baseline_age_s": 1e6,
        "stories": (EvidenceStory("FTX halts withdrawals", None, "Wire", 3, NOON),),
        "policy_versions": ("v1", "v2"),
    }
    return EvidenceRecord(topic=topic, at=moment, evidence=Evidence(**fields | changes))


@pytest.fixture
def states() -> MemoryStates[EpisodeTracker]:
    return MemoryStates()


def new_stage(states: MemoryStates[EpisodeTracker], metrics: Metrics) -> SurgesStage:
    return SurgesStage(states, metrics, partitions=4, config=CONFIG, names={"ftx": "FTX Trading"})


def fed(stage: SurgesStage, *candidates: EvidenceRecord) -> list[Outbound]:
    return [out for n, record in enumerate(candidates) for out in stage.step(record, Origin(0, n))]


def alerts(outbound: list[Outbound]) -> list[AlertRecord]:
    return [out.record for out in outbound if isinstance(out.record, AlertRecord)]


EPISODE = (
    candidate(0),
    candidate(0.5, n_negative=20, n_sources=6, return_period_s=2e7),
    candidate(1, n_negative=20, n_sources=6, return_period_s=2e7),
    candidate(1.5, is_over=False),
    candidate(3, is_over=False),
    candidate(10),
)


def test_an_episode_makes_one_alert_a_transition(
    states: MemoryStates[EpisodeTracker], metrics: Metrics, registry: CollectorRegistry
) -> None:
    made = alerts(fed(new_stage(states, metrics), *EPISODE))
    assert [(alert.id, alert.transition, alert.severity) for alert in made] == [
        ("ftx/1/1", "opened", "warning"),
        ("ftx/1/2", "escalated", "critical"),
        ("ftx/1/3", "closed", "critical"),
        ("ftx/2/1", "opened", "warning"),
    ]
    assert registry.get_sample_value("finsurge_alerts_total", {"transition": "opened"}) == 2


def test_an_alert_carries_its_evidence_and_lies_on_the_partition_of_its_topic(
    states: MemoryStates[EpisodeTracker], metrics: Metrics
) -> None:
    (out,) = fed(new_stage(states, metrics), candidate(0))
    assert (out.kafka_topic, out.key, out.partition) == ("alerts", b"ftx", partition_of("ftx", 4))
    (alert,) = alerts([out])
    assert (alert.topic_name, alert.n_negative, alert.n_stories, alert.n_sources) == ("FTX Trading", 5, 6, 2)
    assert (alert.at, alert.opened_at, alert.onset_at) == (NOON, NOON, NOON)
    assert [(story.excerpt, story.copies) for story in alert.stories] == [("FTX halts withdrawals", 3)]
    assert alert.policy_versions == ("v1", "v2")
    assert "FTX Trading" in alert.summary
    assert decode(AlertRecord, encode(alert)) == alert


def test_a_topic_that_is_on_no_watchlist_is_called_by_its_key(
    states: MemoryStates[EpisodeTracker], metrics: Metrics
) -> None:
    (alert,) = alerts(fed(new_stage(states, metrics), candidate(0, topic="acme gmbh")))
    assert alert.topic_name == "acme gmbh"


def test_evidence_that_comes_again_makes_no_alert_again(
    states: MemoryStates[EpisodeTracker], metrics: Metrics
) -> None:
    stage = new_stage(states, metrics)
    assert len(fed(stage, *EPISODE)) == 4
    assert fed(stage, *EPISODE) == []


@pytest.mark.parametrize("n_written", range(len(EPISODE)))
def test_a_crash_between_outputs_and_state_repeats_alerts_under_the_same_ids(
    metrics: Metrics, n_written: int
) -> None:
    undisturbed: MemoryStates[EpisodeTracker] = MemoryStates()
    expected = {alert.id: alert for alert in alerts(fed(new_stage(undisturbed, metrics), *EPISODE))}
    written: MemoryStates[EpisodeTracker] = MemoryStates()
    sent = alerts(fed(new_stage(written, metrics), *EPISODE[:n_written]))
    held = written.get("ftx")
    snapshot = held.snapshot() if held else None
    sent += alerts(fed(new_stage(written, metrics), *EPISODE[n_written:]))  # sent, and its state lost
    recovered: MemoryStates[EpisodeTracker] = MemoryStates()
    if snapshot is not None:
        recovered.put("ftx", 0, EpisodeTracker.restore(CONFIG, snapshot))
    sent += alerts(fed(new_stage(recovered, metrics), *EPISODE))
    assert {alert.id: alert for alert in sent} == expected
    assert all(alert == expected[alert.id] for alert in sent)


def test_topics_have_episodes_of_their_own(states: MemoryStates[EpisodeTracker], metrics: Metrics) -> None:
    made = alerts(fed(new_stage(states, metrics), candidate(0), candidate(0, "gold"), candidate(0.5, "gold")))
    assert [alert.id for alert in made] == ["ftx/1/1", "gold/1/1"]


def test_an_episode_that_corrections_close_says_so(states: MemoryStates[EpisodeTracker], metrics: Metrics) -> None:
    none = candidate(0.5, is_over=False, reason=SurgeReason.CORRECTED, n_negative=1, n_corrected=4, stories=())
    made = alerts(fed(new_stage(states, metrics), candidate(0), none))
    assert [(alert.transition, alert.reason, alert.n_negative) for alert in made] == [
        ("opened", "surge", 5),
        ("closed", "corrected", 1),
    ]
    assert "is over after 30 min, as 4 negative stories were corrected" in made[-1].summary


def test_evidence_from_before_there_were_corrections_is_read() -> None:
    raw = msgspec.json.decode(encode(candidate(0)))
    for name in ("n_corrected", "negative_ratio"):
        del raw["evidence"][name]
    assert decode(EvidenceRecord, msgspec.json.encode(raw)) == candidate(0)
