"""What a study's updates are told, algorithm by algorithm, at equal compute.

Production's learner has defaults of its own. Knows no rounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from rl.algorithms.dqn import DqnConfig
from rl.algorithms.ppo import PpoConfig
from rl.algorithms.q_learning import QLearningConfig
from rl.algorithms.rloo import RlooConfig
from rl.algorithms.supervised import SupervisedConfig
from rl.algorithms.tuned_network import LearningConfig
from rl.learner.update import UpdateConfig

_LIKELIHOOD = 1.0
"""Of the supervised loss beside the reward. What a policy never does it never samples, so labels say where mentions
of a new kind stand, and the reward what they are worth."""

_OPTIONS: Mapping[str, LearningConfig] = MappingProxyType(
    {
        "supervised": SupervisedConfig(),
        "q_learning": QLearningConfig(likelihood_weight=_LIKELIHOOD, kl_weight=0.0, has_dropout=True),
        "dqn": DqnConfig(likelihood_weight=_LIKELIHOOD, kl_weight=0.0, has_dropout=True),
        "ppo": PpoConfig(likelihood_weight=_LIKELIHOOD),
        "rloo": RlooConfig(likelihood_weight=_LIKELIHOOD, kl_weight=0.0, has_dropout=True),
    }
)


def update_config(algorithm: str, seed: int, base: UpdateConfig | None = None) -> UpdateConfig:
    """Return how an algorithm makes updates, with as much compute as the base's own.

    What the base costs is so many padded tokens through a network; another algorithm gets as many passes over the
    rounds as cost the same.

    >>> base = UpdateConfig()
    >>> passes = {name: update_config(name, 1).n_passes for name in ("supervised", base.tuning.algorithm, "ppo")}
    >>> passes[base.tuning.algorithm] == base.n_passes, passes["supervised"] > passes["ppo"]
    (True, True)

    Raises:
        ValueError: if there is no such algorithm.
    """
    base = base or UpdateConfig()
    if algorithm not in _OPTIONS:
        raise ValueError(f"algorithm must be one of {', '.join(_OPTIONS)}, got {algorithm}")
    options = _OPTIONS[algorithm]
    tuning = replace(base.tuning, algorithm=algorithm, options=options, seed=seed)
    share = _OPTIONS[base.tuning.algorithm].n_passes / options.n_passes
    return replace(
        base, tuning=tuning, n_passes=base.n_passes * share, min_steps=max(1, round(base.min_steps * share))
    )
