import math
import os
import shutil
import subprocess
from datetime import UTC, datetime
from enum import StrEnum

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from pipeline.metrics import Metrics
from pipeline.metrics.outcomes import DeliveryOutcome, DocumentOutcome, RepeatReason


class Reason(StrEnum):
    MALFORMED = "malformed"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry)


def used(metrics: Metrics) -> None:
    metrics.count_documents(DocumentOutcome.DECIDED, 5)
    metrics.count_language("de")
    metrics.count_language("xx")
    metrics.count_dead_letter(Reason.MALFORMED)
    metrics.observe_batch(n_documents=5, padding_ratio=0.25, policy_s=0.04, queue_age_s=0.02)
    metrics.set_policy(version="p-1", device="cpu", precision="bf16")
    metrics.set_lag("documents", 3, 17)
    metrics.set_lag_age(4.5)
    metrics.set_stream_delay(130.0)
    metrics.set_windows(bin_s=300, disorder_s=120)
    metrics.set_watermark(3, datetime(2026, 1, 3, tzinfo=UTC))
    metrics.set_promoted(datetime(2026, 1, 4, tzinfo=UTC))
    metrics.set_watchlist(284)
    metrics.count_rules("refused")
    metrics.set_parked(2)
    metrics.count_gap("decisions")
    metrics.count_mentions(7)
    metrics.count_late(2)
    metrics.count_windows("provisional", 1, 4)
    metrics.count_windows("final", 1, 4)
    metrics.count_alert("opened")
    metrics.add_receiver("log")
    metrics.count_delivery("log", DeliveryOutcome.DELIVERED)
    metrics.observe_delivery("log", 0.2)
    metrics.set_waiting("log", 3, datetime(2026, 1, 1, tzinfo=UTC))
    metrics.count_repeat("log", RepeatReason.RESTART)
    metrics.progress(datetime(2026, 1, 2, tzinfo=UTC))


def test_each_fact_is_found_under_its_documented_name(registry: CollectorRegistry, metrics: Metrics) -> None:
    used(metrics)
    expected = {
        ("finsurge_documents_total", ("outcome", "decided")): 5,
        ("finsurge_documents_total", ("outcome", "rejected")): 0,
        ("finsurge_document_languages_total", ("language", "de")): 1,
        ("finsurge_document_languages_total", ("language", "other")): 1,
        ("finsurge_document_languages_total", ("language", "en")): 0,
        ("finsurge_dead_letters_total", ("reason", "malformed")): 1,
        ("finsurge_batch_documents_sum",): 5,
        ("finsurge_batch_padding_ratio_sum",): 0.25,
        ("finsurge_policy_seconds_sum",): 0.04,
        ("finsurge_queue_age_seconds_sum",): 0.02,
        ("finsurge_policy_info", ("version", "p-1"), ("device", "cpu"), ("precision", "bf16")): 1,
        ("finsurge_lag_records", ("kafka_topic", "documents"), ("partition", "3")): 17,
        ("finsurge_lag_seconds",): 4.5,
        ("finsurge_stream_delay_seconds",): 130,
        ("finsurge_bin_seconds",): 300,
        ("finsurge_disorder_seconds",): 120,
        # 20,456 days after the epoch, and a day later
        ("finsurge_watermark_timestamp_seconds", ("partition", "3")): 20_456 * 86_400,
        ("finsurge_policy_promoted_timestamp_seconds",): 20_457 * 86_400,
        ("finsurge_policy_swap_failures_total", ("reason", "unsigned")): 0,
        ("finsurge_watchlist_topics",): 284,
        ("finsurge_rules_total", ("outcome", "refused")): 1,
        ("finsurge_rules_total", ("outcome", "taken")): 0,
        ("finsurge_parked_alerts",): 2,
        ("finsurge_gaps_total", ("kafka_topic", "decisions")): 1,
        ("finsurge_gaps_total", ("kafka_topic", "documents")): 0,
        ("finsurge_mentions_total",): 7,
        ("finsurge_late_total",): 2,
        ("finsurge_windows_total", ("status", "provisional")): 1,
        ("finsurge_windows_total", ("status", "revised")): 0,
        ("finsurge_stories_total",): 4,
        ("finsurge_alerts_total", ("transition", "opened")): 1,
        ("finsurge_alerts_total", ("transition", "closed")): 0,
        ("finsurge_deliveries_total", ("receiver", "log"), ("outcome", "delivered")): 1,
        ("finsurge_deliveries_total", ("receiver", "log"), ("outcome", "refused")): 0,
        ("finsurge_delivery_seconds_sum", ("receiver", "log")): 0.2,
        ("finsurge_waiting_alerts", ("receiver", "log")): 3,
        # 20,454 days after the epoch
        ("finsurge_waiting_since_timestamp_seconds", ("receiver", "log")): 20_454 * 86_400,
        ("finsurge_delivery_repeats_total", ("receiver", "log"), ("reason", "restart")): 1,
        ("finsurge_delivery_repeats_total", ("receiver", "log"), ("reason", "no_answer")): 0,
        # 20,455 days after the epoch
        ("finsurge_last_progress_timestamp_seconds",): 20_455 * 86_400,
    }
    found = {key: registry.get_sample_value(key[0], dict(key[1:])) for key in expected}
    assert found == expected


def test_a_process_without_a_policy_tells_of_none(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.count_mentions()  # as `link` does, which has no policy
    assert "\nfinsurge_policy_info" not in generate_latest(registry).decode()


def test_a_new_policy_takes_the_old_ones_place(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.set_policy(version="p-1", device="cpu", precision="bf16")
    metrics.set_policy(version="p-2", device="cpu", precision="bf16")
    shown = [line for line in generate_latest(registry).decode().splitlines() if "policy_info{" in line]
    assert shown == ['finsurge_policy_info{device="cpu",precision="bf16",version="p-2"} 1.0']


def test_lags_of_revoked_partitions_are_dropped(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.set_lag("documents", 3, 17)
    metrics.forget_lag()
    assert "finsurge_lag_records{" not in generate_latest(registry).decode()


def test_watermarks_of_revoked_partitions_are_dropped(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.set_watermark(3, datetime(2026, 1, 3, tzinfo=UTC))
    metrics.forget_watermarks()
    assert "finsurge_watermark_timestamp_seconds{" not in generate_latest(registry).decode()


def test_before_the_first_document_the_streams_time_is_not_known(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    metrics.set_stream_delay(None)
    shown = registry.get_sample_value("finsurge_stream_delay_seconds")
    assert shown is not None
    assert math.isnan(shown)  # 0 would have a back-fill of old news look years behind


def test_promtool_finds_no_fault_in_the_names(registry: CollectorRegistry, metrics: Metrics) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        why = "no promtool on the path: apt-get install prometheus"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    used(metrics)
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=generate_latest(registry), capture_output=True, timeout=60
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
