"""What three policies earn on held-out items: the arrays that the gate looks at.

Knows neither policies nor files; rewards come in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from rl.estimators.log import Floats, Integers

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Items with right labels that none of the policies has learnt from, and each policy's reward on them.

    >>> half = np.array([1.0, 0.0])
    >>> HeldOut(candidate=half, serving=half, anchor=half, cluster=np.array([0, 1]), fingerprint="h").n_items
    2
    """

    candidate: Floats  # (N,) reward in [0, 1]
    serving: Floats  # (N,)
    anchor: Floats  # (N,)
    cluster: Integers  # (N,) the story, by number
    fingerprint: str  # of the items and their labels
    slices: Mapping[str, Booleans] = field(default_factory=lambda: MappingProxyType({}))  # name to (N,)
    calibration_error: float | None = None  # expected, of the candidate's document labels
    n_seen: int = 0  # items that the candidate has learnt from

    def __post_init__(self) -> None:
        for name in ("candidate", "serving", "anchor"):
            rewards = getattr(self, name)
            if rewards.shape != self.cluster.shape or rewards.ndim != 1:
                raise ValueError(f"{name} must be (N,) like cluster {self.cluster.shape}, got {rewards.shape}")
            if rewards.size and not (rewards.min() >= 0.0 and rewards.max() <= 1.0):
                raise ValueError(f"{name} must be in [0, 1], got {rewards.min()} to {rewards.max()}")
        for name, members in self.slices.items():
            if members.shape != self.cluster.shape:
                raise ValueError(f"slice {name} must be (N,) like cluster {self.cluster.shape}, got {members.shape}")

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return len(self.cluster)
