"""Which action a proposal shows: the greedy one, or now and then another; with its exact probability.

Exploration changes what a reviewer sees, never what is served. Pure: a document and a policy version make the seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class ExplorationMethod(StrEnum):
    """How an action is drawn."""

    GREEDY = "greedy"  # the likeliest
    EPSILON = "epsilon"  # the likeliest, and with probability epsilon one of softmax(log p / temperature)
    BOLTZMANN = "boltzmann"  # always one of softmax(log p / temperature)


@dataclass(frozen=True, slots=True)
class ExplorationConfig:
    """How proposals are explored.

    >>> ExplorationConfig(epsilon=1.5)
    Traceback (most recent call last):
    ValueError: epsilon must be in [0, 1], got 1.5
    """

    method: ExplorationMethod = ExplorationMethod.EPSILON
    epsilon: float = 0.05  # share of draws that explore; of a reviewer's time spent on what is likely wrong
    temperature: float = 1.0  # below 1 nearer to greedy, above 1 nearer to uniform

    def __post_init__(self) -> None:
        if not 0 <= self.epsilon <= 1:
            raise ValueError(f"epsilon must be in [0, 1], got {self.epsilon}")
        if not self.temperature > 0:
            raise ValueError(f"temperature must be > 0, got {self.temperature}")

    @property
    def p_explored(self) -> float:
        """The probability that an action is drawn from the softmax, the likeliest one among them."""
        if self.method is ExplorationMethod.GREEDY:
            return 0.0
        return 1.0 if self.method is ExplorationMethod.BOLTZMANN else self.epsilon


class Choice(NamedTuple):
    """An action, and the probability with which it came to be chosen."""

    action: int  # index in the probabilities it was drawn from
    propensity: float  # in (0, 1]


def explore(p: ArrayLike, config: ExplorationConfig, seed: int) -> Choice:
    """Return one action drawn from the behaviour policy, with its propensity.

    >>> explore([0.7, 0.2, 0.1], ExplorationConfig(ExplorationMethod.GREEDY), seed=0)
    Choice(action=0, propensity=1.0)
    """
    behaviour = behaviour_of(p, config)
    drawn = np.random.default_rng(seed).random()
    # rounding may leave the last sum a little below 1, and an action of probability 0 must never be chosen
    possible = np.flatnonzero(behaviour)
    place = int(np.searchsorted(behaviour[possible].cumsum(), drawn, side="right"))
    chosen = int(possible[min(place, len(possible) - 1)])
    return Choice(chosen, min(1.0, float(behaviour[chosen])))


def behaviour_of(p: ArrayLike, config: ExplorationConfig) -> NDArray[np.float64]:
    """Return the probability of each action: (1 - epsilon) 1[greedy] + epsilon p^(1 / temperature) / Z.

    >>> behaviour_of([0.6, 0.4], ExplorationConfig(epsilon=0.1)).round(3).tolist()
    [0.96, 0.04]
    """
    policy: NDArray[np.float64] = np.asarray(p, dtype=np.float64)  # (A,)
    if policy.ndim != 1 or not len(policy) or (policy < 0).any() or not policy.sum() > 0:
        raise ValueError(f"p must be (A,) probabilities, got {policy}")
    greedy = np.zeros_like(policy)
    greedy[policy.argmax()] = 1.0
    if not config.p_explored:
        return greedy
    # the greatest is 1 before it is raised, so that a low temperature leaves it where it is
    softened = (policy / policy.max()) ** (1.0 / config.temperature)
    behaviour: NDArray[np.float64] = (1 - config.p_explored) * greedy + config.p_explored * softened / softened.sum()
    return behaviour


def seed_of(document_id: str, policy_version: str, unit: Sequence[int] = ()) -> int:
    """Return the seed by which a unit's proposal is drawn: the same again for the same document and policy.

    Args:
        document_id: of the document.
        policy_version: of the behaviour policy.
        unit: the characters of a mention; empty for the document's label.

    >>> seed_of("d-1", "p-1") == seed_of("d-1", "p-1"), seed_of("d-1", "p-1") == seed_of("d-1", "p-1", (0, 3))
    (True, False)
    """
    key = "\0".join((document_id, policy_version, *map(str, unit)))
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:8], "big")
