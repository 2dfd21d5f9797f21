"""What a batch of examples teaches: document labels, and the tags each token may have.

A token of which all is known may have one tag; of a named entity without sentiment, three; where nothing
is known, any. The losses sum over what is allowed, so nothing is learned that no file says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, nll_loss

from models.decoding import BEGINS, INSIDES, OUTSIDE
from models.labelled.example import Example
from models.labels import TAGS
from models.network import Logits
from models.tokens import Tokens

UNKNOWN = -100
"""A document label that teaches nothing; torch's own mark for it."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What is to be learned from one padded batch."""

    document: Tensor  # (B,) int64, UNKNOWN where not annotated
    allowed: Tensor  # (B, T, 7) bool; all True where nothing is known
    sentiments: Tensor  # (S,) int64, towards each mention whose sentiment is annotated
    members: Tensor  # (3, M) int64: row, column and mention of each first piece of those mentions


def targets_of(examples: Sequence[Example], batch: Sequence[Tokens], device: torch.device) -> Targets:
    """Return the targets of documents padded as `pad` does."""
    longest = max(len(tokens) for tokens in batch)
    allowed = torch.ones(len(batch), longest, len(TAGS), dtype=torch.bool)
    for row, (example, tokens) in enumerate(zip(examples, batch, strict=True)):
        if tokens.firsts:
            allowed[row, list(tokens.firsts)] = torch.tensor(allowed_tags(example, tokens))
    labels = [UNKNOWN if example.sentiment is None else example.sentiment for example in examples]
    sentiments: list[int] = []
    members: list[tuple[int, int, int]] = []
    for row, (example, tokens) in enumerate(zip(examples, batch, strict=True)):
        for span in example.spans:
            pieces = [tokens.firsts[position] for position in tokens.overlapping(span.start, span.end)]
            if pieces and span.sentiment is not None:
                members += [(row, column, len(sentiments)) for column in pieces]
                sentiments.append(span.sentiment)
    return Targets(
        document=torch.tensor(labels, device=device),
        allowed=allowed.to(device),
        sentiments=torch.tensor(sentiments, dtype=torch.int64, device=device),
        members=torch.tensor(members, dtype=torch.int64, device=device).reshape(-1, 3).T,
    )


def allowed_tags(example: Example, tokens: Tokens) -> list[list[bool]]:
    """Return for each token which tags its annotation allows, (T, 7).

    >>> from models.labelled.example import LabelledSpan
    >>> tokens = Tokens("FTX halts", ((0, 3), (4, 9)), (1, 2), (101, 1, 2, 102), (0, 3, 1, 0))
    >>> rows = allowed_tags(Example("FTX halts", spans=(LabelledSpan(0, 3, None),)), tokens)
    >>> [[tag for tag, is_allowed in zip(TAGS, row) if is_allowed] for row in rows][0]
    ['B-negative', 'B-neutral', 'B-positive']
    """
    default = [True] * len(TAGS) if not example.are_spans_complete else _only((OUTSIDE,))
    rows = [default] * len(tokens.offsets)
    for start, end in example.open_ranges:
        for position in tokens.overlapping(start, end):
            rows[position] = [True] * len(TAGS)
    for span in example.spans:
        choices = range(len(BEGINS)) if span.sentiment is None else (span.sentiment,)
        for count, position in enumerate(tokens.overlapping(span.start, span.end)):
            rows[position] = _only(tuple((INSIDES if count else BEGINS)[choice] for choice in choices))
    return rows


def document_loss(logits: Logits, targets: Targets) -> Tensor:
    """Return the mean cross entropy of the annotated documents; zero if there is none."""
    losses = cross_entropy(logits.document, targets.document, ignore_index=UNKNOWN, reduction="sum")
    return losses / (targets.document != UNKNOWN).sum().clamp(min=1)


def tag_loss(logits: Logits, targets: Targets) -> Tensor:
    """Return the mean of -log p(allowed tags) over the tokens of which something is known."""
    if logits.tags.shape != targets.allowed.shape:
        raise ValueError(f"allowed must be {tuple(logits.tags.shape)}, got {tuple(targets.allowed.shape)}")
    log_p = logits.tags.log_softmax(-1)
    losses = -log_p.masked_fill(~targets.allowed, float("-inf")).logsumexp(-1)
    is_known = ~targets.allowed.all(-1)
    return losses[is_known].sum() / is_known.sum().clamp(min=1)


def towards_loss(logits: Logits, targets: Targets) -> Tensor:
    """Return the mean of -log p(sentiment towards a mention), each mention read as `decoding.sentiment_of` does.

    The mean over tokens hardly feels it, since nine in ten tokens are outside; zero if there is no mention.
    """
    rows, columns, mentions = targets.members
    p_tags = logits.tags[rows, columns].softmax(-1)  # (M, 7)
    of_tokens = p_tags[:, BEGINS] + p_tags[:, INSIDES]  # (M, 3)
    totals = of_tokens.new_zeros(len(targets.sentiments), of_tokens.shape[1]).index_add(0, mentions, of_tokens)
    log_p = (totals / totals.sum(-1, keepdim=True)).clamp(min=1e-6).log()
    return nll_loss(log_p, targets.sentiments, reduction="sum") / max(1, len(targets.sentiments))


def _only(tags: tuple[int, ...]) -> list[bool]:
    return [tag in tags for tag in range(len(TAGS))]
