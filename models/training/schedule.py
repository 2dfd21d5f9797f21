"""How long and how fast a network is trained; read as part of a recipe."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Steps, rates and their order.

    >>> Schedule(n_epochs=0)
    Traceback (most recent call last):
    ValueError: n_epochs must be >= 1, got 0
    """

    n_epochs: int = 5
    max_padded_tokens: int = 1024  # of one step
    max_documents: int = 32  # of one step
    learning_rate: float = 1e-3  # of adapters, or of the whole encoder, which bears a tenth of it
    head_learning_rate: float = 2e-3  # of heads and shape embedding, which start from nothing
    weight_decay: float = 0.01
    p_warmup: float = 0.06  # share of the steps in which the rate rises
    max_gradient_norm: float = 1.0
    seed: int = 7

    def __post_init__(self) -> None:
        for name in ("n_epochs", "max_padded_tokens", "max_documents"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        for name in ("learning_rate", "head_learning_rate", "max_gradient_norm"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")
        if not 0 <= self.p_warmup < 1:
            raise ValueError(f"p_warmup must be in [0, 1), got {self.p_warmup}")


def rate_factor(n_done: int, n_steps: int, p_warmup: float) -> float:
    """Return the learning rate's factor: up in a line to 1, then down in a line to 0.

    >>> [rate_factor(n_done, n_steps=10, p_warmup=0.2) for n_done in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    n_warmup = round(n_steps * p_warmup)
    if n_done < n_warmup:
        return (n_done + 1) / n_warmup
    return max(0.0, (n_steps - n_done) / max(1, n_steps - n_warmup))
