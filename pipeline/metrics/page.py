"""The page `docs/metrics.md`: every metric of every process, as the code declares it.

python -m pipeline.metrics.page > docs/metrics.md
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry

from pipeline.exporter.collector import TopicCollector
from pipeline.feedback.metrics import FeedbackMetrics
from pipeline.learner.analyst_metrics import AnalystCollector
from pipeline.learner.metrics import LearnerMetrics
from pipeline.metrics import Metrics
from pipeline.metrics.families import Family
from pipeline.metrics.vitals import ALL, Vitals

_HEAD = """\
# Metrics

Every process answers `/metrics` on a port of its own (README, `FINSURGE_HTTP_PORT`). This page is made from the code
by `python -m pipeline.metrics.page > docs/metrics.md`; a test holds it to that. The names are a contract: dashboards
and rules outside of this repository may rest on them, so one that changes or goes is told in the CHANGELOG.

The five roles have one set of metrics; one that a role has no use for stays at 0, or has no series. A timestamp is in
seconds since 1970, and 0 stands for "never" or "none". Values in braces are those that a label has from the start;
others come from settings and from what happens.

`finsurge_process_info` says what a process is, whatever the scrape is called, so that any metric can be asked for by
process: `x * on (job, instance) group_left (deployment, process) finsurge_process_info`. Its label `deployment` is
`FINSURGE_TOPIC_PREFIX`. Beside these there is what every Python process tells: `process_start_time_seconds`,
`process_resident_memory_bytes`, `process_cpu_seconds_total`, `process_open_fds`, `process_max_fds`.

| metric | type | labels | told by | what |
|---|---|---|---|---|
"""


def families() -> list[Family]:
    """Return all metrics, those of the vital signs first."""
    return [family for _, declared in _declared() for family in declared]


def page() -> str:
    """Return the whole page."""
    values = label_values()
    return _HEAD + "".join(_row(family, values) for family in families())


def label_values() -> dict[tuple[str, str], dict[str, None]]:
    """Return the values that a metric's label has from the start, by the names of both."""
    values: dict[tuple[str, str], dict[str, None]] = {}
    for registry, _ in _declared():
        for metric in registry.collect():
            for sample in metric.samples:
                for label, value in sample.labels.items():
                    values.setdefault((sample.name, label), {})[value] = None
    return values


def _declared() -> Iterable[tuple[CollectorRegistry, list[Family]]]:
    registry = CollectorRegistry()
    vitals = Vitals(registry, "read", "", Path("/"), stuck=list, unready=list)
    yield CollectorRegistry(), vitals.families.declared  # what they show is of this machine
    for metrics in (Metrics, FeedbackMetrics, LearnerMetrics):
        registry = CollectorRegistry()
        yield registry, metrics(registry).families.declared
    for collector in (AnalystCollector, TopicCollector):
        registry = CollectorRegistry()
        yield registry, collector(registry).declared


def _row(family: Family, values: dict[tuple[str, str], dict[str, None]]) -> str:
    labels = []
    for label in family.labels:
        found = ", ".join(values.get((family.name, label), ()))
        labels.append(f"`{label}` {{{found}}}" if found else f"`{label}`")
    by = "all" if family.told_by == tuple(ALL.split()) else ", ".join(family.told_by)
    return f"| `{family.name}` | {family.kind} | {', '.join(labels)} | {by} | {family.text} |\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
