"""A batch of documents as one rectangle of tensors. Knows no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.shape import Shape
from models.tokens import Tokens


@dataclass(frozen=True, slots=True)
class PaddedBatch:
    """Documents padded on the right to the longest.

    >>> tokens = Tokens("a", ((0, 1),), (1,), (101, 1037, 102), (0, 1, 0))
    >>> pad([tokens, Tokens("", (), (), (101, 102), (0, 0))], torch.device("cpu")).is_real.tolist()
    [[True, True, True], [True, True, False]]
    """

    pieces: Tensor  # (B, T) int64
    shapes: Tensor  # (B, T) int64
    is_real: Tensor  # (B, T) bool; False on padding


def pad(batch: Sequence[Tokens], device: torch.device) -> PaddedBatch:
    """Return the documents as one batch; what stands in the padding is never read."""
    if not batch:
        raise ValueError("batch must hold a document, got none")
    longest = max(len(tokens) for tokens in batch)
    pieces = [tokens.pieces + (0,) * (longest - len(tokens)) for tokens in batch]
    shapes = [tokens.shapes + (Shape.SPECIAL.value,) * (longest - len(tokens)) for tokens in batch]
    is_real = [[True] * len(tokens) + [False] * (longest - len(tokens)) for tokens in batch]
    return PaddedBatch(
        torch.tensor(pieces, device=device),
        torch.tensor(shapes, device=device),
        torch.tensor(is_real, device=device),
    )
