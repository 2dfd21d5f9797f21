"""How good a policy is on labelled examples, by its actions as served.

Knows neither files nor training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from models.batching import BatchLimits
from models.evaluation import metrics
from models.evaluation.judgement import Judgement, SpanDecider, judge, label_of
from models.labelled.example import Example


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
    return report_of(judge(policy, examples, limits))


def evaluate_by_source(policy: SpanDecider, examples: Sequence[Example]) -> dict[str, Report]:
    """Return a report for each source of the examples."""
    judgements = judge(policy, examples)
    return {
        source: report_of([judgement for judgement in judgements if judgement.example.source == source])
        for source in sorted({example.source for example in examples})
    }


def report_of(judgements: Sequence[Judgement]) -> Report:
    """Return the figures of what was judged.

    >>> report_of([]).to_dict()
    {'n_documents': 0, 'n_document_labels': 0, 'n_spans': 0, 'n_span_sentiments': 0}
    """
    documents = [judgement for judgement in judgements if judgement.example.sentiment is not None]
    labels = [judgement.example.sentiment or 0 for judgement in documents]
    predicted = [judgement.label for judgement in documents]
    judged = [judgement for judgement in judgements if judgement.can_judge_spans]
    joint = [judgement for judgement in judgements if judgement.can_judge_joint]
    given = [
        (span.sentiment, label_of(sentiment))
        for judgement in judgements
        for span, sentiment in zip(judgement.example.spans, judgement.towards, strict=True)
        if span.sentiment is not None
    ]
    probabilities = [judgement.action.sentiment for judgement in documents]
    return Report(
        n_documents=len(judgements),
        n_document_labels=len(documents),
        n_spans=sum(len(judgement.example.spans) for judgement in judged),
        n_span_sentiments=len(given),
        document_accuracy=metrics.accuracy(labels, predicted) if labels else None,
        document_macro_f1=metrics.macro_f1(labels, predicted) if labels else None,
        document_weighted_f1=metrics.weighted_f1(labels, predicted) if labels else None,
        document_ece=metrics.expected_calibration_error(probabilities, labels) if labels else None,
        span_f1=_f1(judged, with_sentiment=False) if judged else None,
        joint_f1=_f1(joint, with_sentiment=True) if joint else None,
        span_sentiment_accuracy=metrics.accuracy(*map(list, zip(*given, strict=True))) if given else None,
    )


def span_counts(judgement: Judgement, *, with_sentiment: bool) -> tuple[int, int, int]:
    """Return how many spans of a document are right, were found, and are annotated; offsets are exact."""
    labelled = {
        (span.start, span.end, span.sentiment if with_sentiment else None) for span in judgement.example.spans
    }
    found = {
        (span.start, span.end, label_of(span.sentiment) if with_sentiment else None)
        for span in judgement.action.spans
    }
    return len(labelled & found), len(found), len(labelled)


def _f1(judgements: Sequence[Judgement], *, with_sentiment: bool) -> float:
    counts = [span_counts(judgement, with_sentiment=with_sentiment) for judgement in judgements]
    n_right, n_found, n_labelled = map(sum, zip(*counts, strict=True))
    return metrics.f1(n_right, n_found, n_labelled)
