"""How good a policy is on labelled examples, by its actions as served.

Knows neither files nor training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np

from models.action import Action
from models.batching import BatchLimits, plan_batches
from models.decider import Decider
from models.labels import Sentiment
from models.tokens import Tokens
from models.training import metrics
from models.training.example import Example

Range = tuple[int, int]


class SpanDecider(Decider, Protocol):
    """A decider that can also be asked for the sentiment towards a given span."""

    def sentiments_towards(self, batch: Sequence[Tokens], ranges: Sequence[Sequence[Range]]) -> list[list[Sentiment]]:
        """Return the sentiment towards each given range of characters of each document."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Figures over some examples; a figure without evidence is None.

    >>> from models.keyword import KeywordPolicy
    >>> report = evaluate(KeywordPolicy(), [Example("Acme soars", sentiment=2), Example("a fraud", sentiment=0)])
    >>> report.document_accuracy, report.span_f1
    (1.0, None)
    """

    n_documents: int
    n_document_labels: int  # documents whose sentiment is annotated
    n_spans: int  # in documents whose spans are all annotated
    n_span_sentiments: int
    document_accuracy: float | None
    document_macro_f1: float | None
    document_weighted_f1: float | None
    document_ece: float | None  # expected calibration error
    span_f1: float | None  # exact offsets
    joint_f1: float | None  # exact offsets and sentiment, where all sentiments are annotated
    span_sentiment_accuracy: float | None  # given the annotated span

    @property
    def score(self) -> float:
        """The one figure by which epochs are compared: the mean of document and joint F1."""
        parts = [self.document_macro_f1, self.joint_f1 if self.joint_f1 is not None else self.span_f1]
        known = [part for part in parts if part is not None]
        return sum(known) / len(known) if known else 0.0

    def to_dict(self) -> dict[str, float]:
        """Return the figures there are, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def evaluate(policy: SpanDecider, examples: Sequence[Example], limits: BatchLimits | None = None) -> Report:
    """Return the figures of a policy's actions on examples."""
    actions, towards = _decide(policy, examples, limits or BatchLimits())
    documents = [
        (example.sentiment, action.sentiment)
        for example, action in zip(examples, actions, strict=True)
        if example.sentiment is not None
    ]
    judged = [pair for pair in zip(examples, actions, strict=True) if _can_judge_spans(pair[0])]
    joint = [pair for pair in judged if _has_sentiments(pair[0])]
    given = [
        (span.sentiment, _argmax(sentiment))
        for example, sentiments in zip(examples, towards, strict=True)
        for span, sentiment in zip(example.spans, sentiments, strict=True)
        if span.sentiment is not None
    ]
    labels = [label for label, _ in documents]
    predicted = [_argmax(sentiment) for _, sentiment in documents]
    return Report(
        n_documents=len(examples),
        n_document_labels=len(documents),
        n_spans=sum(len(example.spans) for example, _ in judged),
        n_span_sentiments=len(given),
        document_accuracy=metrics.accuracy(labels, predicted) if labels else None,
        document_macro_f1=metrics.macro_f1(labels, predicted) if labels else None,
        document_weighted_f1=metrics.weighted_f1(labels, predicted) if labels else None,
        document_ece=(metrics.expected_calibration_error([p for _, p in documents], labels) if labels else None),
        span_f1=_f1(judged, with_sentiment=False) if judged else None,
        joint_f1=_f1(joint, with_sentiment=True) if joint else None,
        span_sentiment_accuracy=metrics.accuracy(*map(list, zip(*given, strict=True))) if given else None,
    )


def evaluate_by_source(policy: SpanDecider, examples: Sequence[Example]) -> dict[str, Report]:
    """Return a report for each source of the examples."""
    sources = sorted({example.source for example in examples})
    return {
        source: evaluate(policy, [example for example in examples if example.source == source]) for source in sources
    }


def _decide(
    policy: SpanDecider, examples: Sequence[Example], limits: BatchLimits
) -> tuple[list[Action], list[list[Sentiment]]]:
    tokens = policy.tokenize([example.text for example in examples])
    actions: dict[int, Action] = {}
    towards: dict[int, list[Sentiment]] = {}
    lengths = [len(of_text) for of_text in tokens]
    for plan in plan_batches(lengths, limits.max_padded_tokens, limits.max_documents):
        batch = [tokens[index] for index in plan]
        ranges = [[(span.start, span.end) for span in examples[index].spans] for index in plan]
        actions.update(zip(plan, policy.decide(batch), strict=True))
        towards.update(zip(plan, policy.sentiments_towards(batch, ranges), strict=True))
    return [actions[i] for i in range(len(examples))], [towards[i] for i in range(len(examples))]


def _can_judge_spans(example: Example) -> bool:
    return example.are_spans_complete and not example.open_ranges


def _has_sentiments(example: Example) -> bool:
    # a document without spans does not tell whether its file annotates sentiments
    return bool(example.spans) and all(span.sentiment is not None for span in example.spans)


def _f1(pairs: Sequence[tuple[Example, Action]], *, with_sentiment: bool) -> float:
    n_right = n_predicted = n_labelled = 0
    for example, action in pairs:
        labelled = {(span.start, span.end, span.sentiment if with_sentiment else None) for span in example.spans}
        predicted = {
            (span.start, span.end, _argmax(span.sentiment) if with_sentiment else None) for span in action.spans
        }
        n_right += len(labelled & predicted)
        n_predicted += len(predicted)
        n_labelled += len(labelled)
    return metrics.f1(n_right, n_predicted, n_labelled)


def _argmax(sentiment: Sentiment) -> int:
    return int(np.argmax(sentiment))
