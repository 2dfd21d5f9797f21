"""A policy's answer to one labelled example, as served: what every figure of quality is made from.

Knows no figures, neither files nor training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.action import Action
from models.batching import BatchLimits, plan_batches
from models.decider import Decider
from models.labelled.example import Example
from models.labels import Sentiment
from models.tokens import Tokens

Range = tuple[int, int]

OnProgress = Callable[[int, int], None]
"""Told how many of how many are decided."""


class SpanDecider(Decider, Protocol):
    """A decider that can also be asked for the sentiment towards a given span."""

    def sentiments_towards(self, batch: Sequence[Tokens], ranges: Sequence[Sequence[Range]]) -> list[list[Sentiment]]:
        """Return the sentiment towards each given range of characters of each document."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a policy did with an example.

    >>> judgement = Judgement(Example("FTX halts", sentiment=0), Action((0.7, 0.2, 0.1), ()))
    >>> judgement.label, judgement.can_judge_spans
    (0, False)
    """

    example: Example
    action: Action
    towards: tuple[Sentiment, ...] = ()  # for each annotated span, were it given
    annotates_sentiments: bool = False  # the example's source tells the sentiment towards its spans

    @property
    def label(self) -> int:
        """The document label that was decided, an index in SENTIMENTS."""
        return label_of(self.action.sentiment)

    @property
    def can_judge_spans(self) -> bool:
        """Whether every span of the document is annotated, so that another one is wrong."""
        return self.example.are_spans_complete and not self.example.open_ranges

    @property
    def can_judge_joint(self) -> bool:
        """Whether every span is annotated together with the sentiment towards it."""
        has_all = all(span.sentiment is not None for span in self.example.spans)
        return self.can_judge_spans and self.annotates_sentiments and has_all


def judge(
    policy: SpanDecider,
    examples: Sequence[Example],
    limits: BatchLimits | None = None,
    on_progress: OnProgress = lambda _, __: None,
) -> list[Judgement]:
    """Return a judgement for each example, in order.

    >>> from models.keyword import KeywordPolicy
    >>> [judgement] = judge(KeywordPolicy(), [Example("FTX halts")])
    >>> [span.surface for span in judgement.action.spans]
    ['FTX']
    """
    limits = limits or BatchLimits()
    # a document without spans does not tell whether its file annotates sentiments; the others of its source do
    with_sentiments = {
        example.source for example in examples if any(span.sentiment is not None for span in example.spans)
    }
    tokens = policy.tokenize([example.text for example in examples])
    judged: dict[int, Judgement] = {}
    for plan in plan_batches([len(of_text) for of_text in tokens], limits.max_padded_tokens, limits.max_documents):
        batch = [tokens[index] for index in plan]
        towards = _towards(policy, [examples[index] for index in plan], batch)
        for index, action, of_spans in zip(plan, policy.decide(batch), towards, strict=True):
            example = examples[index]
            judged[index] = Judgement(example, action, of_spans, example.source in with_sentiments)
        on_progress(len(judged), len(examples))
    return [judged[index] for index in range(len(examples))]


def label_of(sentiment: Sentiment) -> int:
    """Return the most probable sentiment, an index in SENTIMENTS.

    >>> label_of((0.2, 0.3, 0.5))
    2
    """
    return int(np.argmax(sentiment))


def _towards(
    policy: SpanDecider, examples: Sequence[Example], batch: Sequence[Tokens]
) -> list[tuple[Sentiment, ...]]:
    ranges = [[(span.start, span.end) for span in example.spans] for example in examples]
    if not any(ranges):
        return [()] * len(examples)  # a forward saved
    return [tuple(of_document) for of_document in policy.sentiments_towards(batch, ranges)]
