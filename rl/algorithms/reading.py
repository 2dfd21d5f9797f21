"""What a network says of a batch of feedback, token by token. Knows no loss."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from models.device import serving_dtype
from models.network import PolicyNetwork
from rl.algorithms.feedback_batch import FeedbackBatch


class Reading(NamedTuple):
    """Logits of documents and of tokens, and the states that a value head reads.

    >>> Reading(torch.zeros(2, 3), torch.zeros(2, 5, 7), torch.zeros(2, 5, 8)).tags.shape
    torch.Size([2, 5, 7])
    """

    document: Tensor  # (B, 3) float32
    tags: Tensor  # (B, N, 7) float32, at each token's first piece
    states: Tensor  # (B, N, D) float32, there too; detached: values are learned beside the policy, not through it


def read(network: PolicyNetwork, batch: FeedbackBatch) -> Reading:
    """Return the network's answer, computed in the type in which policies are trained and served on the device."""
    dtype = serving_dtype(batch.device)
    with torch.autocast(batch.device.type, dtype, enabled=dtype == torch.bfloat16):
        states = network.states(batch.padded)
    states = states.float()
    document = network.document_head(states, batch.padded.is_real)
    tags = network.token_head(states, batch.padded.is_real)
    rows = torch.arange(len(states), device=batch.device).unsqueeze(-1)
    return Reading(document, tags[rows, batch.firsts], states[rows, batch.firsts].detach())
