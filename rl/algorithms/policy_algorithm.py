"""What algorithms have in common: reading a batch, the terms every loss may have, figures, and state.

Knows no algorithm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from models.network import PolicyNetwork
from rl.algorithms.algorithm import StepFigures
from rl.algorithms.feedback import Feedback
from rl.algorithms.feedback_batch import FeedbackBatch, batch_of
from rl.algorithms.lesson import Lesson
from rl.algorithms.likelihood import likelihood_loss
from rl.algorithms.missing_mentions import MissingMentions
from rl.algorithms.scoring import Scores
from rl.algorithms.tuned_network import LearningConfig, TunedNetwork
from rl.algorithms.verdicts import Verdicts
from rl.reward import RewardConfig

TAG_WEIGHT, TOWARDS_WEIGHT = 2.0, 1.0
"""Of the mean token and the mean mention beside the mean document in a supervised loss, as in the policy's recipe."""


class PolicyAlgorithm:
    """A network to tune, its reference and the reward; algorithms say how a batch becomes an update.

    The reward that a policy expects is its own, so unless `has_dropout` says otherwise the network is in evaluation
    mode: what is sampled, and what is updated, is the policy that would be served.
    """

    def __init__(
        self,
        network: PolicyNetwork,
        config: LearningConfig,
        reward: RewardConfig,
        device: torch.device,
        generator: torch.Generator,
        reference: PolicyNetwork | None = None,
        beside: nn.Module | None = None,
        beside_rate: float = 1e-3,
    ) -> None:
        self._common, self._reward, self._device = config, reward, device
        self._generator = generator
        self._tuned = TunedNetwork(network, config, device, generator, reference, beside, beside_rate)

    @property
    def network(self) -> PolicyNetwork:
        """The network being tuned."""
        return self._tuned.network

    def state(self) -> Mapping[str, Tensor]:
        """Return all that is needed to go on after `restore`."""
        return self._tuned.state()

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken.

        Raises:
            ValueError: if it is another network's.
        """
        self._tuned.restore(state)

    def _opened(self, feedback: Sequence[Feedback]) -> tuple[FeedbackBatch, Scores, Verdicts]:
        """Begin a step: the batch, what actions on it earn, and its verdicts."""
        if not feedback:
            raise ValueError("batch must hold feedback on a document, got none")
        self._tuned.n_padded_tokens = 0
        return self._batch(feedback)

    def _batch(self, feedback: Sequence[Feedback]) -> tuple[FeedbackBatch, Scores, Verdicts]:
        batch = batch_of(feedback, self._device)
        return batch, Scores(batch, self._reward), Verdicts(batch)

    def _anchor(self, lesson: Lesson, kl_weight: float | None = None) -> Tensor:
        """Return what keeps the policy near the reference, what is said of missing mentions, and the likelihood; ().

        Of the first and the last, as much as is configured.
        """
        kl_weight = self._common.kl_weight if kl_weight is None else kl_weight
        loss = MissingMentions(lesson.batch).loss(lesson.reading)
        if kl_weight:
            loss = loss + kl_weight * lesson.mean(lesson.divergence)
        if self._common.likelihood_weight:
            loss = loss + self._common.likelihood_weight * self._likelihood(lesson)
        return loss

    def _likelihood(self, lesson: Lesson) -> Tensor:
        """Return -log p of right labels and of bare verdicts; ()."""
        costs = self._reward.label_costs
        loss = likelihood_loss(lesson.reading, lesson.batch, costs, TAG_WEIGHT, TOWARDS_WEIGHT)
        return loss + lesson.verdicts.likelihood(lesson.reading) if len(lesson.verdicts) else loss

    def _verdict_gradient(self, lesson: Lesson) -> Tensor:
        """Return the loss of bare verdicts: the policy gradient of what was shown, weighted by its propensity; ()."""
        if not len(lesson.verdicts):
            return lesson.reading.document.new_zeros(())
        credit = lesson.verdicts.credit(lesson.reading, self._common.max_ratio)
        return lesson.verdicts.surrogate(lesson.verdicts.log_p(lesson.reading), credit)

    def _figures(
        self,
        lesson: Lesson,
        loss: Tensor,
        gradient_norm: float,
        clip_share: float = 0.0,
        reward: float | None = None,
    ) -> StepFigures:
        with torch.no_grad():
            return StepFigures(
                loss=float(loss.detach()),
                reward=reward,
                kl=float((lesson.divergence / lesson.n_choices).mean()),
                entropy=float((lesson.entropy / lesson.n_choices).mean()),
                clip_share=clip_share,
                gradient_norm=gradient_norm,
                n_padded_tokens=self._tuned.n_padded_tokens,
            )
