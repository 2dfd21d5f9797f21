"""What it teaches that a mention is missing beside what was shown, or that none is, without being told which.

Knows no optimiser and no reward.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.decoding import OUTSIDE, legal_after
from models.labels import TAGS
from rl.algorithms.feedback import Feedback
from rl.algorithms.feedback_batch import FeedbackBatch
from rl.algorithms.reading import Reading

_NEVER = -1e9
_MIN_P_SOME = 1e-6  # where all is certain to be outside, and something is missing: the loss stays finite
_IS_ILLEGAL = [tag not in legal_after(OUTSIDE) for tag in range(len(TAGS))]


class MissingMentions:
    """What is known of the tokens of a batch that lie beside all that was shown of their document.

    >>> from models.tokens import Tokens
    >>> from rl.algorithms.feedback import JudgedUnits
    >>> from rl.algorithms.feedback_batch import batch_of
    >>> from rl.rounds.round import ShownUnit
    >>> from rl.rounds.unit import Unit
    >>> tokens = Tokens("FTX halts", ((0, 3), (4, 9)), (1, 2), (101, 3027, 9190, 102), (0, 3, 1, 0))
    >>> judged = JudgedUnits((ShownUnit(Unit(0, (0, 3)), 1.0),), are_right=True)
    >>> batch = batch_of([Feedback(tokens, judged=(judged,), is_missing=False)], torch.device("cpu"))
    >>> even = Reading(torch.zeros(1, 3), torch.zeros(1, 2, len(TAGS)), torch.zeros(1, 2, 4))
    >>> round(float(MissingMentions(batch).loss(even).exp()), 3)  # "halts": outside, or one of three beginnings
    4.0
    """

    def __init__(self, batch: FeedbackBatch) -> None:
        told = [row for row, feedback in enumerate(batch.feedback) if feedback.is_missing is not None]
        n_tokens = batch.is_token.shape[1]
        beside = [_beside(batch.feedback[row], n_tokens) for row in told]
        is_missing = [bool(batch.feedback[row].is_missing) for row in told]
        self._rows = torch.tensor(told, dtype=torch.int64, device=batch.device)  # (D,)
        self._is_beside = torch.tensor(beside, dtype=torch.bool, device=batch.device).reshape(-1, n_tokens)
        self._is_missing = torch.tensor(is_missing, dtype=torch.bool, device=batch.device)  # (D,)
        self._weight = batch.weight[self._rows]  # (D,)
        self._n_documents = len(batch.feedback)

    def loss(self, reading: Reading) -> Tensor:
        """Return -log p of what is known, weighted, over the batch's documents; ().

        None is missing: every token beside is outside. One is: they are not all, whichever it is, which is the
        noisy-or of "Multiple Instance Boosting for Object Detection" by Viola et al.
        """
        is_illegal = torch.tensor(_IS_ILLEGAL, device=self._rows.device)
        log_p = reading.tags[self._rows].masked_fill(is_illegal, _NEVER).log_softmax(-1)[..., OUTSIDE]  # (D, N)
        log_none = (log_p * self._is_beside).sum(-1)
        p_some = (-torch.expm1(log_none)).clamp(min=_MIN_P_SOME)
        of_documents = torch.where(self._is_missing, -p_some.log(), -log_none)
        return (self._weight * of_documents).sum() / self._n_documents


def _beside(feedback: Feedback, n_tokens: int) -> list[bool]:
    spans = [shown.unit.span for judged in feedback.judged for shown in judged.shown]
    touched = {token for span in spans if span is not None for token in feedback.tokens.overlapping(*span)}
    n_read = len(feedback.tokens.offsets)
    return [token < n_read and token not in touched for token in range(n_tokens)]
