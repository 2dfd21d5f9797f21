"""What the learner says of itself on its metrics port, as the demo follows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

from pipeline.demo.loop.facts import UpdateFigures

_FAILURES = "finsurge_learner_update_failures_total"
_ROLLOUT = "finsurge_rollout_steps_total"
_ENDS = ("fails", "differs", "worse")
"""Reasons for which a candidate goes no further."""


@dataclass(frozen=True, slots=True)
class LearnerGauges:
    """The learner's figures.

    >>> LearnerGauges.parse('finsurge_learner_fresh_rounds 3.0').n_fresh
    3
    """

    n_fresh: int = 0  # rounds that wait for an update
    update: UpdateFigures = field(default_factory=UpdateFigures)
    n_failures: int = 0  # updates without a candidate
    refusal: str | None = None  # why a candidate that had passed the gate goes no further

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the figures that a /metrics page holds."""
        values: dict[str, float] = {}
        refusal: str | None = None
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == _ROLLOUT and sample.value and sample.labels["reason"] in _ENDS:
                    refusal = sample.labels["reason"]
                elif not sample.labels:
                    values[sample.name] = sample.value
        update = UpdateFigures(
            step=int(values.get("finsurge_learner_update_step", 0)),
            n_steps=int(values.get("finsurge_learner_update_steps", 0)),
            reward=values.get("finsurge_learner_update_reward"),
            kl=values.get("finsurge_learner_update_kl"),
        )
        n_fresh = int(values.get("finsurge_learner_fresh_rounds", 0))
        return cls(n_fresh, update, int(values.get(_FAILURES, 0)), refusal)
