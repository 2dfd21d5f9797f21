"""What the gate was asked and what it answered, with every figure: a record that is kept with the policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from rl.gate.comparison import Comparison
from rl.gate.reasons import GateReason
from rl.gate.rounds import RoundsComparison
from rl.gate.slices import SliceComparison

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which policy is to take whose place.

    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> Question(candidate="p-2", serving="p-1", anchor="p-1", asked_at=at).is_of_itself
    False
    """

    candidate: str  # policy version
    serving: str
    anchor: str  # the fixed policy that small losses must not lead away from
    asked_at: datetime

    def __post_init__(self) -> None:
        if self.asked_at.tzinfo is None:
            raise ValueError(f"asked_at must be aware, got {self.asked_at}")

    @property
    def is_of_itself(self) -> bool:
        """Whether the candidate is what is served already."""
        return self.candidate == self.serving


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """The gate's answer. What was not looked at is None or empty.

    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> question = Question(candidate="p-2", serving="p-1", anchor="p-1", asked_at=at)
    >>> report = GateReport(question=question, reasons=(GateReason.TOO_FEW_ITEMS,), margin=0.01, n_items=1_000,
    ...     min_items=2_500, held_out="h", max_calibration_error=0.03, p_error=0.05)
    >>> report.is_promoted, GateReport.from_json(report.to_json()) == report
    (False, True)
    """

    question: Question
    reasons: tuple[GateReason, ...]  # all that hold, the answer first
    margin: float  # of reward, by which the candidate may be worse
    held_out: str  # fingerprint of the held-out set
    n_items: int
    min_items: int
    p_error: float  # that all answers of this held-out set may cause together
    n_uses: int = 0  # questions that it was asked, this one among them
    level: float | None = None  # at which this one was answered
    against_serving: Comparison | None = None
    against_anchor: Comparison | None = None
    slices: tuple[SliceComparison, ...] = ()
    calibration_error: float | None = None  # expected, of the candidate's document labels
    max_calibration_error: float
    rounds: tuple[RoundsComparison, ...] = ()
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("reasons must hold the answer, got none")

    @property
    def reason(self) -> GateReason:
        """The answer."""
        return self.reasons[0]

    @property
    def is_promoted(self) -> bool:
        """Whether the candidate may take the serving policy's place."""
        return self.reason is GateReason.PROMOTED

    def to_json(self) -> bytes:
        """Return the report as JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2)

    @classmethod
    def from_json(cls, data: bytes) -> GateReport:
        """Return the report that `to_json` wrote.

        Raises:
            msgspec.ValidationError: if it is something else.
        """
        return msgspec.json.decode(data, type=cls)
