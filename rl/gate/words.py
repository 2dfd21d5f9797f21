"""The gate's answer in plain sentences: what was asked, what it says, and what would change it.

Knows no layout.
"""

from __future__ import annotations

import math

from scipy import stats

from rl.gate.comparison import Comparison, Showing
from rl.gate.reasons import GateReason
from rl.gate.report import GateReport

_P_MISSED = 0.2
"""Probability with which a candidate that is as good as it seems may still not be shown, when items are counted."""


def question_of(report: GateReport) -> str:
    """Return what was asked, in a sentence."""
    question = report.question
    return (
        f"May policy {question.candidate} take the place of policy {question.serving}, which is served now? It may "
        f"if it is shown not to be worse than that one, nor than the anchor {question.anchor}, by more than "
        f"{points(report.margin)} of reward."
    )


def answer_of(report: GateReport) -> str:
    """Return the answer in one sentence.

    >>> from datetime import datetime
    >>> from rl.gate.report import Question
    >>> at = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> question = Question(candidate="p-2", serving="p-1", anchor="p-1", asked_at=at)
    >>> print(answer_of(GateReport(question=question, reasons=(GateReason.TOO_FEW_ITEMS,), margin=0.01, n_items=1_000,
    ...     min_items=2_500, held_out="h", max_calibration_error=0.03, p_error=0.05)))
    No: the held-out set has 1,000 items, and 2,500 are needed.
    """
    return f"{'Yes' if report.is_promoted else 'No'}: {_saying(report, report.reason)}."


def objections_of(report: GateReport) -> list[str]:
    """Return what else speaks against the candidate, beside the answer."""
    sayings = (_saying(report, reason) for reason in report.reasons[1:])
    return [f"{saying[0].upper()}{saying[1:]}." for saying in sayings]


def changes_of(report: GateReport) -> list[str]:
    """Return what would change the answer: a sentence for each objection."""
    return list(dict.fromkeys(_change(report, reason) for reason in report.reasons))


def items_needed(comparison: Comparison, margin: float, level: float) -> int | None:
    """Return how many items would probably show it, if the candidate is as good as it seems; None if none would.

    >>> import numpy as np
    >>> from rl.gate.comparison import compare
    >>> one, other = (np.arange(1000) % 25 == remainder for remainder in (0, 1))
    >>> comparison = compare(one.astype(float), other.astype(float), np.arange(1000), margin=0.01, level=0.05)
    >>> items_needed(comparison, margin=0.01, level=0.05)
    4951
    """
    room = comparison.difference + margin
    if room <= 0:
        return None
    deviations = float(stats.norm.isf(level) + stats.norm.isf(_P_MISSED))
    return math.ceil(comparison.n_items * (deviations * comparison.standard_error / room) ** 2)


def points(reward: float) -> str:
    """Return a reward, or a difference of two, in points.

    >>> points(0.01), points(-0.0042)
    ('1 point', '−0.42 points')
    """
    number = f"{round(reward * 100, 2) + 0.0:.2f}".rstrip("0").rstrip(".").replace("-", "−")
    return f"{number} point{'' if number in ('1', '−1') else 's'}"


def _saying(report: GateReport, reason: GateReason) -> str:
    question = report.question
    level = "" if report.level is None else f"{report.level:.2%}".replace("%", " %")
    slices = ", ".join(one.name for one in report.slices if one.comparison.showing is Showing.WORSE)
    witnesses = ", ".join(one.estimator for one in report.rounds if one.showing is Showing.WORSE)
    calibration = report.calibration_error or 0.0
    sayings = {
        GateReason.SAME_POLICY: f"{question.candidate} is what is served already",
        GateReason.TOO_FEW_ITEMS: (
            f"the held-out set has {report.n_items:,} items, and {report.min_items:,} are needed"
        ),
        GateReason.SEEN_IN_TRAINING: "the candidate has learnt from items of the held-out set",
        GateReason.BUDGET_SPENT: "the held-out set was asked so often that its answers cannot be trusted any more",
        GateReason.WORSE_THAN_SERVING: f"it is shown to be worse than {question.serving}, "
        f"{_seen(report.against_serving)}",
        GateReason.WORSE_THAN_ANCHOR: f"it is shown to be worse than the anchor {question.anchor}, "
        f"{_seen(report.against_anchor)}",
        GateReason.WORSE_IN_SLICE: f"it is shown to be worse on some kinds of documents: {slices}",
        GateReason.WORSE_ON_ROUNDS: f"analysts' answers show it to be worse, by {witnesses}",
        GateReason.CALIBRATION: f"its probabilities are off by {points(calibration)} on average, and "
        f"{points(report.max_calibration_error)} are allowed",
        GateReason.NOT_SHOWN_AGAINST_SERVING: f"it is not shown to be as good as {question.serving}, "
        f"{_seen(report.against_serving)}",
        GateReason.NOT_SHOWN_AGAINST_ANCHOR: f"it is not shown to be as good as the anchor {question.anchor}, "
        f"{_seen(report.against_anchor)}",
        GateReason.NOT_SHOWN_ON_ROUNDS: "analysts' answers, of which there are enough, do not show it to be as good",
        GateReason.PROMOTED: f"on {report.n_items:,} held-out items it is shown not to be worse than "
        f"{question.serving} or the anchor by more than {points(report.margin)}, with an error of at most {level}",
    }
    return sayings[reason]


def _seen(comparison: Comparison | None) -> str:
    if comparison is None:
        return "which was not looked at"
    low, high = (points(end).split(" ")[0] for end in (comparison.low, comparison.high))
    return f"a difference of {points(comparison.difference)} (95 % interval {low} to {high})"


def _change(report: GateReport, reason: GateReason) -> str:
    margin, level = report.margin, report.level or report.p_error
    if reason is GateReason.TOO_FEW_ITEMS:
        return f"{report.min_items - report.n_items:,} more items with right labels that no policy has learnt from."
    if reason is GateReason.SEEN_IN_TRAINING:
        return "A candidate trained without the held-out items, or held-out items that it has not learnt from."
    if reason is GateReason.BUDGET_SPENT:
        return "A new held-out set, with labels that have answered no question yet."
    if reason is GateReason.CALIBRATION:
        return (
            "Temperatures fitted anew to labelled documents, which changes no decision, and then the same question."
        )
    if reason in (GateReason.NOT_SHOWN_AGAINST_SERVING, GateReason.NOT_SHOWN_AGAINST_ANCHOR):
        is_serving = reason is GateReason.NOT_SHOWN_AGAINST_SERVING
        comparison = report.against_serving if is_serving else report.against_anchor
        needed = comparison and items_needed(comparison, margin, level)
        if not needed:
            return f"A better candidate: this one seems to be worse by {points(margin)} or more, however many items."
        return f"About {needed:,} held-out items instead of {report.n_items:,}, if it is as good as it seems."
    if reason is GateReason.NOT_SHOWN_ON_ROUNDS:
        return "More answers of analysts to randomly drawn documents, or a better candidate."
    if reason is GateReason.SAME_POLICY:
        return "Another candidate."
    if reason is GateReason.PROMOTED:
        bounds = [one.bound for one in (report.against_serving, report.against_anchor) if one is not None]
        return f"A difference that may be below −{points(margin)}; here it is at least {points(min(bounds))}."
    return "A better candidate: more items would only show more clearly that this one is worse."
