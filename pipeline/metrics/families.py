"""Makes metrics under finsurge's name over a registry that is given, and remembers what each is and who tells it.

Knows no metric: names, texts and labels are its caller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX = "finsurge_"


@dataclass(frozen=True, slots=True)
class Family:
    """A metric as it is declared.

    >>> Family("finsurge_late_total", "counter", "Late mentions.", (), ("link",)).kind
    'counter'
    """

    name: str  # in full
    kind: Literal["counter", "gauge", "histogram", "info"]
    text: str
    labels: tuple[str, ...]
    told_by: tuple[str, ...]  # processes


class Facts:
    """Facts, told as the labels of a 1, and no series before: prometheus_client's Info shows one without any.

    >>> registry = CollectorRegistry()
    >>> facts = Facts(Gauge("policy_info", "The policy.", ["version"], registry=registry))
    >>> facts.tell(version="p-1")
    >>> facts.tell(version="p-2")
    >>> [sample.labels for metric in registry.collect() for sample in metric.samples]
    [{'version': 'p-2'}]
    """

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge

    def tell(self, **facts: str) -> None:
        """Show these instead of those before."""
        self._gauge.clear()
        self._gauge.labels(**facts).set(1)


class Families:
    """The metrics of a process.

    Args:
        registry: where they are shown.

    >>> families = Families(CollectorRegistry())
    >>> families.counter("documents_total", "Documents read.", by="read").inc()
    >>> [(family.name, family.told_by) for family in families.declared]
    [('finsurge_documents_total', ('read',))]
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.declared: list[Family] = []

    def counter(self, name: str, text: str, *labels: str, by: str) -> Counter:
        """Return a counter; `by` names the processes that count, separated by blanks."""
        self._declare(name, "counter", text, labels, by)
        return Counter(PREFIX + name, text, labels, registry=self._registry)

    def gauge(self, name: str, text: str, *labels: str, by: str) -> Gauge:
        """Return a gauge."""
        self._declare(name, "gauge", text, labels, by)
        return Gauge(PREFIX + name, text, labels, registry=self._registry)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str, by: str) -> Histogram:
        """Return a histogram."""
        self._declare(name, "histogram", text, labels, by)
        return Histogram(PREFIX + name, text, labels, buckets=buckets, registry=self._registry)

    def info(self, name: str, text: str, *labels: str, by: str) -> Facts:
        """Return facts that are shown as the labels of a 1; its full name ends in `_info`."""
        self._declare(f"{name}_info", "info", text, labels, by)
        return Facts(Gauge(f"{PREFIX}{name}_info", text, labels, registry=self._registry))

    def _declare(
        self,
        name: str,
        kind: Literal["counter", "gauge", "histogram", "info"],
        text: str,
        labels: tuple[str, ...],
        by: str,
    ) -> None:
        self.declared.append(Family(PREFIX + name, kind, text, labels, tuple(by.split())))
