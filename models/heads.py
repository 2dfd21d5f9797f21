"""The two heads on an encoder's states: a sentiment per document, a tag per piece.

Knows neither the encoder nor text.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.labels import SENTIMENTS, TAGS


class DocumentHead(nn.Module):
    """Sentiment logits from the first state and the mean of all.

    >>> head = DocumentHead(width=8)
    >>> head(torch.zeros(2, 5, 8), torch.ones(2, 5, dtype=torch.bool)).shape
    torch.Size([2, 3])
    """

    def __init__(self, width: int, p_dropout: float = 0.1) -> None:
        super().__init__()
        self.mix = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(p_dropout)
        self.out = nn.Linear(width, len(SENTIMENTS))

    def forward(self, states: Tensor, is_real: Tensor) -> Tensor:
        """Return logits (B, 3) of states (B, T, D), reading only where `is_real` (B, T)."""
        if states.ndim != 3 or is_real.shape != states.shape[:2]:
            raise ValueError(f"states and is_real must be (B, T, D) and (B, T), got {states.shape}, {is_real.shape}")
        weight = is_real.unsqueeze(-1).to(states.dtype)
        mean = (states * weight).sum(1) / weight.sum(1)
        mixed = nn.functional.gelu(self.mix(torch.cat([states[:, 0], mean], dim=-1)))
        logits: Tensor = self.out(self.dropout(mixed))
        return logits


class TokenHead(nn.Module):
    """Tag logits from each state.

    >>> TokenHead(width=8)(torch.zeros(2, 5, 8)).shape
    torch.Size([2, 5, 7])
    """

    def __init__(self, width: int, p_dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(p_dropout)
        self.out = nn.Linear(width, len(TAGS))

    def forward(self, states: Tensor) -> Tensor:
        """Return logits (B, T, 7) of states (B, T, D)."""
        if states.ndim != 3:
            raise ValueError(f"states must be (B, T, D), got {tuple(states.shape)}")
        logits: Tensor = self.out(self.dropout(states))
        return logits
