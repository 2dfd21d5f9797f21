"""What may become of what a process works on: the values that metrics have as labels. Knows no metric."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

WindowStatus = Literal["provisional", "revised", "final", "corrected"]
RevisionOutcome = Literal["applied", "repeated", "unknown"]
ChangeOutcome = Literal["revised", "retracted", "added", "unchanged", "without_effect"]
ShadowOutcome = Literal["decided", "failed", "skipped"]
TransitionKind = Literal["opened", "escalated", "closed"]
RulesOutcome = Literal["taken", "refused"]


class DocumentOutcome(StrEnum):
    """What became of a document in `read`.

    >>> list(DocumentOutcome)[0].value
    'decided'
    """

    DECIDED = "decided"
    FROM_CACHE = "from_cache"  # decided as well, by an earlier decision on the same model input
    REJECTED = "rejected"  # in the dead letters: the record was no document
    UNDECIDABLE = "undecidable"  # in the dead letters: the policy failed on it


class DeliveryOutcome(StrEnum):
    """What became of one try to hand an alert to a receiver.

    >>> DeliveryOutcome.REFUSED.value
    'refused'
    """

    DELIVERED = "delivered"
    RETRIED = "retried"  # failed, and tried again
    REFUSED = "refused"  # failed for good
    RESEND_FAILED = "resend_failed"  # open alerts were not told again; the next time may do


class RepeatReason(StrEnum):
    """Why a receiver may be handed an alert a second time; it knows repeats by the idempotency key.

    >>> RepeatReason.RESTART.value
    'restart'
    """

    RESTART = "restart"  # the process ended between sending and recording that it was sent
    NO_ANSWER = "no_answer"  # it was sent, and no answer came
