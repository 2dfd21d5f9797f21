"""What the loop hears from Kafka: decisions, reviews, rounds and shadows, each to whom it concerns."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from pipeline.demo.loop.analysts import Analysts
from pipeline.demo.loop.exam import Exam
from pipeline.demo.loop.facts import LoopFacts
from pipeline.feedback.records import ReviewDrawn, ReviewRecord
from pipeline.records import Decision, DecisionOrTick, ShadowDecision

Take = Callable[[bytes], None]


class LoopRecords:
    """Takes records by Kafka topic.

    >>> from pipeline.demo.loop.analysts import Workload
    >>> from pipeline.demo.loop.truth import Truth
    >>> facts = LoopFacts(n_wanted=1)
    >>> LoopRecords(Analysts(Truth(), Workload()), facts).takes["rounds"](b"{}")
    >>> facts.n_rounds
    1
    """

    def __init__(self, analysts: Analysts, facts: LoopFacts) -> None:
        self._analysts = analysts
        self._facts = facts
        self.exam: Exam | None = None  # that is being sat
        self._decisions: msgspec.json.Decoder[DecisionOrTick] = msgspec.json.Decoder(DecisionOrTick)
        self._reviews: msgspec.json.Decoder[ReviewRecord] = msgspec.json.Decoder(ReviewRecord)
        self._shadows = msgspec.json.Decoder(ShadowDecision)

    @property
    def takes(self) -> Mapping[str, Take]:
        """What is done with a record, by the Kafka topic's name without prefix."""
        return {
            "decisions": self._take_decision,
            "reviews": self._take_review,
            "rounds": self._take_round,
            "shadows": self._take_shadow,
        }

    def _take_decision(self, value: bytes) -> None:
        decision = self._decisions.decode(value)
        if isinstance(decision, Decision):
            self._analysts.add_decision(decision)

    def _take_review(self, value: bytes) -> None:
        review = self._reviews.decode(value)
        if isinstance(review, ReviewDrawn):
            self._analysts.add_review(review)

    def _take_round(self, value: bytes) -> None:  # noqa: ARG002
        self._facts.n_rounds += 1

    def _take_shadow(self, value: bytes) -> None:
        shadow = self._shadows.decode(value)
        self._facts.n_shadow += shadow.policy_version == self._facts.new_version
        if not self._facts.is_released:
            self._facts.n_canary += shadow.served_version == self._facts.new_version
        if self.exam is not None:
            self.exam.update(shadow)
