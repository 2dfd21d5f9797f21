"""What tuning asks of an algorithm, whichever it is: one update of the policy from one batch of feedback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from models.network import PolicyNetwork
from rl.algorithms.feedback import Feedback


@dataclass(frozen=True, slots=True)
class StepFigures:
    """What one update was like; means over the batch's documents.

    >>> StepFigures(loss=0.5, reward=0.8, kl=0.01, entropy=0.3, clip_share=0.0, gradient_norm=1.0).reward
    0.8
    """

    loss: float
    reward: float | None  # of the sampled actions, in [0, 1]; None where nothing is sampled
    kl: float  # to the reference policy, nats per token (the document label counts as one)
    entropy: float  # nats per token
    clip_share: float  # of tokens whose ratio was clipped, in [0, 1]
    gradient_norm: float  # before it is clipped
    n_padded_tokens: int = 0  # that learning took through the network: once forward counts one, once backward two


class Algorithm(Protocol):
    """Improves a network from feedback.

    An algorithm is made with the network to tune (which it changes in place), its own frozen config, the reward, the
    device, a `torch.Generator`, and the reference policy (a copy of the network at that moment where none is given).
    """

    @property
    def network(self) -> PolicyNetwork:
        """The network being tuned."""

    def step(self, batch: Sequence[Feedback], learning_rate: float) -> StepFigures:
        """Update the network once from a batch."""

    def state(self) -> Mapping[str, Tensor]:
        """Return all that is needed to go on after `restore`: what is trained, optimiser, replay, random numbers."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken."""
