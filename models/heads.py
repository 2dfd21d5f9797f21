"""The heads on an encoder's states: a sentiment per document, a tag per piece.

Knows neither the encoder nor text.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.labels import SENTIMENTS


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
        mixed = nn.functional.gelu(self.mix(_whole(states, is_real)))
        logits: Tensor = self.out(self.dropout(mixed))
        return logits


class TokenHead(nn.Module):
    """Tag logits from each state: where mentions stand, times the sentiment towards them.

    The two are one decision, yet learned apart: named entities without sentiment teach the first and leave the
    second alone. The sentiment towards a mention is read from its state beside the whole document's.

    >>> head = TokenHead(width=8)
    >>> head(torch.zeros(2, 5, 8), torch.ones(2, 5, dtype=torch.bool)).shape
    torch.Size([2, 5, 7])
    """

    def __init__(self, width: int, p_dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(p_dropout)
        self.position = nn.Linear(width, 3)  # outside, begin, inside
        self.own = nn.Linear(width, width)
        self.whole = nn.Linear(2 * width, width, bias=False)
        self.sentiment = nn.Linear(width, len(SENTIMENTS))

    def forward(self, states: Tensor, is_real: Tensor) -> Tensor:
        """Return logits (B, T, 7), in the order of TAGS, of states (B, T, D); they are log probabilities."""
        positions = self.position(self.dropout(states)).log_softmax(-1)  # (B, T, 3)
        mixed = nn.functional.gelu(self.own(states) + self.whole(_whole(states, is_real)).unsqueeze(1))
        sentiments = self.sentiment(self.dropout(mixed)).log_softmax(-1)  # (B, T, 3)
        mentions = sentiments.unsqueeze(-1) + positions[..., 1:].unsqueeze(-2)  # (B, T, 3, begin and inside)
        return torch.cat([positions[..., :1], mentions.flatten(-2)], dim=-1)


class TagHead(nn.Module):
    """Tag logits from each state, over any set of tags.

    >>> TagHead(width=8, n_tags=9)(torch.zeros(2, 5, 8)).shape
    torch.Size([2, 5, 9])
    """

    def __init__(self, width: int, n_tags: int, p_dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(p_dropout)
        self.out = nn.Linear(width, n_tags)

    def forward(self, states: Tensor) -> Tensor:
        """Return logits (B, T, A) of states (B, T, D)."""
        if states.ndim != 3:
            raise ValueError(f"states must be (B, T, D), got {tuple(states.shape)}")
        logits: Tensor = self.out(self.dropout(states))
        return logits


def _whole(states: Tensor, is_real: Tensor) -> Tensor:
    """Return the first state and the mean of all, (B, 2 D), reading only where `is_real`."""
    if states.ndim != 3 or is_real.shape != states.shape[:2]:
        raise ValueError(f"states and is_real must be (B, T, D) and (B, T), got {states.shape}, {is_real.shape}")
    weight = is_real.unsqueeze(-1).to(states.dtype)
    return torch.cat([states[:, 0], (states * weight).sum(1) / weight.sum(1)], dim=-1)
