from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from alerts.surges.evidence import Evidence
from pipeline.candidates import EvidenceRecord, TickMark
from pipeline.exporter.collector import TopicCollector
from pipeline.exporter.feed import Read
from pipeline.exporter.pages import episode_rows
from pipeline.exporter.process import Exporter
from pipeline.exporter.selection import SelectionConfig
from pipeline.feedback.actions_on_alerts import Acknowledged, Resolved
from pipeline.receivers.sample import sample_alert
from pipeline.records import TrendRecord, encode

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
NewWindow = Callable[..., TrendRecord]
NewEvidence = Callable[..., Evidence]


def candidate(evidence: Evidence) -> Read:
    return Read("candidates", encode(EvidenceRecord(topic=evidence.topic, at=evidence.at, evidence=evidence)))


def told(exporter: Exporter, now: datetime = NOON) -> CollectorRegistry:
    registry = CollectorRegistry()
    TopicCollector(registry).show(exporter.shown(now, n_behind=0))
    return registry


def test_a_surging_topic_has_its_counts_its_band_and_its_episode(window: NewWindow, evidence: NewEvidence) -> None:
    exporter = Exporter(300, SelectionConfig())
    alert = sample_alert(topic="ftx", severity="critical")
    exporter.take([Read("trends", encode(window("ftx"))), candidate(evidence("ftx")), Read("alerts", encode(alert))])
    registry = told(exporter)
    of = {"topic": "ftx"}
    assert registry.get_sample_value("finsurge_topic_stories", {**of, "sentiment": "negative"}) == 2
    assert registry.get_sample_value("finsurge_topic_expected_negative_stories_high", of) == 4
    assert registry.get_sample_value("finsurge_topic_usual_negative_share", of) == 0.2
    assert registry.get_sample_value("finsurge_topic_return_period_seconds", of) == 40 * 86_400
    episode = {**of, "severity": "critical", "cause": "surge"}
    assert registry.get_sample_value("finsurge_topic_open_episodes", episode) == 1
    assert registry.get_sample_value("finsurge_topics_chosen", {"reason": "episode"}) == 1


def test_what_is_not_known_has_no_series_and_a_topic_that_leaves_takes_its_own_along(window: NewWindow) -> None:
    exporter = Exporter(300, SelectionConfig(max_topics=1, linger_s=0.0))
    exporter.take([Read("trends", encode(window("ftx")))])
    registry = told(exporter)
    assert registry.get_sample_value("finsurge_topic_return_period_seconds", {"topic": "ftx"}) == 0
    assert registry.get_sample_value("finsurge_topic_expected_negative_stories", {"topic": "ftx"}) is None
    exporter.take([Read("trends", encode(window("tesla", minute=5, n_documents=9)))])
    registry = told(exporter, NOON + timedelta(minutes=5))
    topics = {
        sample.labels["topic"]
        for family in registry.collect()
        for sample in family.samples
        if "topic" in sample.labels
    }
    assert topics == {"tesla"}
    assert registry.get_sample_value("finsurge_topics_known") == 2


def test_what_is_none_of_ours_is_counted_and_marks_move_time_on(window: NewWindow) -> None:
    exporter = Exporter(300, SelectionConfig())
    mark = TickMark(partition=0, at=NOON + timedelta(hours=5), n_partitions=4)
    exporter.take([Read("trends", encode(window("ftx"))), Read("candidates", encode(mark)), Read("alerts", b"\xff")])
    registry = told(exporter)
    assert registry.get_sample_value("finsurge_exporter_unusable_records") == 1
    assert registry.get_sample_value("finsurge_topics_known") == 0
    assert registry.get_sample_value("finsurge_exporter_event_timestamp_seconds") == mark.at.timestamp()


def test_the_pages_tell_who_looks_after_an_episode_and_what_ended() -> None:
    exporter = Exporter(300, SelectionConfig())
    opened, ended = sample_alert(topic="ftx"), sample_alert(topic="tesla", number=2, transition="closed")
    seen = Acknowledged(id="a-1", topic="ftx", by="ada", at=NOON, alert=opened)
    exporter.take([Read("alerts", encode(ended)), Read("alerts", encode(opened)), Read("actions", encode(seen))])
    rows = episode_rows(exporter.episodes, None, NOON)
    assert [(row.topic, row.state, row.people) for row in rows] == [
        ("ftx", "warning", "ada looks after it"),
        ("tesla", "closed", ""),
    ]
    assert [row.topic for row in episode_rows(exporter.episodes, "tesla", NOON)] == ["tesla"]
    resolved = Resolved(id="a-2", topic="ftx", by="ada", at=NOON, alert=opened)
    exporter.take([Read("actions", encode(resolved))])
    assert [row.state for row in episode_rows(exporter.episodes, "ftx", NOON)] == ["closed"]


def test_top_stories_are_those_of_the_evidence_or_else_of_the_last_alert(evidence: NewEvidence) -> None:
    exporter = Exporter(300, SelectionConfig())
    exporter.take([Read("alerts", encode(sample_alert(topic="ftx")))])
    found = exporter.episodes.stories_of("ftx", exporter.board.evidence_of("ftx"))
    assert [story.excerpt for story in found] == ["Sample Ltd halts withdrawals"]
    exporter.take([candidate(evidence("ftx"))])
    found = exporter.episodes.stories_of("ftx", exporter.board.evidence_of("ftx"))
    assert [story.excerpt for story in found] == ["FTX halts withdrawals"]
