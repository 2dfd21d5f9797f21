"""The gate's answers, one for each thing that can be said of a candidate."""

from __future__ import annotations

from enum import StrEnum


class GateReason(StrEnum):
    """Why a candidate is promoted or not; the first that holds, in this order, is the answer.

    >>> GateReason.PROMOTED.is_look, GateReason.TOO_FEW_ITEMS.is_look
    (True, False)
    """

    SAME_POLICY = "same_policy"  # the candidate is what is served
    TOO_FEW_ITEMS = "too_few_items"  # the held-out set cannot answer
    SEEN_IN_TRAINING = "seen_in_training"  # the candidate has learnt from held-out items
    BUDGET_SPENT = "budget_spent"  # this held-out set has answered too often
    WORSE_THAN_SERVING = "worse_than_serving"  # shown
    WORSE_THAN_ANCHOR = "worse_than_anchor"  # shown
    WORSE_IN_SLICE = "worse_in_slice"  # shown
    WORSE_ON_ROUNDS = "worse_on_rounds"  # shown
    CALIBRATION = "calibration"  # its probabilities are off by more than allowed
    NOT_SHOWN_AGAINST_SERVING = "not_shown_against_serving"  # neither worse nor good enough is shown
    NOT_SHOWN_AGAINST_ANCHOR = "not_shown_against_anchor"
    NOT_SHOWN_ON_ROUNDS = "not_shown_on_rounds"  # though there are rounds enough to show it
    PROMOTED = "promoted"

    @property
    def is_look(self) -> bool:
        """Whether rewards on the held-out set were looked at, which is paid for."""
        return self not in _WITHOUT_LOOK


_WITHOUT_LOOK = frozenset(
    {GateReason.SAME_POLICY, GateReason.TOO_FEW_ITEMS, GateReason.SEEN_IN_TRAINING, GateReason.BUDGET_SPENT}
)
