"""Figures of quality. Pure; each function is one measure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def accuracy(labels: Sequence[int], predicted: Sequence[int]) -> float:
    """Return the share of equal labels.

    >>> accuracy([0, 1, 2, 2], [0, 1, 2, 0])
    0.75
    """
    _check(labels, predicted)
    return sum(a == b for a, b in zip(labels, predicted, strict=True)) / len(labels)


def macro_f1(labels: Sequence[int], predicted: Sequence[int]) -> float:
    """Return the plain mean of F1 over the classes that occur in either.

    >>> round(macro_f1([0, 0, 1], [0, 1, 1]), 4)
    0.6667
    """
    _check(labels, predicted)
    classes = sorted({*labels, *predicted})
    return sum(_class_f1(labels, predicted, label) for label in classes) / len(classes)


def weighted_f1(labels: Sequence[int], predicted: Sequence[int]) -> float:
    """Return the mean of F1 over classes, weighted by how often each is the label.

    >>> round(weighted_f1([0, 0, 0, 1], [0, 0, 1, 1]), 4)
    0.7667
    """
    _check(labels, predicted)
    scores = (_class_f1(labels, predicted, label) * labels.count(label) for label in set(labels))
    return sum(scores) / len(labels)


def expected_calibration_error(probabilities: ArrayLike, labels: Sequence[int], n_bins: int = 15) -> float:
    """Return the mean gap between confidence and accuracy over equal-width bins of confidence.

    See "Obtaining Well Calibrated Probabilities Using Bayesian Binning" by Naeini et al. Biased upwards
    where a bin holds few documents.

    >>> round(expected_calibration_error([[0.8, 0.2], [0.8, 0.2]], [0, 1]), 4)
    0.3
    """
    p: NDArray[np.float64] = np.asarray(probabilities, dtype=np.float64)  # (N, A)
    if p.ndim != 2 or len(p) != len(labels) or not len(labels):
        raise ValueError(f"probabilities must be (N, A) with N = {len(labels)} labels, got {p.shape}")
    confidence = p.max(axis=1)
    is_right = p.argmax(axis=1) == np.asarray(labels)
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = [abs((confidence - is_right)[bins == b].sum()) for b in range(n_bins)]
    return float(sum(gaps) / len(labels))


def f1(n_right: int, n_predicted: int, n_labelled: int) -> float:
    """Return the harmonic mean of precision and recall; 1 where nothing was there and nothing found.

    >>> f1(1, 2, 2)
    0.5
    """
    return 2 * n_right / (n_predicted + n_labelled) if n_predicted + n_labelled else 1.0


def _class_f1(labels: Sequence[int], predicted: Sequence[int], label: int) -> float:
    n_right = sum(a == b == label for a, b in zip(labels, predicted, strict=True))
    return f1(n_right, list(predicted).count(label), list(labels).count(label))


def _check(labels: Sequence[int], predicted: Sequence[int]) -> None:
    if len(labels) != len(predicted) or not labels:
        raise ValueError(
            f"labels and predicted must be equally long and not empty, got {len(labels)}, {len(predicted)}"
        )
