"""Any set of tags in the IOB2 scheme, and the likeliest legal sequence of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TagSet:
    """The tags that a tagger chooses from, in the order of its head.

    >>> tags = TagSet(("O", "B-ORG", "I-ORG"))
    >>> tags.decode(np.array([[0.1, 0.4, 0.5], [0.2, 0.1, 0.7]]))
    ['B-ORG', 'I-ORG']
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if "O" not in self.names or len(set(self.names)) != len(self.names):
            raise ValueError(f"names must hold O and each tag once, got {self.names}")

    def may_follow(self, before: str | None, after: str) -> bool:
        """Return whether a tag may stand after another, or at the beginning (None): an inside needs its begin.

        >>> TagSet(("O", "B-ORG", "I-ORG")).may_follow("O", "I-ORG")
        False
        """
        position, _, kind = after.partition("-")
        return position != "I" or before in (f"B-{kind}", f"I-{kind}")

    def decode(self, p_tags: NDArray[np.floating]) -> list[str]:
        """Return the likeliest legal tags of one sentence; p_tags is (T, A).

        See "Error bounds for convolutional codes and an asymptotically optimum decoding algorithm" by Viterbi.
        """
        if p_tags.ndim != 2 or p_tags.shape[1] != len(self.names):
            raise ValueError(f"p_tags must be (T, {len(self.names)}), got {p_tags.shape}")
        if not len(p_tags):
            return []
        costs = -np.log(np.maximum(p_tags.astype(np.float64), 1e-12))  # (T, A)
        steps = self._costs(self.names)  # (A, A)
        total = costs[0] + self._costs((None,))[0]
        cheapest: list[NDArray[np.intp]] = []
        for of_token in costs[1:]:
            paths = total[:, None] + steps
            cheapest.append(paths.argmin(axis=0))
            total = paths.min(axis=0) + of_token
        at = int(total.argmin())
        path = [at]
        for before in reversed(cheapest):
            at = int(before[at])
            path.append(at)
        return [self.names[index] for index in reversed(path)]

    def _costs(self, before: Sequence[str | None]) -> NDArray[np.float64]:
        return np.array([[0.0 if self.may_follow(b, after) else np.inf for after in self.names] for b in before])
