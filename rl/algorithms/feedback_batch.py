"""Feedback on several documents as one rectangle of tensors, by pieces and by tokens.

Knows no network and no reward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.labelled.example import Example
from models.padding import PaddedBatch, pad
from models.tokens import MAX_PIECES, Tokens
from rl.algorithms.feedback import Feedback


@dataclass(frozen=True, slots=True)
class FeedbackBatch:
    """Documents with what is known of them, padded on the right.

    >>> tokens = Tokens("FTX halts", ((0, 3), (4, 9)), (1, 3), (101, 3027, 2595, 9190, 102), (0, 3, 3, 1, 0))
    >>> batch = batch_of([Feedback(tokens, right=Example("FTX halts", sentiment=0))], torch.device("cpu"))
    >>> batch.firsts.tolist(), batch.n_padded_tokens
    ([[1, 3]], 5)
    """

    feedback: tuple[Feedback, ...]  # of each document, its beginning: as much as is read at once
    padded: PaddedBatch  # by pieces
    firsts: Tensor  # (B, N) int64, the first piece of each token; 0 beyond the last
    is_token: Tensor  # (B, N) bool
    weight: Tensor  # (B,) float32

    @property
    def n_padded_tokens(self) -> int:
        """What one forward costs."""
        return self.padded.pieces.numel()

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return self.weight.device

    @property
    def rights(self) -> list[Example | None]:
        """The right labels of each document; None where there is a verdict only."""
        return [feedback.right for feedback in self.feedback]


def batch_of(feedback: Sequence[Feedback], device: torch.device) -> FeedbackBatch:
    """Return the feedback as one batch; of documents longer than MAX_PIECES only the beginning teaches."""
    read = tuple(_beginning(of_document) for of_document in feedback)
    longest = max(1, *(len(of_document.tokens.firsts) for of_document in read))
    firsts = [[*of_document.tokens.firsts, *[0] * longest][:longest] for of_document in read]
    n_tokens = torch.tensor([len(of_document.tokens.firsts) for of_document in read])
    return FeedbackBatch(
        feedback=read,
        padded=pad([of_document.tokens for of_document in read], device),
        firsts=torch.tensor(firsts, device=device),
        is_token=(torch.arange(longest) < n_tokens.unsqueeze(-1)).to(device),
        weight=torch.tensor([of_document.weight for of_document in read], dtype=torch.float32, device=device),
    )


def _beginning(feedback: Feedback) -> Feedback:
    tokens = feedback.tokens.beginning(MAX_PIECES)
    right = None if feedback.right is None else _as_far_as_read(feedback.right, tokens)
    return replace(feedback, tokens=tokens, right=right)


def _as_far_as_read(right: Example, tokens: Tokens) -> Example:
    """Leave out the mentions that no action on these tokens could find."""
    end = tokens.offsets[-1][1] if tokens.offsets else 0
    return replace(right, spans=tuple(span for span in right.spans if span.start < end))
