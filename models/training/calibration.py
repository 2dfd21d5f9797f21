"""Temperatures that make probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp

from models.batching import plan_batches
from models.labelled.example import Example
from models.labels import SENTIMENTS, TAGS
from models.policy import Policy
from models.training.targets import allowed_tags


def fit_temperature(logits: NDArray[np.float64], allowed: NDArray[np.bool_]) -> float:
    """Return the temperature in [0.25, 4] at which the allowed labels are most likely.

    See "On Calibration of Modern Neural Networks" by Guo et al.; here a label may be known only to be one of
    several. No evidence gives 1.

    Args:
        logits: (N, A), before any temperature.
        allowed: (N, A), which labels the annotation allows.

    >>> fit_temperature(np.empty((0, 3)), np.empty((0, 3), dtype=bool))
    1.0
    """
    if logits.ndim != 2 or logits.shape != allowed.shape:
        raise ValueError(f"logits and allowed must both be (N, A), got {logits.shape}, {allowed.shape}")
    if not len(logits):
        return 1.0

    def loss(log_temperature: float) -> float:
        log_p = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(logsumexp(np.where(allowed, log_p, -np.inf), axis=1).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.25), np.log(4.0)), method="bounded").x))


def fit_temperatures(policy: Policy, examples: Sequence[Example]) -> tuple[float, float]:
    """Return the temperatures of document and tags for a policy whose own are 1, on held-out examples."""
    tokens = policy.tokenize([example.text for example in examples])
    documents: list[tuple[NDArray[np.float64], NDArray[np.bool_]]] = []
    tags: list[tuple[NDArray[np.float32], NDArray[np.bool_]]] = []
    for plan in plan_batches([len(of_text) for of_text in tokens], max_padded_tokens=4096, max_documents=128):
        answers = policy.probabilities([tokens[index] for index in plan])
        for index, (p_document, p_tags) in zip(plan, answers, strict=True):
            example, of_text = examples[index], tokens[index]
            if example.sentiment is not None:
                documents.append((p_document, np.arange(len(SENTIMENTS)) == example.sentiment))
            allowed = np.array(allowed_tags(example, of_text), dtype=bool).reshape(-1, len(TAGS))
            is_known = ~allowed.all(axis=1)
            tags.append((p_tags[is_known], allowed[is_known]))
    return (
        fit_temperature(
            _log(np.array([p for p, _ in documents]).reshape(-1, len(SENTIMENTS))),
            np.array([allowed for _, allowed in documents], dtype=bool).reshape(-1, len(SENTIMENTS)),
        ),
        fit_temperature(_log(np.concatenate([p for p, _ in tags])), np.concatenate([allowed for _, allowed in tags])),
    )


def _log(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return what a softmax makes the probabilities from; a probability of zero becomes a tiny one."""
    return np.log(np.maximum(probabilities.astype(np.float64), 1e-12))
