"""How sure figures are: intervals by resampling documents."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.evaluation.judgement import Judgement, label_of
from models.evaluation.report import span_counts
from models.labels import SENTIMENTS

Interval = tuple[float, float]

_N_LABELS = len(SENTIMENTS)
_CONFUSION = slice(0, _N_LABELS**2)
_SPANS, _JOINT, _GIVEN = (slice(_N_LABELS**2 + start, _N_LABELS**2 + end) for start, end in ((0, 3), (3, 6), (6, 8)))


def intervals(judgements: Sequence[Judgement], seed: int = 0, n_resamples: int = 1000) -> dict[str, Interval]:
    """Return the 95 % interval of each figure of a report, by name, where there is evidence.

    See "An Introduction to the Bootstrap" by Efron and Tibshirani, percentile intervals. Too narrow where
    documents depend on each other, such as copies of one story.

    >>> from models.action import Action
    >>> from models.labelled.example import Example
    >>> action = Action((0.8, 0.1, 0.1), ())
    >>> judged = [Judgement(Example("a", sentiment=label), action) for label in (0, 0, 0, 1)]
    >>> intervals(judged)["document_accuracy"]
    (0.25, 1.0)
    """
    if not judgements:
        return {}
    rows, n_alike = np.unique([_counts(judgement) for judgement in judgements], axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    # documents with the same counts are exchangeable: drawing kinds of documents is drawing documents, only faster
    drawn = rng.multinomial(len(judgements), n_alike / len(judgements), size=n_resamples)
    sums = (drawn @ rows).astype(np.float64)  # (K, 17)
    confusion = sums[:, _CONFUSION].reshape(-1, _N_LABELS, _N_LABELS)  # labels by decided
    labelled, decided = confusion.sum(axis=2), confusion.sum(axis=1)
    right = np.diagonal(confusion, axis1=1, axis2=2)
    class_f1 = np.nan_to_num(_ratio(2 * right, labelled + decided))
    figures = {
        "document_accuracy": _ratio(right.sum(axis=1), labelled.sum(axis=1)),
        "document_weighted_f1": _ratio((class_f1 * labelled).sum(axis=1), labelled.sum(axis=1)),
        "span_f1": _f1(sums[:, _SPANS]),
        "joint_f1": _f1(sums[:, _JOINT]),
        "span_sentiment_accuracy": _ratio(sums[:, _GIVEN][:, 0], sums[:, _GIVEN][:, 1]),
    }
    return {name: _interval(values) for name, values in figures.items() if not np.isnan(values).all()}


def _counts(judgement: Judgement) -> list[int]:
    confusion = [0] * _N_LABELS**2
    if judgement.example.sentiment is not None:
        confusion[judgement.example.sentiment * _N_LABELS + judgement.label] = 1
    nothing = (0, 0, 0)
    spans = span_counts(judgement, with_sentiment=False) if judgement.can_judge_spans else nothing
    joint = span_counts(judgement, with_sentiment=True) if judgement.can_judge_joint else nothing
    given = [
        span.sentiment == label_of(sentiment)
        for span, sentiment in zip(judgement.example.spans, judgement.towards, strict=True)
        if span.sentiment is not None
    ]
    return [*confusion, *spans, *joint, sum(given), len(given)]


def _f1(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return _ratio(2 * sums[:, 0], sums[:, 1] + sums[:, 2])


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)


def _interval(values: NDArray[np.float64]) -> Interval:
    low, high = np.nanpercentile(values, [2.5, 97.5]).tolist()
    return low, high
