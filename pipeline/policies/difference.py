"""What two policies decide differently on the same texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from models.batching import BatchLimits, decide_all
from models.decider import Decider
from models.labels import SENTIMENTS
from rl.rounds.unit import units_of

MAX_EXAMPLES = 20
"""Texts that are shown: what a person reads."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text that two policies label differently."""

    text: str
    left: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far two policies differ.

    >>> from models.keyword import KeywordPolicy
    >>> difference_of(KeywordPolicy(), KeywordPolicy(), ["Acme soars"]).n_labels
    0
    """

    left: str  # versions
    right: str
    n_documents: int
    p_negative: tuple[float, float]  # share of documents that each calls negative
    n_labels: int  # documents whose label differs
    n_mentions: int  # mentions, or sentiments towards them, that only one of them decides
    examples: tuple[Example, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, for machines."""
        return asdict(self)


def difference_of(
    left: Decider, right: Decider, texts: Sequence[str], limits: BatchLimits | None = None
) -> Difference:
    """Return what two policies decide differently on texts."""
    decided = [[units_of(action) for action in decide_all(who, texts, limits)[0]] for who in (left, right)]
    labels = [[units[0].sentiment for units in of_policy] for of_policy in decided]
    n = max(1, len(texts))
    examples = [
        Example(text, SENTIMENTS[one], SENTIMENTS[other])
        for text, one, other in zip(texts, *labels, strict=True)
        if one != other
    ]
    return Difference(
        left=left.version,
        right=right.version,
        n_documents=len(texts),
        p_negative=(labels[0].count(0) / n, labels[1].count(0) / n),
        n_labels=len(examples),
        n_mentions=sum(len(set(a[1:]) ^ set(b[1:])) for a, b in zip(*decided, strict=True)),
        examples=tuple(examples[:MAX_EXAMPLES]),
    )
