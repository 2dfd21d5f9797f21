"""PPO: a few clipped updates from one batch of sampled taggings, with a value head and an adaptive KL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.network import PolicyNetwork
from rl.algorithms.algorithm import StepFigures
from rl.algorithms.feedback import Feedback
from rl.algorithms.lesson import Lesson
from rl.algorithms.policy_algorithm import PolicyAlgorithm
from rl.algorithms.tagging import sample_tags
from rl.algorithms.tuned_network import N_BACKWARD, N_FORWARD, LearningConfig
from rl.algorithms.value_head import ValueHead, discounted_sums, following
from rl.reward import RewardConfig

_MAX_KL_ERROR = 0.2
_KL_GAIN = 0.1


@dataclass(frozen=True, kw_only=True)
class PpoConfig(LearningConfig):
    """How far one batch may move the policy.

    >>> PpoConfig(clip=0.0)
    Traceback (most recent call last):
    ValueError: clip must be in (0, 1), got 0.0
    """

    n_samples: int = 4  # taggings of a document
    n_updates: int = 2  # from one batch
    clip: float = 0.2  # of a tag's probability ratio to what it was when it was sampled
    trace: float = 0.95  # lambda of the advantages: 1 is unbiased, less has less variance
    value_rate: float = 1e-3
    target_kl: float = 0.5  # of a document from the reference, nats; kl_weight is steered towards it

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.clip < 1:
            raise ValueError(f"clip must be in (0, 1), got {self.clip}")
        if not 0 <= self.trace <= 1:
            raise ValueError(f"trace must be in [0, 1], got {self.trace}")
        for name in ("n_samples", "n_updates", "value_rate", "target_kl", "kl_weight"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")

    @property
    def n_passes(self) -> int:
        """How often a step takes each padded token through a network."""
        return self.n_updates * (N_FORWARD + N_BACKWARD) + self.n_reference_passes


class Ppo(PolicyAlgorithm):
    """Proximal policy optimisation over the tagging trajectory.

    See "Proximal Policy Optimization Algorithms" and "High-Dimensional Continuous Control Using Generalized
    Advantage Estimation" by Schulman et al.; the KL's weight is steered as in "Fine-Tuning Language Models from Human
    Preferences" by Ziegler et al. What differs: the KL is a loss and exact, not a sampled part of the reward; a tag's
    reward is what it adds to the F1 so far; of a document's label all three values are judged by their rewards, so
    that it needs neither samples nor a value.
    """

    def __init__(
        self,
        network: PolicyNetwork,
        config: PpoConfig,
        reward: RewardConfig,
        device: torch.device,
        generator: torch.Generator,
        reference: PolicyNetwork | None = None,
    ) -> None:
        self._values = ValueHead.drawn(network.width, generator)
        super().__init__(network, config, reward, device, generator, reference, self._values, config.value_rate)
        self._config = config
        self._kl_weight = torch.tensor(config.kl_weight)

    def step(self, batch: Sequence[Feedback], learning_rate: float) -> StepFigures:
        """Update the network `n_updates` times from a batch; all figures but the reward are the last update's."""
        opened, scores, verdicts = self._opened(batch)
        reference = self._tuned.read_reference(opened)
        reading = self._tuned.read(opened)
        tags = sample_tags(reading.tags, opened.is_token, self._config.n_samples, self._generator)
        first = lesson = Lesson(opened, scores, verdicts, reading, reference, tags)
        acted = _Acted.of(first, self._values, self._config)
        for update in range(self._config.n_updates):
            if update:
                lesson = Lesson(opened, scores, verdicts, self._tuned.read(opened), reference, tags)
            loss, clip_share = self._loss(lesson, acted)
            norm = self._tuned.update(loss, learning_rate)
        self._steer(float(lesson.divergence.detach().mean()))
        return self._figures(lesson, loss, norm, clip_share, first.reward())

    def state(self) -> Mapping[str, Tensor]:
        """Return all that is needed to go on after `restore`."""
        return {**super().state(), "kl_weight": self._kl_weight.clone()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken."""
        super().restore(state)
        self._kl_weight = state["kl_weight"].clone()

    def _loss(self, lesson: Lesson, acted: _Acted) -> tuple[Tensor, float]:
        clip = self._config.clip
        is_token = lesson.batch.is_token
        ratio = (lesson.log_p - acted.log_p).exp()
        of_tags = (clipped(ratio, acted.advantage, clip) * is_token).sum(-1).mean(0)  # (B,)
        p_labels = lesson.reading.document.softmax(-1)
        of_labels = (acted.p_labels * clipped(p_labels / acted.p_labels, acted.label_advantage, clip)).sum(-1)
        errors = (self._values.of_tokens(lesson.reading, lesson.tags) - acted.returns) ** 2 * is_token
        loss = -lesson.mean(of_labels + of_tags) + errors.sum() / (is_token.sum() * len(lesson.tags)).clamp(min=1)
        if len(lesson.verdicts):
            of_choices = lesson.verdicts.log_p(lesson.reading)
            shown = clipped((of_choices - acted.log_p_shown).exp(), acted.shown_advantage, clip)
            loss = loss + lesson.verdicts.loss(shown)
        clip_share = (((ratio - 1).abs() > clip) & is_token).sum() / (is_token.sum() * len(ratio)).clamp(min=1)
        return loss + self._anchor(lesson, float(self._kl_weight)), float(clip_share)

    def _steer(self, kl: float) -> None:
        error = max(-_MAX_KL_ERROR, min(_MAX_KL_ERROR, kl / self._config.target_kl - 1))
        self._kl_weight = self._kl_weight * (1 + _KL_GAIN * error)


@dataclass(frozen=True)
class _Acted:
    """The policy as it sampled: what ratios are against, and what its actions turned out to be worth."""

    log_p: Tensor  # (K, B, N)
    advantage: Tensor  # (K, B, N)
    returns: Tensor  # (K, B, N)
    p_labels: Tensor  # (B, 3)
    label_advantage: Tensor  # (B, 3)
    log_p_shown: Tensor  # (M,)
    shown_advantage: Tensor  # (M,), weighted by how it came to be shown

    @classmethod
    def of(cls, lesson: Lesson, values: ValueHead, config: PpoConfig) -> _Acted:
        is_token = lesson.batch.is_token
        expected = values.of_tokens(lesson.reading, lesson.tags).detach() * is_token
        errors = lesson.scores.gains(lesson.tags) * is_token + following(expected, is_token) - expected
        known = is_token & lesson.scores.has_tag_evidence.unsqueeze(-1)
        advantage = discounted_sums(errors * is_token, config.trace) * known
        credit = lesson.verdicts.credit(lesson.reading, config.max_ratio)
        return cls(
            log_p=lesson.log_p.detach(),
            advantage=advantage,
            returns=advantage + expected,
            p_labels=lesson.reading.document.softmax(-1).detach(),
            label_advantage=lesson.scores.labels - lesson.label_reward.unsqueeze(-1).detach(),
            log_p_shown=lesson.verdicts.log_p(lesson.reading).detach(),
            shown_advantage=(credit.ratio * credit.advantage)[lesson.verdicts.unit],
        )


def clipped(ratio: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """Return the lesser of ratio and clipped ratio times advantage, of any shape.

    >>> clipped(torch.tensor([1.5, 1.5, 0.5, 0.5]), torch.tensor([1.0, -1.0, 1.0, -1.0]), clip=0.2).tolist()
    [1.2000000476837158, -1.5, 0.5, -0.800000011920929]
    """
    return torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)
