"""Reliability: how often an analyst is right, judged by the others, by gold items and a little by the policy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from rl.analysts.ratings import GOLD, Ratings, is_person

_CHANCE = 1.0 / 3.0
_N_ROUNDS = 30


@dataclass(frozen=True, slots=True)
class ReliabilityConfig:
    """What is believed of raters before they are known.

    >>> ReliabilityConfig(accuracy=1.0)
    Traceback (most recent call last):
    ValueError: accuracy must be in (1/3, 1), got 1.0
    """

    accuracy: float = 0.9
    # Of analysts: two of them agree on about 85 % of labels where data sets report it.
    n_accuracy: float = 20.0
    # Ratings that this belief is worth: two days' work moves it, one bad morning does not.
    policy_accuracy: float = 0.8
    # Of policies, with ten times the weight: many ratings by one analyst must not make the policy look perfect.
    gold_accuracy: float = 0.99
    # Not learned; those who made the gold items erred now and then.
    doubtful_weight: float = 0.25
    # Of an item that only one analyst and the policy rated: which of the two errs is then a guess.

    def __post_init__(self) -> None:
        for name in ("accuracy", "policy_accuracy", "gold_accuracy"):
            if not _CHANCE < getattr(self, name) < 1:
                raise ValueError(f"{name} must be in (1/3, 1), got {getattr(self, name)}")
        if not self.n_accuracy > 0:
            raise ValueError(f"n_accuracy must be > 0, got {self.n_accuracy}")
        if not 0 <= self.doubtful_weight <= 1:
            raise ValueError(f"doubtful_weight must be in [0, 1], got {self.doubtful_weight}")


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often an analyst is right.

    >>> Reliability(accuracy=0.9, n_compared=0.0).weight
    0.85
    """

    accuracy: float  # posterior mean, in (0, 1)
    n_compared: float  # ratings that it rests on, doubtful ones counting less

    @property
    def weight(self) -> float:
        """What is left of the accuracy beyond guessing among three labels, in [0, 1]."""
        return round(min(1.0, max(0.0, (self.accuracy - _CHANCE) / (1.0 - _CHANCE))), 6)

    def interval(self, config: ReliabilityConfig | None = None) -> tuple[float, float]:
        """Return where the accuracy lies with a probability of 95 %.

        >>> [round(end, 2) for end in Reliability(accuracy=0.9, n_compared=80.0).interval()]
        [0.83, 0.95]
        """
        n = (config or ReliabilityConfig()).n_accuracy + self.n_compared
        low, high = beta.interval(0.95, self.accuracy * n, (1.0 - self.accuracy) * n)
        return float(low), float(high)


def reliabilities_of(ratings: Ratings, config: ReliabilityConfig | None = None) -> dict[str, Reliability]:
    """Return the reliability of each analyst who could be compared.

    *See* "Maximum likelihood estimation of observer error-rates using the EM algorithm" by Dawid and Skene, here
    with one accuracy per rater instead of a table (few ratings each) and a beta prior on it; and "Utilizing
    supervised models to infer consensus labels and their quality from data with multiple annotators" by Goh et al.
    for the policy as one more rater. Biased where analysts err alike, as they do on hard documents. Directed errors
    on one topic hardly show here: `quarantine` looks for those.
    """
    config = config or ReliabilityConfig()
    if not ratings.n_items:
        return {}
    weight = np.where(ratings.is_doubtful, config.doubtful_weight, 1.0)[ratings.item]  # (N,)
    n_compared = np.bincount(ratings.rater, weight, minlength=len(ratings.raters))
    prior, n_prior = _priors(ratings, config)
    is_fixed = np.array([name == GOLD for name in ratings.raters])
    accuracy = prior
    for _ in range(_N_ROUNDS):
        p_right = _p_right(ratings, accuracy)
        n_right = np.bincount(ratings.rater, weight * p_right, minlength=len(ratings.raters))
        fitted = np.where(is_fixed, prior, (prior * n_prior + n_right) / (n_prior + n_compared))
        is_settled = bool(np.abs(fitted - accuracy).max() < 1e-5)
        accuracy = fitted
        if is_settled:
            break
    return {
        name: Reliability(float(accuracy[n]), float(n_compared[n]))
        for n, name in enumerate(ratings.raters)
        if is_person(name)
    }


def _priors(ratings: Ratings, config: ReliabilityConfig) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    def prior(name: str) -> tuple[float, float]:
        if name == GOLD:
            return config.gold_accuracy, 1.0
        return (config.accuracy, 1.0) if is_person(name) else (config.policy_accuracy, 10.0)

    of_raters = np.array([prior(name) for name in ratings.raters])  # (raters, 2)
    return of_raters[:, 0], of_raters[:, 1] * config.n_accuracy


def _p_right(ratings: Ratings, accuracy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how likely each rating is right (N,), by all ratings of its item."""
    n_labels = ratings.n_labels[ratings.item]
    log_right = np.log(accuracy)[ratings.rater]
    log_wrong = np.log1p(-accuracy)[ratings.rater] - np.log(n_labels - 1)
    # of a label, relative to all raters of its item being wrong: the sum over those who gave it
    cell = ratings.item * 4 + ratings.label
    scores = np.bincount(cell, log_right - log_wrong, minlength=4 * ratings.n_items).reshape(-1, 4)  # (items, 4)
    is_possible = np.arange(4)[None, :] < ratings.n_labels[:, None]
    shares = np.where(is_possible, np.exp(scores - scores.max(axis=1, keepdims=True)), 0.0)
    shares /= shares.sum(axis=1, keepdims=True)
    p_right: NDArray[np.float64] = shares[ratings.item, ratings.label]
    return p_right
