"""Which documents share a forward: a padded-token budget, longest first to sort, nothing lost.

Pure planning, and running a decider over such a plan. Knows no clock: lingering is the pipeline's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.action import Action
from models.decider import MAX_PADDED_TOKENS, Decider


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """What one forward may hold.

    >>> BatchLimits(max_padded_tokens=0)
    Traceback (most recent call last):
    ValueError: max_padded_tokens must be >= 1, got 0
    """

    max_padded_tokens: int = MAX_PADDED_TOKENS  # longest times count; bounds memory and time of a forward
    max_documents: int = 128  # bounds what is lost to a failing batch

    def __post_init__(self) -> None:
        for name in ("max_padded_tokens", "max_documents"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class BatchStats:
    """How full one forward was.

    >>> BatchStats(n_documents=2, n_tokens=6, n_padded_tokens=8).padding_waste
    0.25
    """

    n_documents: int
    n_tokens: int
    n_padded_tokens: int

    @property
    def padding_waste(self) -> float:
        """The share of the forward spent on padding, in [0, 1)."""
        return 1.0 - self.n_tokens / self.n_padded_tokens if self.n_padded_tokens else 0.0


def plan_batches(lengths: Sequence[int], max_padded_tokens: int, max_documents: int) -> list[list[int]]:
    """Return batches of indices into `lengths`, each within both limits.

    Documents are sorted by length (ties by index), so that neighbours pad each other little. A single
    document over the budget runs alone; the policy reads it in windows, as many at once as the budget allows.

    >>> plan_batches([3, 9, 3, 20], max_padded_tokens=10, max_documents=8)
    [[0, 2], [1], [3]]
    """
    BatchLimits(max_padded_tokens, max_documents)
    plan: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        cost = lengths[index] * (len(plan[-1]) + 1) if plan else 0
        if not plan or cost > max_padded_tokens or len(plan[-1]) >= max_documents:
            plan.append([])
        plan[-1].append(index)
    return plan


def batch_stats(lengths: Sequence[int], plan: Sequence[Sequence[int]]) -> list[BatchStats]:
    """Return how full each batch of a plan is."""
    return [
        BatchStats(
            n_documents=len(batch),
            n_tokens=sum(lengths[index] for index in batch),
            n_padded_tokens=len(batch) * max(lengths[index] for index in batch),
        )
        for batch in plan
    ]


def padding_waste(lengths: Sequence[int], plan: Sequence[Sequence[int]]) -> float:
    """Return the share of a whole plan's padded tokens that are padding, in [0, 1).

    >>> padding_waste([3, 1], [[0, 1]])
    0.33333333333333337
    """
    stats = batch_stats(lengths, plan)
    n_padded = sum(batch.n_padded_tokens for batch in stats)
    return 1.0 - sum(batch.n_tokens for batch in stats) / n_padded if n_padded else 0.0


def decide_all(
    policy: Decider, texts: Sequence[str], limits: BatchLimits | None = None
) -> tuple[list[Action], list[BatchStats]]:
    """Return the actions in the order of the texts, and how full each forward was.

    The same texts in the same order give the same batches, so the same actions.
    """
    limits = limits or BatchLimits()
    tokens = policy.tokenize(texts)
    lengths = [len(of_text) for of_text in tokens]
    plan = plan_batches(lengths, limits.max_padded_tokens, limits.max_documents)
    by_index: dict[int, Action] = {}
    for batch in plan:
        actions = policy.decide([tokens[index] for index in batch], limits.max_padded_tokens)
        by_index.update(zip(batch, actions, strict=True))
    return [by_index[index] for index in range(len(texts))], batch_stats(lengths, plan)
