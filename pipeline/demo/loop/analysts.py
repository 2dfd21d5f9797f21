"""The invented analysts: what lies before them, and what they answer next.

They know what is right of every document, err never, and look for red flags by themselves. Knows no Kafka.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from pipeline.demo.loop.answer import answered, found, is_right
from pipeline.demo.loop.truth import Truth
from pipeline.demo.right import Right
from pipeline.feedback.records import Correction, ReviewDrawn
from pipeline.records import Decision

ANALYSTS = ("ada", "ben", "chloe", "dev")


@dataclass(frozen=True, slots=True)
class Workload:
    """How much the analysts answer.

    >>> Workload().n_corrections
    160
    """

    n_found: int = 60
    # Mistakes that they come upon: each wording two or three times.
    n_reviewed: int = 100
    # Reviews, most of them of decisions that were right: without them a policy would forget what it knew.

    @property
    def n_corrections(self) -> int:
        """All of them."""
        return self.n_found + self.n_reviewed


@dataclass(frozen=True, slots=True)
class Answered:
    """A correction, and the decision that it is about where the analyst came upon it."""

    correction: Correction
    mistake: Decision | None = None


class Analysts:
    """Takes decisions and reviews, and gives one answer after the other until the workload is done.

    >>> Analysts(Truth(), Workload()).answer(datetime.fromisoformat("2026-01-02T12:00:00+00:00")) is None
    True
    """

    def __init__(self, truth: Truth, workload: Workload) -> None:
        self._truth = truth
        self._workload = workload
        self._mistakes: deque[Decision] = deque(maxlen=workload.n_found)  # the latest: those are looked through
        self._reviews: deque[ReviewDrawn] = deque()
        self._texts: set[str] = set()  # of mistakes: of copies one is corrected
        self._ids: set[str] = set()  # of documents that were answered
        self._names = itertools.cycle(ANALYSTS)
        self.n_found = 0
        self.n_reviewed = 0

    @property
    def n_answered(self) -> int:
        """How much is done."""
        return self.n_found + self.n_reviewed

    @property
    def are_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.n_answered >= self._workload.n_corrections

    def add_decision(self, decision: Decision) -> None:
        """Take note of a decision that may be wrong."""
        right = self._truth.of(decision.document_id)
        if right is None or not right.is_red_flag or is_right(decision, right) or decision.excerpt in self._texts:
            return
        self._texts.add(decision.excerpt)
        self._mistakes.append(decision)

    def add_review(self, review: ReviewDrawn) -> None:
        """Take note of a question."""
        if self._truth.of(review.document_id) is not None:  # what nobody would label stays unanswered
            self._reviews.append(review)

    def answer(self, now: datetime) -> Answered | None:
        """Return the next answer; None if there is nothing to answer. Both kinds get done at the same pace."""
        load = self._workload
        is_finds_turn = self.n_found * load.n_reviewed <= self.n_reviewed * load.n_found
        for take in (self._find, self._review) if is_finds_turn else (self._review, self._find):
            if (answer := take(now)) is not None:
                return answer
        return None

    def _find(self, now: datetime) -> Answered | None:
        while self._mistakes and self.n_found < self._workload.n_found:
            mistake = self._mistakes.popleft()
            right = self._begin(mistake.document_id)
            if right is not None:
                self.n_found += 1
                return Answered(found(mistake, right, next(self._names), now), mistake)
        return None

    def _review(self, now: datetime) -> Answered | None:
        while self._reviews and self.n_reviewed < self._workload.n_reviewed:
            review = self._reviews.popleft()
            right = self._begin(review.document_id)
            if right is not None:
                self.n_reviewed += 1
                return Answered(answered(review, right, next(self._names), now))
        return None

    def _begin(self, document_id: str) -> Right | None:
        """Return what is right of a document that nobody has answered yet."""
        if document_id in self._ids:
            return None
        self._ids.add(document_id)
        return self._truth.of(document_id)
