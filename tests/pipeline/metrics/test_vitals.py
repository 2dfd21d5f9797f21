from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from pipeline.metrics.vitals import Vitals


def test_a_process_says_what_it_is_and_how_it_is_at_each_scrape(tmp_path: Path) -> None:
    registry, unready, stuck = CollectorRegistry(), ["starting"], list[str]()
    later = tmp_path / "state" / "read"  # made by the process once it has started
    Vitals(registry, "read", "dev-", later, stuck=lambda: stuck, unready=lambda: unready)
    shown = registry.get_sample_value
    (sample,) = next(metric.samples for metric in registry.collect() if metric.name == "finsurge_process_info")
    assert (sample.labels["process"], sample.labels["deployment"]) == ("read", "dev-")
    assert (shown("finsurge_is_ready"), shown("finsurge_is_stuck")) == (0.0, 0.0)
    unready.clear()
    stuck.append("nothing acknowledged")
    assert (shown("finsurge_is_ready"), shown("finsurge_is_stuck")) == (1.0, 1.0)
    free, size = shown("finsurge_disk_free_bytes"), shown("finsurge_disk_bytes")
    assert free is not None
    assert size is not None
    assert 0 < free < size


def test_a_process_that_no_rule_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="got readers"):
        Vitals(CollectorRegistry(), "readers", "", Path("/"), stuck=list, unready=list)
