"""One batch as an algorithm learns from it: what was read, sampled and earned, and the reference's view of it.

Owns the terms that losses are made of, per document. Knows no optimiser.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from rl.algorithms.feedback_batch import FeedbackBatch
from rl.algorithms.reading import Reading
from rl.algorithms.scoring import Scores
from rl.algorithms.tagging import chosen, divergence, entropy, log_policy
from rl.algorithms.verdicts import Verdicts


@dataclass(frozen=True)
class Lesson:
    """A batch, taggings of it, and how policy and reference look upon them.

    Probabilities of a tag are given the tags before it in a sampled tagging: divergence and entropy are those of the
    states that the samples visit.
    """

    batch: FeedbackBatch
    scores: Scores
    verdicts: Verdicts
    reading: Reading  # of the network being tuned
    reference: Reading
    tags: Tensor  # (K, B, N) int64, that the terms below are about

    @cached_property
    def log_policy(self) -> Tensor:
        """Log probabilities of all tags, (K, B, N, 7)."""
        return log_policy(self.reading.tags, self.tags)

    @cached_property
    def log_p(self) -> Tensor:
        """Log probability of each sampled tag, 0 beyond the last token; (K, B, N)."""
        return chosen(self.log_policy, self.tags) * self.batch.is_token

    @cached_property
    def divergence(self) -> Tensor:
        """KL to the reference of a document's label and all its tags together, nats, (B,)."""
        of_tags = divergence(self.log_policy, log_policy(self.reference.tags, self.tags)) * self.batch.is_token
        document = self.reading.document.log_softmax(-1), self.reference.document.log_softmax(-1)
        return divergence(*document) + of_tags.sum(-1).mean(0)

    @cached_property
    def entropy(self) -> Tensor:
        """Entropy of a document's label and all its tags together, nats, (B,)."""
        of_tags = entropy(self.log_policy) * self.batch.is_token
        return entropy(self.reading.document.log_softmax(-1)) + of_tags.sum(-1).mean(0)

    @property
    def n_choices(self) -> Tensor:
        """How many choices an action on each document is made of: its label and its tags, (B,)."""
        return 1 + self.batch.is_token.sum(-1)

    @cached_property
    def label_reward(self) -> Tensor:
        """The reward expected of the document's label: exact, over all three, (B,)."""
        return (self.reading.document.softmax(-1) * self.scores.labels).sum(-1)

    def reward(self) -> float | None:
        """Return the mean reward of the sampled actions, over the documents with evidence."""
        with torch.no_grad():
            reward = self.label_reward + self.scores.of_tags(self.tags).mean(0)
        known = reward[self.scores.has_evidence]
        return float(known.mean()) if len(known) else None

    def mean(self, of_documents: Tensor) -> Tensor:
        """Return the mean over documents, each by its weight, ()."""
        return (self.batch.weight * of_documents).mean()
