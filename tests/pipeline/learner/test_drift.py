from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from pipeline.learner.decisions_feed import watched
from pipeline.learner.drift import DriftWatch, WatchedDecision
from pipeline.learner.metrics import LearnerMetrics
from pipeline.records import Decision, Origin, SketchRecord, SpanRecord, Tick, encode

START = datetime(2026, 1, 1, tzinfo=UTC)
N_A_DAY = 250


def decision(language: str = "en") -> Decision:
    return Decision(
        document_id="d",
        origin=Origin(0, 0),
        kind="social",
        source="Wire",
        published_at=START,
        ingested_at=START,
        decided_at=START,
        excerpt="a text",
        url=None,
        sentiment=(0.2, 0.5, 0.3),
        spans=(SpanRecord(0, 1, "a", (0.2, 0.5, 0.3)),),
        propensity=1.0,
        policy_version="p-1",
        from_cache=False,
        sketch=SketchRecord(),
        language=language,
    )


def day(number: int, n_foreign: int) -> list[WatchedDecision]:
    """A day's decisions; of them, so many and up to two more are not in English."""
    n_foreign += number * 7 % 3
    return [
        WatchedDecision(
            START + timedelta(days=number, seconds=300 * n),
            "news",
            (0.2, 0.5, 0.3),
            [],
            "p-1",
            language="de" if n < n_foreign else "en",
        )
        for n in range(N_A_DAY)
    ]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def detected(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("finsurge_drift_detected_total", {"what": "not_english"})


def test_a_lasting_change_is_found_counted_and_wakes_until_an_update_has_begun(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    watch = DriftWatch(tmp_path / "drift.json", LearnerMetrics(registry))
    for number in range(50):
        watch.read(day(number, n_foreign=5 if number < 40 else 60), {0: number})
    assert watch.has_drifted
    assert detected(registry) == 1.0
    watch.answer()
    assert not watch.has_drifted


def test_what_was_found_before_a_restart_still_wakes_after_it(tmp_path: Path, registry: CollectorRegistry) -> None:
    path = tmp_path / "drift.json"
    watch = DriftWatch(path, LearnerMetrics(registry))
    for number in range(50):
        watch.read(day(number, n_foreign=5 if number < 40 else 60), {0: number, 1: 3})
    watch.save_if_new()
    again = DriftWatch(path, LearnerMetrics(CollectorRegistry()))
    assert again.has_drifted
    assert again.next_offsets == {0: 49, 1: 3}


def test_a_restart_in_the_middle_finds_the_same_change(tmp_path: Path, registry: CollectorRegistry) -> None:
    path = tmp_path / "drift.json"
    for number in range(50):
        watch = DriftWatch(path, LearnerMetrics(CollectorRegistry() if number < 49 else registry))
        watch.read(day(number, n_foreign=5 if number < 40 else 60), {0: number})
        watch.save()
    assert watch.has_drifted
    level = registry.get_sample_value("finsurge_drift_deviations", {"what": "social"})
    assert level == 0.0  # known, and as usual


def test_a_steady_stream_wakes_nobody(tmp_path: Path, registry: CollectorRegistry) -> None:
    watch = DriftWatch(tmp_path / "drift.json", LearnerMetrics(registry))
    for number in range(60):
        watch.read(day(number, n_foreign=5), {})
    assert not watch.has_drifted


def test_of_a_decision_only_what_is_watched_is_read() -> None:
    found = watched(encode(decision(language="fr")))
    assert found is not None
    assert (found.read.n_mentions, found.read.is_english, found.read.is_social) == (1, False, True)
    assert not any("text" in str(value) for value in (found.published_at, found.kind, found.policy_version))


def test_ticks_and_what_is_no_record_are_left_out() -> None:
    assert watched(encode(Tick(stream_at=START))) is None
    assert watched(b"no json") is None
    assert watched(None) is None
