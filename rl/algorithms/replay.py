"""Trajectories kept to be learned from again: documents with what is known of them and how they were tagged.

Knows no network. Saved as JSON in a tensor of bytes; no pickle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import torch
from torch import Tensor

from rl.algorithms.feedback import Feedback


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A document as it was tagged once.

    >>> from models.labelled.example import Example
    >>> from models.tokens import Tokens
    >>> tokens = Tokens("FTX", ((0, 3),), (1,), (101, 3027, 102), (0, 3, 0))
    >>> Trajectory(Feedback(tokens, right=Example("FTX", sentiment=0)), tags=(1,)).tags
    (1,)
    """

    feedback: Feedback
    tags: tuple[int, ...]


class Replay:
    """The latest trajectories; the oldest makes room for a new one.

    >>> replay = Replay(capacity=2)
    >>> len(replay)
    0
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be >= 1, got {capacity}")
        self._capacity = capacity
        self._kept: list[Trajectory] = []
        self._n_seen = 0

    def __len__(self) -> int:
        return len(self._kept)

    def update(self, trajectories: Sequence[Trajectory]) -> None:
        """Keep trajectories, each in the place of the oldest one once there is no more room."""
        for trajectory in trajectories:
            if len(self._kept) < self._capacity:
                self._kept.append(trajectory)
            else:
                self._kept[self._n_seen % self._capacity] = trajectory
            self._n_seen += 1

    def draw(self, max_padded_tokens: int, generator: torch.Generator) -> list[Trajectory]:
        """Return different trajectories at random, as many as are read within so many padded tokens; at least one."""
        if not self._kept:
            raise ValueError("replay must hold a trajectory to draw from, got none")
        drawn: list[Trajectory] = []
        longest = 0
        for index in torch.randperm(len(self._kept), generator=generator, device=generator.device).tolist():
            candidate = self._kept[index]
            longest = max(longest, len(candidate.feedback.tokens))
            if drawn and longest * (len(drawn) + 1) > max_padded_tokens:
                break
            drawn.append(candidate)
        return drawn

    def snapshot(self) -> Tensor:
        """Return all that is kept, as bytes; (n,) uint8."""
        raw = msgspec.json.encode((self._n_seen, self._kept))
        return torch.frombuffer(bytearray(raw), dtype=torch.uint8)

    def restore(self, snapshot: Tensor) -> None:
        """Hold what a snapshot holds."""
        raw = snapshot.cpu().numpy().tobytes()
        self._n_seen, self._kept = msgspec.json.decode(raw, type=tuple[int, list[Trajectory]])
