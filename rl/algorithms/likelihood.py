"""The loss of right labels: what supervised learning minimises, document by document.

Knows no optimiser and no reward but its costs.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.decoding import BEGINS, INSIDES
from models.labelled.example import Example
from models.labels import TAGS
from models.tokens import Tokens
from models.training.targets import allowed_tags
from rl.algorithms.feedback_batch import FeedbackBatch
from rl.algorithms.reading import Reading
from rl.reward import Costs

_UNKNOWN = -100
"""A document label that teaches nothing; torch's own mark for it."""


def likelihood_loss(
    reading: Reading, batch: FeedbackBatch, costs: Costs, tag_weight: float, towards_weight: float
) -> Tensor:
    """Return -log p of the right labels, weighted, ().

    The sum of three means, as in `models.training.policy_task`, each now weighted by its document: over labels, by
    what it costs on average to miss that label as well; over tokens; over mentions whose sentiment is known. More
    than there, a mention of a document that is not annotated throughout is known to end where it does.

    Args:
        reading: of the batch.
        batch: with weights.
        costs: right labels by decided ones; only their ratios matter.
        tag_weight: of the mean token beside the mean document.
        towards_weight: of the mean mention beside the mean document.
    """
    examples = [right or Example("") for right in batch.rights]
    tags = _tag_loss(reading, batch, examples)
    return (
        _label_loss(reading, batch, examples, costs)
        + tag_weight * tags
        + towards_weight * _towards_loss(reading, batch, examples)
    )


def _label_loss(reading: Reading, batch: FeedbackBatch, examples: list[Example], costs: Costs) -> Tensor:
    known = [example.sentiment for example in examples]
    labels = torch.tensor([_UNKNOWN if label is None else label for label in known], device=batch.device)
    missed = torch.tensor([sum(row) for row in costs], device=batch.device)
    missed = missed / missed.mean()
    losses = torch.nn.functional.cross_entropy(reading.document, labels, ignore_index=_UNKNOWN, reduction="none")
    weights = batch.weight * missed[labels.clamp(min=0)]
    return (weights * losses).sum() / (labels != _UNKNOWN).sum().clamp(min=1)


def _tag_loss(reading: Reading, batch: FeedbackBatch, examples: list[Example]) -> Tensor:
    allowed = torch.ones(*batch.is_token.shape, len(TAGS), dtype=torch.bool)
    for row, (example, feedback) in enumerate(zip(examples, batch.feedback, strict=True)):
        if feedback.tokens.firsts:
            allowed[row, : len(feedback.tokens.firsts)] = torch.tensor(_allowed(example, feedback.tokens))
    allowed = allowed.to(batch.device)
    losses = -reading.tags.log_softmax(-1).masked_fill(~allowed, -1e9).logsumexp(-1)  # (B, N)
    is_known = ~allowed.all(-1) & batch.is_token
    weighted = losses * batch.weight.unsqueeze(-1)
    return weighted[is_known].sum() / is_known.sum().clamp(min=1)


def _allowed(example: Example, tokens: Tokens) -> list[list[bool]]:
    """Return which tags each token may have; after an annotated mention none goes on with it, whatever else is open.

    The reward knows where a mention ends, so the yardstick is told as well.
    """
    rows = [list(row) for row in allowed_tags(example, tokens)]
    for span in example.spans:
        after = tokens.overlapping(span.start, span.end).stop
        if after < len(rows):
            rows[after] = [is_allowed and tag not in INSIDES for tag, is_allowed in enumerate(rows[after])]
    return rows


def _towards_loss(reading: Reading, batch: FeedbackBatch, examples: list[Example]) -> Tensor:
    members: list[tuple[int, int, int]] = []
    sentiments: list[int] = []
    for row, (example, feedback) in enumerate(zip(examples, batch.feedback, strict=True)):
        for span in example.spans:
            tokens = feedback.tokens.overlapping(span.start, span.end)
            if tokens and span.sentiment is not None:
                members += [(row, token, len(sentiments)) for token in tokens]
                sentiments.append(span.sentiment)
    rows, tokens_, mentions = torch.tensor(members, dtype=torch.int64, device=batch.device).reshape(-1, 3).T
    right = torch.tensor(sentiments, dtype=torch.int64, device=batch.device)
    p_tags = reading.tags[rows, tokens_].softmax(-1)  # (M, 7)
    of_tokens = p_tags[:, BEGINS] + p_tags[:, INSIDES]  # (M, 3)
    totals = torch.zeros(len(sentiments), 3, device=batch.device).index_add(0, mentions, of_tokens)
    log_p = (totals / totals.sum(-1, keepdim=True)).clamp(min=1e-6).log()
    weights = torch.zeros(len(sentiments), device=batch.device).index_copy(0, mentions, batch.weight[rows])
    losses = torch.nn.functional.nll_loss(log_p, right, reduction="none")
    return (weights * losses).sum() / max(1, len(sentiments))
