"""DQN over the tagging trajectory: replayed transitions, and targets from a network that lags behind."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.network import PolicyNetwork
from rl.algorithms.algorithm import StepFigures
from rl.algorithms.feedback import Feedback
from rl.algorithms.feedback_batch import FeedbackBatch
from rl.algorithms.lesson import Lesson
from rl.algorithms.policy_algorithm import PolicyAlgorithm
from rl.algorithms.reading import read
from rl.algorithms.replay import Replay, Trajectory
from rl.algorithms.tagging import chosen, log_policy, sample_tags
from rl.algorithms.tuned_network import N_FORWARD, LearningConfig
from rl.algorithms.value_head import ValueHead, following, label_errors
from rl.reward import RewardConfig


@dataclass(frozen=True, kw_only=True)
class DqnConfig(LearningConfig):
    """How transitions are made, kept and valued.

    >>> DqnConfig(epsilon=2.0)
    Traceback (most recent call last):
    ValueError: epsilon must be in [0, 1], got 2.0
    """

    epsilon: float = 0.2  # share of the tags that are drawn from the policy; the others are its best
    temperature: float = 0.1  # of the softmax over Q, in units of reward
    n_kept: int = 2000  # trajectories in the replay
    target_every: int = 25  # updates after which the target network is the tuned one again
    value_rate: float = 3e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.epsilon <= 1:
            raise ValueError(f"epsilon must be in [0, 1], got {self.epsilon}")
        for name in ("temperature", "n_kept", "target_every", "value_rate"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")

    @property
    def n_passes(self) -> int:
        """How often a step takes each padded token through a network: to act, to learn, and for targets; roughly.

        What is drawn from the replay may be up to a document short of what was acted on.
        """
        return 2 * N_FORWARD + super().n_passes


class Dqn(PolicyAlgorithm):
    """Deep Q-learning, double, with a target network and replay.

    See "Human-Level Control through Deep Reinforcement Learning" by Mnih et al. and "Deep Reinforcement Learning with
    Double Q-learning" by van Hasselt et al.: the tuned network says which next tag is best, the target network
    what it is worth. What differs: Q(s, a) = V(s) + temperature log pi(a | s), so that the served policy is its
    softmax and a trained one a beginning, as in `q_learning`; exploring tags are drawn from the policy, not evenly,
    since an even one is never right; what is replayed are whole documents, whose reward is made again from
    their labels. The document's label is one step, and a bare verdict is learned as in `q_learning`.
    """

    def __init__(
        self,
        network: PolicyNetwork,
        config: DqnConfig,
        reward: RewardConfig,
        device: torch.device,
        generator: torch.Generator,
        reference: PolicyNetwork | None = None,
    ) -> None:
        self._values = ValueHead.drawn(network.width, generator)
        super().__init__(network, config, reward, device, generator, reference, self._values, config.value_rate)
        self._config = config
        self._target = copy.deepcopy(self.network).eval()
        self._target_values = copy.deepcopy(self._values)
        self._replay = Replay(config.n_kept)
        self._n_updates = torch.tensor(0)

    def step(self, batch: Sequence[Feedback], learning_rate: float) -> StepFigures:
        """Tag a batch, and update the network once from as much of the replay; the reward is that of the batch."""
        acted = self._act(batch)
        lesson = self._replayed(acted.batch.n_padded_tokens)
        errors = self._label_errors(lesson) + self._tag_errors(lesson)
        loss = lesson.mean(errors) + self._verdict_gradient(lesson) + self._anchor(lesson)
        norm = self._tuned.update(loss, learning_rate)
        self._n_updates += 1
        if self._n_updates % self._config.target_every == 0:
            self._target.load_state_dict(self.network.state_dict())
            self._target_values.load_state_dict(self._values.state_dict())
        return self._figures(lesson, loss, norm, reward=acted.reward())

    def state(self) -> Mapping[str, Tensor]:
        """Return all that is needed to go on after `restore`, target network and replay as well."""
        own = {f"target.{name}": value.detach().cpu().clone() for name, value in self._lagging().items()}
        return {**super().state(), **own, "replay": self._replay.snapshot(), "n_updates": self._n_updates.clone()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken."""
        super().restore(state)
        with torch.no_grad():
            for name, value in self._lagging().items():
                value.copy_(state[f"target.{name}"])
        self._replay.restore(state["replay"])
        self._n_updates = state["n_updates"].clone()

    def _act(self, feedback: Sequence[Feedback]) -> Lesson:
        batch, scores, verdicts = self._opened(feedback)
        reading = self._tuned.act(batch)
        tags = sample_tags(reading.tags, batch.is_token, 1, self._generator, self._config.epsilon)
        rows = zip(batch.feedback, tags[0].tolist(), strict=True)
        self._replay.update([Trajectory(known, tuple(row[: len(known.tokens.firsts)])) for known, row in rows])
        return Lesson(batch, scores, verdicts, reading, reading, tags)

    def _replayed(self, max_padded_tokens: int) -> Lesson:
        drawn = self._replay.draw(max_padded_tokens, self._generator)
        batch, scores, verdicts = self._batch([trajectory.feedback for trajectory in drawn])
        rows = [[*trajectory.tags, *[0] * batch.firsts.shape[1]][: batch.firsts.shape[1]] for trajectory in drawn]
        tags = torch.tensor(rows, device=batch.device).unsqueeze(0)
        return Lesson(batch, scores, verdicts, self._tuned.read(batch), self._tuned.read_reference(batch), tags)

    def _label_errors(self, lesson: Lesson) -> Tensor:
        errors = label_errors(lesson, self._config.temperature)
        return (
            nn.functional.huber_loss(errors, torch.zeros_like(errors), reduction="none").sum(-1)
            / self._config.temperature
        )

    def _tag_errors(self, lesson: Lesson) -> Tensor:
        temperature, is_token = self._config.temperature, lesson.batch.is_token
        q = self._values.of_tokens(lesson.reading, lesson.tags) + temperature * lesson.log_p
        with torch.no_grad():
            after = self._worth(lesson.batch, lesson.tags, lesson.log_policy.argmax(-1))
            targets = lesson.scores.gains(lesson.tags) + following(after, is_token)
        errors = nn.functional.huber_loss(q, targets, reduction="none") * is_token
        return errors.sum(-1).mean(0) * lesson.scores.has_tag_evidence / temperature

    def _worth(self, batch: FeedbackBatch, tags: Tensor, best: Tensor) -> Tensor:
        """Return the target network's Q of given tags, each after the one before it in the trajectory, (K, B, N)."""
        self._tuned.n_padded_tokens += N_FORWARD * batch.n_padded_tokens
        reading = read(self._target, batch)
        log_p = chosen(log_policy(reading.tags, tags), best)
        return self._target_values.of_tokens(reading, tags) + self._config.temperature * log_p

    def _lagging(self) -> dict[str, Tensor]:
        network = {name: value for name, value in self._target.named_parameters() if value.requires_grad}
        return {**network, **{f"values.{name}": value for name, value in self._target_values.named_parameters()}}
