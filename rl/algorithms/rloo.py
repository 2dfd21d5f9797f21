"""RLOO: several sampled actions a document, each judged against the mean of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.network import PolicyNetwork
from rl.algorithms.algorithm import StepFigures
from rl.algorithms.feedback import Feedback
from rl.algorithms.lesson import Lesson
from rl.algorithms.policy_algorithm import PolicyAlgorithm
from rl.algorithms.tagging import sample_tags
from rl.algorithms.tuned_network import LearningConfig
from rl.reward import RewardConfig


@dataclass(frozen=True, kw_only=True)
class RlooConfig(LearningConfig):
    """How many samples tell how good one is.

    >>> RlooConfig(n_samples=1)
    Traceback (most recent call last):
    ValueError: n_samples must be >= 2, got 1
    """

    n_samples: int = 8  # taggings of a document; they share one forward, so more cost little

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_samples < 2:
            raise ValueError(f"n_samples must be >= 2, got {self.n_samples}")


class Rloo(PolicyAlgorithm):
    """REINFORCE with a leave-one-out baseline, and the KL to the reference in the loss.

    See "Buy 4 REINFORCE Samples, Get a Baseline for Free!" by Kool et al. and "Back to Basics: Revisiting
    REINFORCE-Style Optimization for Learning from Human Feedback in LLMs" by Ahmadian et al. What differs: a sampled
    tag is credited with what its own mention adds to the reward instead of the whole document's; the document's
    label has three values, so its expected reward is taken exactly; the KL is exact at each token. Advantages are
    not divided by their deviation, as GRPO does ("DeepSeekMath" by Shao et al.): that would weigh documents on which
    nearly all samples agree as much as those that are open.
    """

    def __init__(
        self,
        network: PolicyNetwork,
        config: RlooConfig,
        reward: RewardConfig,
        device: torch.device,
        generator: torch.Generator,
        reference: PolicyNetwork | None = None,
    ) -> None:
        super().__init__(network, config, reward, device, generator, reference)
        self._config = config

    def step(self, batch: Sequence[Feedback], learning_rate: float) -> StepFigures:
        """Update the network once from a batch."""
        opened, scores, verdicts = self._opened(batch)
        reading = self._tuned.read(opened)
        reference = self._tuned.read_reference(opened)
        tags = sample_tags(reading.tags, opened.is_token, self._config.n_samples, self._generator)
        lesson = Lesson(opened, scores, verdicts, reading, reference, tags)
        loss = lesson.mean(losses(lesson)) + self._verdict_gradient(lesson) + self._anchor(lesson)
        norm = self._tuned.update(loss, learning_rate)
        return self._figures(lesson, loss, norm, reward=lesson.reward())


def losses(lesson: Lesson) -> Tensor:
    """Return of each document the loss whose gradient is minus that of its expected reward, (B,)."""
    of_tags = (lesson.scores.advantages(lesson.tags) * lesson.log_p).sum(-1).mean(0)
    return -(lesson.label_reward + of_tags)
