"""What the training loop asks of what is learned: examples, a loss, figures on the dev part, a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from torch import Tensor, nn


class DevFigures(NamedTuple):
    """How good the network is on what it was not trained on."""

    score: float  # the one figure by which epochs are compared; greater is better
    figures: dict[str, float]


class Task(Protocol):
    """One network and what it learns; a policy, a tagger and masked words are tasks."""

    @property
    def network(self) -> nn.Module:
        """What is trained: its parameters that require a gradient."""

    @property
    def lengths(self) -> Sequence[int]:
        """The pieces of each training example."""

    def loss(self, batch: Sequence[int]) -> Tensor:
        """Return the loss of the training examples with these indices; () float32."""

    def evaluate(self) -> DevFigures:
        """Return how good the network is now."""

    def save(self, folder: Path) -> None:
        """Write the network as it is now, to be loaded and used."""
