"""Whether a candidate may take the serving policy's place: a list of stages, each with its objections.

Pure but for the ledger it is handed. Knows neither policies nor files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rl.gate.comparison import Comparison, Showing, compare
from rl.gate.held_out import HeldOut
from rl.gate.ledger import Use
from rl.gate.reasons import GateReason
from rl.gate.report import GateReport, Question
from rl.gate.rounds import RoundsComparison
from rl.gate.slices import SliceComparison, compare_slices


@dataclass(frozen=True, slots=True)
class GateConfig:
    """What a candidate has to show.

    >>> GateConfig(margin=0)
    Traceback (most recent call last):
    ValueError: margin must be > 0, got 0
    """

    margin: float = 0.01
    # Of reward, a point: less than the policy gains in a day of corrections, more than what rounding flips.
    min_items: int = 2_500
    # A point is shown with 2,500 items if rewards differ on 4 in 100 (benchmarks/gate.md).
    max_calibration_error: float = 0.03
    # Probabilities drive review sampling and the share of negatives.
    p_error: float = 0.05
    # Of all answers of one held-out set together, and of each objection by itself.

    def __post_init__(self) -> None:
        for name in ("margin", "min_items", "max_calibration_error", "p_error"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")


class Ledger(Protocol):
    """Pays for looking at a held-out set; `SpendingLedger` is one."""

    def spend(self, held_out: str, *, question: str, candidate: str, at: datetime) -> Use | None:
        """Return what was paid, or None where there is nothing left."""

    def settle(self, use: Use, *, is_promoted: bool, at: datetime) -> None:
        """Say what came of it."""


def ask(
    question: Question,
    held_out: HeldOut,
    ledger: Ledger,
    *,
    rounds: Sequence[RoundsComparison] = (),
    config: GateConfig | None = None,
) -> GateReport:
    """Return the gate's answer, paid for in the ledger before a reward is looked at.

    A candidate that is worse than the serving policy or the anchor by the margin is promoted with a probability of at
    most the level that the ledger gives, which is never above `p_error`; it must pass both comparisons, so that
    neither needs a correction for the other.

    Args:
        question: who is to take whose place.
        held_out: rewards on items that nobody learnt from.
        ledger: remembers how often the held-out set was asked.
        rounds: what logged rounds say, that the candidate has not learnt from.
        config: what has to be shown.
    """
    config = config or GateConfig()
    objection = _before_looking(question, held_out, config)
    if objection is not None:
        return _report(question, held_out, config, [objection])
    use = ledger.spend(
        held_out.fingerprint,
        question=fingerprint_of(question, held_out, config),
        candidate=question.candidate,
        at=question.asked_at,
    )
    if use is None:
        return _report(question, held_out, config, [GateReason.BUDGET_SPENT])
    report = answer(question, held_out, use, rounds=rounds, config=config)
    ledger.settle(use, is_promoted=report.is_promoted, at=question.asked_at)
    return report


def answer(
    question: Question, held_out: HeldOut, use: Use, *, rounds: Sequence[RoundsComparison] = (), config: GateConfig
) -> GateReport:
    """Return the answer to a question that is paid for."""
    margin, p_error = config.margin, config.p_error
    serving, anchor = (
        compare(held_out.candidate, other, held_out.cluster, margin=margin, level=use.level, p_worse=p_error)
        for other in (held_out.serving, held_out.anchor)
    )
    slices = compare_slices(held_out, margin=margin, p_worse=p_error)
    is_calibrated = held_out.calibration_error is None or held_out.calibration_error <= config.max_calibration_error
    found = set(_objections(serving, anchor, slices, rounds))
    if not is_calibrated:
        found.add(GateReason.CALIBRATION)
    return GateReport(
        question=question,
        reasons=tuple(reason for reason in GateReason if reason in found) or (GateReason.PROMOTED,),
        margin=margin,
        held_out=held_out.fingerprint,
        n_items=held_out.n_items,
        min_items=config.min_items,
        p_error=p_error,
        n_uses=use.number,
        level=use.level,
        against_serving=serving,
        against_anchor=anchor,
        slices=slices,
        calibration_error=held_out.calibration_error,
        max_calibration_error=config.max_calibration_error,
        rounds=tuple(rounds),
    )


def fingerprint_of(question: Question, held_out: HeldOut, config: GateConfig) -> str:
    """Return what tells a question from others: its policies, the items and the margin, not when it was asked."""
    parts = (question.candidate, question.serving, question.anchor, held_out.fingerprint, repr(config.margin))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _before_looking(question: Question, held_out: HeldOut, config: GateConfig) -> GateReason | None:
    if question.is_of_itself:
        return GateReason.SAME_POLICY
    if held_out.n_items < config.min_items:
        return GateReason.TOO_FEW_ITEMS
    return GateReason.SEEN_IN_TRAINING if held_out.n_seen else None


def _objections(
    serving: Comparison,
    anchor: Comparison,
    slices: Sequence[SliceComparison],
    rounds: Sequence[RoundsComparison],
) -> Iterator[GateReason]:
    if serving.showing is Showing.WORSE:
        yield GateReason.WORSE_THAN_SERVING
    elif serving.showing is Showing.NEITHER:
        yield GateReason.NOT_SHOWN_AGAINST_SERVING
    if anchor.showing is Showing.WORSE:
        yield GateReason.WORSE_THAN_ANCHOR
    elif anchor.showing is Showing.NEITHER:
        yield GateReason.NOT_SHOWN_AGAINST_ANCHOR
    if any(one.comparison.showing is Showing.WORSE for one in slices):
        yield GateReason.WORSE_IN_SLICE
    if any(one.showing is Showing.WORSE for one in rounds):
        yield GateReason.WORSE_ON_ROUNDS
    if any(one.must_show and one.showing is Showing.NEITHER for one in rounds):
        yield GateReason.NOT_SHOWN_ON_ROUNDS


def _report(question: Question, held_out: HeldOut, config: GateConfig, reasons: Sequence[GateReason]) -> GateReport:
    return GateReport(
        question=question,
        reasons=tuple(reasons),
        margin=config.margin,
        held_out=held_out.fingerprint,
        n_items=held_out.n_items,
        min_items=config.min_items,
        p_error=config.p_error,
        max_calibration_error=config.max_calibration_error,
    )
