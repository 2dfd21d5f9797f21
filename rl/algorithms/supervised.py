"""Supervised tuning: right labels made likelier. The yardstick that the algorithms of reward are held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from models.network import PolicyNetwork
from rl.algorithms.algorithm import StepFigures
from rl.algorithms.feedback import Feedback
from rl.algorithms.lesson import Lesson
from rl.algorithms.policy_algorithm import PolicyAlgorithm
from rl.algorithms.tagging import greedy_tags
from rl.algorithms.tuned_network import LearningConfig
from rl.reward import RewardConfig


@dataclass(frozen=True, kw_only=True)
class SupervisedConfig(LearningConfig):
    """Supervised tuning as the policy was trained: with dropout, and no anchor unless one is asked for.

    >>> SupervisedConfig().has_dropout
    True
    """

    kl_weight: float = 0.0
    has_dropout: bool = True


class Supervised(PolicyAlgorithm):
    """Maximum likelihood, each document label weighted by what missing it costs.

    See "The Foundations of Cost-Sensitive Learning" by Elkan: with costs as weights the likeliest label is the one of
    least expected cost, exactly for two labels and roughly for three. Mentions are learned as
    `models.training.policy_task` does. A bare verdict is taken at its likelihood, whatever its propensity: given what
    was shown, a likelihood does not depend on why it was shown.
    """

    def __init__(
        self,
        network: PolicyNetwork,
        config: SupervisedConfig,
        reward: RewardConfig,
        device: torch.device,
        generator: torch.Generator,
        reference: PolicyNetwork | None = None,
    ) -> None:
        super().__init__(network, config, reward, device, generator, reference)

    def step(self, batch: Sequence[Feedback], learning_rate: float) -> StepFigures:
        """Update the network once from a batch."""
        opened, scores, verdicts = self._opened(batch)
        reading = self._tuned.read(opened)
        reference = self._tuned.read_reference(opened)
        lesson = Lesson(opened, scores, verdicts, reading, reference, greedy_tags(reading.tags, opened.is_token))
        loss = self._likelihood(lesson) + self._anchor(lesson)
        return self._figures(lesson, loss, self._tuned.update(loss, learning_rate))
