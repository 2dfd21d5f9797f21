"""A round: one decision, how it came before an analyst, what the analyst said, and what that is worth.

Owns the record that training and estimates are made from. Knows no reward function and no storage.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from models.labelled.example import Example
from rl.rounds.unit import Unit, Units


class ReviewReason(StrEnum):
    """Why a decision was put before an analyst."""

    UNIFORM = "uniform"  # every document has this chance; what was decided is shown
    BLIND = "blind"  # as uniform, but nothing is shown: seeing an answer anchors
    UNCERTAIN = "uncertain"
    IMPACT = "impact"  # on an open episode
    DISAGREEMENT = "disagreement"  # between the serving and another policy
    FOUND = "found"  # an analyst came upon it: trains, and never estimates
    SECOND = "second"  # another analyst came upon it, and this one is asked, shown nothing; as little an estimate


class Verdict(StrEnum):
    """What kind of answer an analyst gave."""

    CONFIRM = "confirm"  # all that was shown is right
    REJECT = "reject"  # something of it is wrong or missing; what is right is not said
    CORRECT = "correct"  # the right labels are given


@dataclass(frozen=True, slots=True)
class ShownUnit:
    """A unit that a reviewer saw, with the probability with which the behaviour policy came to show it.

    >>> ShownUnit(Unit(0), propensity=0.95).propensity
    0.95
    """

    unit: Unit
    propensity: float

    def __post_init__(self) -> None:
        if not 0 < self.propensity <= 1:
            raise ValueError(f"propensity must be in (0, 1], got {self.propensity}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One answer of one analyst to one decision.

    >>> from datetime import UTC
    >>> at = datetime(2026, 1, 2, tzinfo=UTC)
    >>> served = (Unit(1), Unit(1, (0, 3)))
    >>> right = Example("FTX halts withdrawals", sentiment=0)
    >>> round = Round(id="r", document_id="d", story="s", text=right.text, kind="news", source="Wire",
    ...     published_at=at, decided_at=at, policy_version="p-1", served=served, p_review=0.02,
    ...     review_reason=ReviewReason.BLIND, analyst="ada", verdict=Verdict.CORRECT, right=right, corrected_at=at)
    >>> round.estimates, round.reward is None
    (False, True)
    """

    id: str  # of the correction
    document_id: str
    story: str  # copies share it: estimates are clustered by it
    topics: tuple[str, ...] = ()  # that the served mentions, and the right ones, are linked to
    text: str  # as the policy read it
    kind: Literal["news", "social"]
    source: str
    published_at: datetime
    decided_at: datetime
    policy_version: str  # of the behaviour policy
    served: Units  # what counted
    shown: tuple[ShownUnit, ...] | None = None  # the proposal; None: nothing was shown
    p_review: float | None  # with which it was drawn; None: it was found, or seconds what was
    review_reason: ReviewReason
    analyst: str
    verdict: Verdict
    wrong: tuple[int, ...] | None = None  # of REJECT: which of `shown`, the others being right; None: not said
    is_missing: bool = False  # a mention that touches none of what was shown; known where `wrong` is
    right: Example | None = None  # of CORRECT, and of CONFIRM of a whole proposal; its text is `text`
    corrected_at: datetime  # as the analyst says: of two answers the later one counts
    recorded_at: datetime | None = None  # when the broker took it, which nobody can date back; None: there is none
    reward: float | None = None  # of the served action; None where there is no evidence
    weight: float = 1.0  # of the analyst's reliability, in [0, 1]; 0 while quarantined

    def __post_init__(self) -> None:
        if (self.p_review is None) != (self.review_reason in (ReviewReason.FOUND, ReviewReason.SECOND)):
            raise ValueError(f"p_review must be None exactly for found and seconded documents, got {self.p_review}")
        if self.p_review is not None and not 0 < self.p_review <= 1:
            raise ValueError(f"p_review must be in (0, 1], got {self.p_review}")
        if self.verdict is Verdict.CORRECT and self.right is None:
            raise ValueError("right must be given with a correction, got None")
        if self.verdict is not Verdict.CORRECT and self.shown is None:
            raise ValueError(f"shown must be given with {self.verdict.value}, got None")
        if self.wrong is not None and (
            self.verdict is not Verdict.REJECT or not set(self.wrong) <= set(range(len(self.shown or ())))
        ):
            raise ValueError(f"wrong must be places of what was shown and rejected, got {self.wrong}")
        if (self.is_missing and self.wrong is None) or (self.wrong == () and not self.is_missing):
            raise ValueError(f"is_missing must be with wrong, and True where nothing is wrong, got {self.is_missing}")
        if not 0 <= self.weight <= 1:
            raise ValueError(f"weight must be in [0, 1], got {self.weight}")

    @property
    def estimates(self) -> bool:
        """Whether it may stand for documents that nobody saw."""
        return self.p_review is not None and self.reward is not None
