"""What the learner tells of each analyst. `analyst` has as many values as there are analysts on the roster.

`feedback` lets nobody else's corrections become rounds, so the label is bounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pipeline.metrics.families import Family
from rl.analysts.quarantine import Quarantine
from rl.analysts.reliability import Reliability

_ANSWERS = Family(
    "finsurge_analyst_answers_total", "counter", "Answers that became rounds.", ("analyst",), ("learner",)
)
_KNOWN = [
    Family(f"finsurge_analyst_{name}", "gauge", text, ("analyst",), ("learner",))
    for name, text in {
        "accuracy": "How often an analyst is right, as far as it is known.",
        "accuracy_low": "Lower end of its 95 % interval.",
        "accuracy_high": "Upper end of its 95 % interval.",
        "weight": "Weight of each answer, in [0, 1].",
        "compared_ratings": "Ratings that the accuracy rests on.",
        "held_topics": "Topics on which the analyst's answers are held.",
    }.items()
]


@dataclass(frozen=True, slots=True)
class AnalystFigures:
    """What is known of analysts at one time, by name.

    >>> AnalystFigures({"ada": 3}, {"ada": Reliability(0.9, 40.0)}, {}).n_answers["ada"]
    3
    """

    n_answers: Mapping[str, int]
    reliabilities: Mapping[str, Reliability]
    n_held: Mapping[str, int]  # topics on which an analyst's answers are held


def figures_of(
    n_answers: Mapping[str, int], reliabilities: Mapping[str, Reliability], held: Iterable[Quarantine]
) -> AnalystFigures:
    """Return the figures, with each quarantine counted for its analyst."""
    return AnalystFigures(n_answers, reliabilities, Counter(each.analyst for each in held))


class AnalystCollector(Collector):
    """Tells what it was shown last; answers come again from the log of rounds, so they only grow.

    >>> registry = CollectorRegistry()
    >>> AnalystCollector(registry).show(AnalystFigures({"ada": 3}, {"ada": Reliability(0.9, 40.0)}, {}))
    >>> registry.get_sample_value("finsurge_analyst_answers_total", {"analyst": "ada"})
    3
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._figures = AnalystFigures({}, {}, {})
        registry.register(self)

    def show(self, figures: AnalystFigures) -> None:
        """Tell this from now on."""
        self._figures = figures

    @property
    def declared(self) -> list[Family]:
        """Return all that it tells."""
        return [_ANSWERS, *_KNOWN]

    def collect(self) -> Iterable[Metric]:
        """Yield the families of this moment."""
        figures = self._figures
        answers = CounterMetricFamily(_ANSWERS.name, _ANSWERS.text, labels=_ANSWERS.labels)
        for name, n_answers in figures.n_answers.items():
            answers.add_metric([name], n_answers)
        told = [GaugeMetricFamily(family.name, family.text, labels=family.labels) for family in _KNOWN]
        for name, known in figures.reliabilities.items():
            low, high = known.interval()
            n_held = figures.n_held.get(name, 0)
            values = (known.accuracy, low, high, known.weight, known.n_compared, n_held)
            for family, value in zip(told, values, strict=True):
                family.add_metric([name], value)
        return [answers, *told]
