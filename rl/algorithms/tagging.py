"""Taggings of a document as the policy makes them: one tag after another, each legal after the one before.

Owns sampling, log probabilities, entropy and divergence. Tensors are (K, B, N): samples, documents, tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.decoding import OUTSIDE, legal_after
from models.labels import TAGS

_LEGAL = torch.tensor([[after in legal_after(tag) for after in range(len(TAGS))] for tag in range(len(TAGS))])
_NEVER = -1e9  # finite, so that 0 * log 0 is 0 in entropies and their gradients


def sample_tags(
    logits: Tensor, is_token: Tensor, n_samples: int, generator: torch.Generator, p_explored: float = 1.0
) -> Tensor:
    """Return taggings drawn from the policy, (K, B, N) int64; beyond the last token all is outside.

    A token's tag is drawn from the softmax over what is legal after the tag before, as argmax of logits with Gumbel
    noise; see "The Gumbel-Max Trick" in "A* Sampling" by Maddison et al.

    Args:
        logits: (B, N, 7).
        is_token: (B, N) bool.
        n_samples: K.
        generator: of the noise.
        p_explored: share of the tokens whose tag is drawn; the others take the likeliest legal one.
    """
    _check_logits(logits)
    shape = (n_samples, *logits.shape)
    uniform = torch.rand(shape, generator=generator, device=generator.device).to(logits.device)
    noise = -torch.log(-torch.log(uniform.clamp(1e-10, 1 - 1e-7)))
    if p_explored < 1:
        drawn = torch.rand(shape[:-1], generator=generator, device=generator.device).to(logits.device)
        noise = noise * (drawn < p_explored).unsqueeze(-1)
    return _decoded(logits.detach() + noise, is_token)


def greedy_tags(logits: Tensor, is_token: Tensor) -> Tensor:
    """Return the one tagging that takes the likeliest legal tag at each token, (1, B, N), as serving does."""
    _check_logits(logits)
    return _decoded(logits.detach().unsqueeze(0), is_token)


def log_policy(logits: Tensor, tags: Tensor) -> Tensor:
    """Return log pi(. | document, tag before) at each token of given taggings, (K, B, N, 7); -1e9 where illegal."""
    _check_logits(logits)
    legal = _LEGAL.to(tags.device)[tags_before(tags)]
    return logits.masked_fill(~legal, _NEVER).log_softmax(-1)


def chosen(values: Tensor, tags: Tensor) -> Tensor:
    """Return of each token's values, (K, B, N, 7), that of the tag it has, (K, B, N)."""
    return values.gather(-1, tags.unsqueeze(-1)).squeeze(-1)


def tags_before(tags: Tensor) -> Tensor:
    """Return the tag before each token; before the first, all is outside."""
    return torch.cat([torch.full_like(tags[..., :1], OUTSIDE), tags[..., :-1]], dim=-1)


def entropy(log_p: Tensor) -> Tensor:
    """Return the entropy of log probabilities (..., A), in nats."""
    return -(log_p.exp() * log_p).sum(-1)


def divergence(log_p: Tensor, log_reference: Tensor) -> Tensor:
    """Return KL(pi || reference) of log probabilities (..., A), in nats; exact, over all actions."""
    return (log_p.exp() * (log_p - log_reference)).sum(-1)


def _decoded(scores: Tensor, is_token: Tensor) -> Tensor:
    """Return the best legal tag of each token, from left to right, given the one before; scores are (K, B, N, 7)."""
    illegal = torch.where(_LEGAL, 0.0, _NEVER).to(scores.device)
    before = torch.full(scores.shape[:2], OUTSIDE, device=scores.device)
    tags: list[Tensor] = []
    for at_token in scores.unbind(2):
        before = (at_token + illegal[before]).argmax(-1)
        tags.append(before)
    return torch.stack(tags, dim=-1).masked_fill(~is_token, OUTSIDE)


def _check_logits(logits: Tensor) -> None:
    if logits.ndim != 3 or logits.shape[-1] != len(TAGS):
        raise ValueError(f"logits must be (B, N, {len(TAGS)}), got {tuple(logits.shape)}")
