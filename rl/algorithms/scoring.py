"""What sampled actions on a batch are worth: the configured reward of all labels and of many taggings at once.

The same numbers as `rl.reward.reward_of`. Knows no network.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.decoding import BEGINS, INSIDES
from models.labels import SENTIMENTS
from models.tokens import Tokens
from rl.algorithms.feedback_batch import FeedbackBatch
from rl.algorithms.mention_marks import MentionMarker, inside
from rl.reward import FUNCTIONS, RewardConfig
from rl.rounds.unit import Unit, Units

_OF_LABEL = frozenset({"label", "accuracy"})
_MARKED = {"mention_f1": True, "span_f1": False}
"""What is marked for a whole batch at once, and whether with the sentiment; the other functions take one by one."""


class Scores:
    """The reward of every action on each document of a batch, as the sum of its label's and its tagging's part.

    >>> from models.labelled.example import Example
    >>> from rl.algorithms.feedback import Feedback
    >>> from rl.algorithms.feedback_batch import batch_of
    >>> tokens = Tokens("FTX halts", ((0, 3), (4, 9)), (1, 2), (101, 3027, 9190, 102), (0, 3, 1, 0))
    >>> right = Example("FTX halts", sentiment=0, are_spans_complete=True)
    >>> scores = Scores(batch_of([Feedback(tokens, right)], torch.device("cpu")), RewardConfig())
    >>> scores.labels.tolist(), scores.of_tags(torch.tensor([[[0, 0]], [[1, 0]]])).tolist()
    ([[0.5, 0.0, 0.0]], [[0.5], [0.0]])
    """

    def __init__(self, batch: FeedbackBatch, config: RewardConfig) -> None:
        self._batch, self._config = batch, config
        weights = {name: self._weight(name, weight) for name, weight in config.weights.items()}  # (B,) each
        total = torch.stack(list(weights.values())).sum(0)
        self.has_evidence: Tensor = total > 0  # (B,) bool
        of_labels = [weight for name, weight in weights.items() if name in _OF_LABEL]
        self.has_label_evidence: Tensor = sum(of_labels, torch.zeros_like(total)) > 0  # (B,) bool
        self.has_tag_evidence: Tensor = total > sum(of_labels, torch.zeros_like(total))  # (B,) bool
        shares = {name: weight / total.clamp(min=1e-12) for name, weight in weights.items()}
        self.labels: Tensor = torch.zeros(len(batch.feedback), len(SENTIMENTS), device=batch.device)  # (B, 3)
        self._marked: list[tuple[Tensor, MentionMarker]] = []
        self._plain: list[tuple[Tensor, str]] = []
        for name, share in shares.items():
            if name in _OF_LABEL:
                self.labels = self.labels + share.unsqueeze(-1) * self._labels(name)
            elif name in _MARKED:
                self._marked.append((share, MentionMarker(batch, with_sentiment=_MARKED[name])))
            else:
                self._plain.append((share, name))

    def of_tags(self, tags: Tensor) -> Tensor:
        """Return the part of the reward that taggings (K, B, N) earn, (K, B)."""
        reward = self._of_plain(tags)
        for share, marker in self._marked:
            reward = reward + share * marker.f1(marker.marks(tags))
        return reward

    def advantages(self, tags: Tensor) -> Tensor:
        """Return for each token how much better its mention did than that of the other samples, (K, B, N).

        Leave-one-out: the baseline of a sample is the mean over the others, so that it stays unbiased. Tokens that
        some sample, or the right labels, read as one mention share its credit; what lies elsewhere in the document
        has no part in it.
        """
        total = self._of_plain(tags).unsqueeze(-1).expand(tags.shape)
        glued = inside(tags).any(0)
        for _, marker in self._marked:
            glued = glued | marker.crossings()
        place = (~glued).cumsum(-1).expand(tags.shape) - 1  # (K, B, N); the first token never goes on with a mention
        for share, marker in self._marked:
            earned = share.unsqueeze(-1) * marker.credits(marker.marks(tags))
            total = total + torch.zeros_like(earned).scatter_add(-1, place, earned).gather(-1, place)
        return left_out(total)

    def gains(self, tags: Tensor) -> Tensor:
        """Return the reward that each token's tag brings as it is chosen, (K, B, N).

        Over a document they sum to `of_tags`, less what it has before its first token.
        """
        last = (self._batch.is_token.sum(-1, keepdim=True) - 1).clamp(min=0).expand(*tags.shape[:2], 1)
        gained = torch.zeros(tags.shape, device=tags.device)
        gained = gained.scatter(-1, last, self._of_plain(tags).unsqueeze(-1))
        for share, marker in self._marked:
            gained = gained + share.unsqueeze(-1) * marker.gains(marker.marks(tags))
        return gained

    def _weight(self, name: str, weight: float) -> Tensor:
        nothing: Units = (Unit(0),)  # whether there is evidence depends on no action
        known = [
            right is not None and FUNCTIONS[name](nothing, right, self._config) is not None
            for right in self._batch.rights
        ]
        return weight * torch.tensor(known, dtype=torch.float32, device=self._batch.device)

    def _labels(self, name: str) -> Tensor:
        rows = [
            [
                FUNCTIONS[name]((Unit(label),), right, self._config) or 0.0 if right else 0.0
                for label in range(len(SENTIMENTS))
            ]
            for right in self._batch.rights
        ]
        return torch.tensor(rows, device=self._batch.device)

    def _of_plain(self, tags: Tensor) -> Tensor:
        total = torch.zeros(tags.shape[:2], device=tags.device)
        for share, name in self._plain:
            rewards = [
                [self._one(name, row, of_document) for row, of_document in enumerate(sample)]
                for sample in tags.tolist()
            ]
            total = total + share * torch.tensor(rewards, device=tags.device)
        return total

    def _one(self, name: str, row: int, tags: list[int]) -> float:
        feedback = self._batch.feedback[row]
        if feedback.right is None:
            return 0.0
        return FUNCTIONS[name](mentions_of(feedback.tokens, tags), feedback.right, self._config) or 0.0


def left_out(values: Tensor) -> Tensor:
    """Return values (K, ...) less the mean of the other samples'; zero for a single sample."""
    n_samples = len(values)
    if n_samples < 2:
        return torch.zeros_like(values)
    return (values - values.mean(0)) * (n_samples / (n_samples - 1))


def mentions_of(tokens: Tokens, tags: list[int]) -> Units:
    """Return the mentions that legal tags mark, each with its tags' sentiment; tags beyond the tokens are left out.

    >>> tokens = Tokens("FTX halts", ((0, 3), (4, 9)), (1, 2), (101, 3027, 9190, 102), (0, 3, 1, 0))
    >>> mentions_of(tokens, [1, 2])
    (Unit(sentiment=0, span=(0, 9)),)
    """
    units: list[Unit] = []
    for tag, (start, end) in zip(tags, tokens.offsets, strict=False):
        if tag in BEGINS:
            units.append(Unit(BEGINS.index(tag), (start, end)))
        elif tag in INSIDES:
            begun = units.pop()
            units.append(Unit(begun.sentiment, (begun.span[0] if begun.span else start, end)))
    return tuple(units)
