"""Q-learning: what each action will earn is learned, and the policy is a softmax over it."""

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
from rl.algorithms.value_head import ValueHead, discounted_sums, following, label_errors
from rl.reward import RewardConfig


@dataclass(frozen=True, kw_only=True)
class QLearningConfig(LearningConfig):
    """How actions are valued.

    >>> QLearningConfig(temperature=0.0)
    Traceback (most recent call last):
    ValueError: temperature must be > 0, got 0.0
    """

    n_samples: int = 4  # taggings of a document
    temperature: float = 0.1  # of the softmax, in units of reward: an action worth 0.1 more is e times as likely
    trace: float = 0.9  # lambda: how far what was earned later counts, instead of what the best action is said to
    value_rate: float = 3e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.trace <= 1:
            raise ValueError(f"trace must be in [0, 1], got {self.trace}")
        for name in ("n_samples", "temperature", "value_rate"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")


class QLearning(PolicyAlgorithm):
    """Q-learning with pi = softmax(Q / temperature), over the tagging trajectory and the document's label.

    See "Q-learning" by Watkins and Dayan and "Incremental Multi-Step Q-Learning" by Peng and Williams: targets
    bootstrap from the best next action, and mix in what the sampled one earned. What differs: the network's softmax
    is the policy, so Q(s, a) = V(s) + temperature log pi(a | s) with a value head as V, the form in which Q-learning
    and policy gradients meet ("Bridging the Gap Between Value and Policy Based Reinforcement Learning" by Nachum et
    al.); a trained policy is thus a beginning. The document's label is one step: all three Q regress to their known
    rewards with the V that fits best, so the likeliest label becomes the one that earns most. A bare verdict moves
    the choices that were shown by how far it is from what the policy expected: what a trajectory earns it does not
    tell.
    """

    def __init__(
        self,
        network: PolicyNetwork,
        config: QLearningConfig,
        reward: RewardConfig,
        device: torch.device,
        generator: torch.Generator,
        reference: PolicyNetwork | None = None,
    ) -> None:
        self._values = ValueHead.drawn(network.width, generator)
        super().__init__(network, config, reward, device, generator, reference, self._values, config.value_rate)
        self._config = config

    def step(self, batch: Sequence[Feedback], learning_rate: float) -> StepFigures:
        """Update the network once from a batch."""
        opened, scores, verdicts = self._opened(batch)
        reading = self._tuned.read(opened)
        reference = self._tuned.read_reference(opened)
        tags = sample_tags(reading.tags, opened.is_token, self._config.n_samples, self._generator)
        lesson = Lesson(opened, scores, verdicts, reading, reference, tags)
        errors = self._label_errors(lesson) + self._tag_errors(lesson)
        loss = lesson.mean(errors) + self._verdict_gradient(lesson) + self._anchor(lesson)
        norm = self._tuned.update(loss, learning_rate)
        return self._figures(lesson, loss, norm, reward=lesson.reward())

    def _label_errors(self, lesson: Lesson) -> Tensor:
        temperature = self._config.temperature
        errors = label_errors(lesson, temperature)
        return (errors**2).sum(-1) / (2 * temperature)

    def _tag_errors(self, lesson: Lesson) -> Tensor:
        temperature, trace = self._config.temperature, self._config.trace
        is_token = lesson.batch.is_token
        values = self._values.of_tokens(lesson.reading, lesson.tags)  # (K, B, N)
        q = values + temperature * lesson.log_p
        with torch.no_grad():
            best = following(values + temperature * lesson.log_policy.max(-1).values, is_token)
            # G = r + (1 - trace) best + trace G after; at the last token nothing comes after
            earned = lesson.scores.gains(lesson.tags) + (1 - trace) * best
            targets = discounted_sums(earned * is_token, trace)
        errors = ((targets - q) ** 2 * is_token).sum(-1).mean(0)
        return errors * lesson.scores.has_tag_evidence / (2 * temperature)
